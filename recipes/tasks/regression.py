"""A real value for each example."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from .. import pictures
from ..errors import RecipeError, near_names
from .endpoint import on_raw_input
from .task import Task, built

LOSSES = {
    "mse": keras.losses.MeanSquaredError,
    "mae": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
}


@dataclasses.dataclass(frozen=True)
class Regression(Task):
    """Learn a real value.

    Evaluates to `mse` and `mae` in (squared) units of the target, `r2`, the share of the test
    split's variance that is explained (1 is perfect, 0 the mean's; of targets that do not vary, 1
    where each is met and 0 otherwise), and the same three of always answering the training mean:
    `baseline_mse`, `baseline_mae`, `baseline_r2`.

    Attributes:
        loss: "mse" (L2), "mae" (L1) or "huber". Defaults to "mse".
        delta: float > 0, in units of the target: where Huber's loss turns from a square to a
            line (Huber 1964, eq. 1.1 and following). Only for "huber". Defaults to 1.
    """

    loss: str = "mse"
    delta: float = 1.0
    monitor = "val_mse"
    mode = "min"
    figures = ("mse", "mae", "r2", "baseline_mse", "baseline_mae", "baseline_r2")
    baseline = "the mean of the targets"

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise RecipeError(
                f"`loss` of a regression must be one of {', '.join(map(repr, LOSSES))}. "
                f"Received: loss={self.loss!r}." + near_names(self.loss, LOSSES)
            )
        if not self.delta > 0:
            raise RecipeError(
                f"`delta` of a regression must be above 0. Received: delta={self.delta!r}."
            )

    def core(self, recipe, splits):
        if splits.class_names is not None:
            raise RecipeError(
                f"The targets of {splits.name!r} must be real values for regression. Received: "
                f"{splits.num_classes} classes. Take a classification recipe, such as "
                f"'softmax_wine'."
            )
        return built(recipe, splits.input_shape, 1, num_outputs=1)

    def compile(self, model, make_optimizer, **settings):
        arguments = {"delta": self.delta} if self.loss == "huber" else {}
        model.compile(
            make_optimizer(),
            loss=LOSSES[self.loss](**arguments),
            metrics=[
                keras.metrics.MeanSquaredError(name="mse"),
                keras.metrics.MeanAbsoluteError(name="mae"),
            ],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        predicted = model.predict(batches.map(lambda inputs, _: inputs), verbose=0)
        predicted = predicted.astype("float64").reshape(-1)
        truth = np.concatenate(list(batches.map(lambda _, targets: targets).as_numpy_iterator()))
        truth = truth.astype("float64")
        mean = splits.train.targets.mean(dtype="float64")
        figures = {
            **_errors(predicted, truth),
            **{f"baseline_{name}": value for name, value in _errors(mean, truth).items()},
        }
        return figures, {"truth": truth, "predicted": predicted}

    def pictures(self, splits, split, outcome):
        return [
            (
                "Truth against answer",
                "Each point is an example; on the line, the answer is right.",
                pictures.scatter(outcome["truth"], outcome["predicted"]),
            )
        ]

    def endpoints(self, model, splits):
        def serving_default(inputs):
            value = tf.cast(model(inputs, training=False), tf.float32)
            return {"value": tf.squeeze(value, axis=-1)}

        return {"serving_default": on_raw_input(serving_default, splits)}


def _errors(predicted, truth):
    mse, variance = float(np.mean((predicted - truth) ** 2)), float(np.var(truth))
    return {
        "mse": mse,
        "mae": float(np.mean(np.abs(predicted - truth))),
        # A split of one example has no variance to explain.
        "r2": 1 - mse / variance if variance else float(mse == 0),
    }
