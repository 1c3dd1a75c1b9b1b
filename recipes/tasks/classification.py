"""One class for each example."""

import dataclasses

import numpy as np

from .. import pictures
from ..errors import RecipeError
from ..losses import ClassCrossEntropy
from ..metrics import ClassAccuracy
from .endpoint import of_classes
from .task import Task, built


@dataclasses.dataclass(frozen=True)
class Classification(Task):
    """Learn the one class of each example from logits, by cross-entropy.

    Evaluates to `accuracy` in [0, 1], `nll`, the mean negative log-likelihood in nats, and
    `baseline_accuracy`, that of always answering the most frequent training class.
    """

    monitor = "val_accuracy"
    mode = "max"
    figures = ("accuracy", "nll", "baseline_accuracy")
    baseline = "the most frequent class"
    has_classes = True

    def core(self, recipe, splits):
        if splits.class_names is None:
            raise RecipeError(
                f"The targets of {splits.name!r} must be classes for classification. Received: "
                f"real values. Take a regression recipe, such as 'linear_diabetes'."
            )
        shape = tuple(splits.validation.first(1).ordered(1).element_spec[1].shape[1:])
        if shape:
            raise RecipeError(
                f"The targets of {splits.name!r} must be one class for each example for "
                f"classification. Received: {shape} classes for each. Take a segmentation recipe, "
                f"such as 'unet_shapes'."
            )
        num_outputs = splits.num_classes
        return built(recipe, splits.input_shape, num_outputs, num_outputs=num_outputs)

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=ClassCrossEntropy(),
            metrics=[ClassAccuracy(name="accuracy")],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        logits = model.predict(batches.map(lambda inputs, _: inputs), verbose=0).astype("float64")
        targets = np.concatenate(list(batches.map(lambda _, targets: targets).as_numpy_iterator()))
        log_probabilities = logits - _log_sum_exp(logits)
        likelihood = log_probabilities[np.arange(len(targets)), targets]
        labels = logits.argmax(axis=1)
        outcome = {
            "targets": targets,
            "labels": labels,
            "confidence": np.exp(log_probabilities.max(axis=1)),
        }
        most_frequent = np.bincount(splits.train.targets).argmax()
        figures = {
            "accuracy": float(np.mean(labels == targets)),
            "nll": float(-np.mean(likelihood)),
            "baseline_accuracy": float(np.mean(targets == most_frequent)),
        }
        return figures, outcome

    def pictures(self, splits, split, outcome):
        targets, labels = outcome["targets"], outcome["labels"]
        counts = np.zeros((splits.num_classes, splits.num_classes), int)
        np.add.at(counts, (targets, labels), 1)
        shown = [
            (
                "Confusion matrix",
                "Each row is a true class, each column an answer.",
                pictures.confusion_matrix(counts, splits.class_names),
            )
        ]
        wrong = np.flatnonzero(labels != targets)
        worst = wrong[np.argsort(-outcome["confidence"][wrong])][:24]
        if len(splits.input_shape) == 3 and len(worst):
            names = splits.class_names
            titles = [
                f"{names[targets[i]]}, not {names[labels[i]]} {outcome['confidence'][i]:.0%}"
                for i in worst
            ]
            shown.append(
                (
                    "Worst mistakes",
                    "The examples it was most sure of and wrong: truth, answer, confidence.",
                    pictures.image_grid(split.examples(worst)[0], titles),
                )
            )
        return shown

    def endpoints(self, model, splits):
        return {"serving_default": of_classes(model, splits)}


def _log_sum_exp(logits):
    top = logits.max(axis=1, keepdims=True)
    return top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
