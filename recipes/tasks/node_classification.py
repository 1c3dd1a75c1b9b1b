"""One class for each node of a graph, of which few are labelled."""

import dataclasses

import keras
import numpy as np
from keras import ops

from ..data.splits import IGNORED
from ..drawings import graphs
from ..errors import RecipeError
from ..precision import in_force
from .endpoint import of_classes
from .task import Task, built

# More are a tangle on a page.
MOST_DRAWN = 250


@keras.saving.register_keras_serializable("kerasrecipes")
class LabelledAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """The share of right answers among the targets that are not -1."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count a batch of targets `(batch, nodes)` and logits `(batch, nodes, classes)`."""
        counted = ops.cast(ops.not_equal(y_true, IGNORED), "float32")
        return super().update_state(ops.maximum(y_true, 0), y_pred, counted)


@dataclasses.dataclass(frozen=True)
class NodeClassification(Task):
    """Learn the classes of a graph's nodes from the few that are labelled, by cross-entropy.

    All of a graph is in every step; what is not labelled in a split is neither in its loss nor in
    its figures (Kipf and Welling 2017, eq. 10).

    Evaluates to `accuracy` in [0, 1] and `nll`, the mean negative log-likelihood in nats, over the
    labelled nodes of the split; to `baseline_accuracy`, that of always answering the most frequent
    training class; and to `propagation_accuracy`, that of spreading the training labels along the
    edges without any learning (Zhu, Ghahramani and Lafferty 2003, "Semi-supervised learning using
    Gaussian fields and harmonic functions", eq. 5).
    """

    monitor = "val_accuracy"
    mode = "max"
    figures = ("accuracy", "nll", "baseline_accuracy", "propagation_accuracy")
    baseline = "the most frequent class"
    shareable = False  # a graph is one example, and cannot be shared out

    def core(self, recipe, splits):
        if splits.class_names is None or set(splits.input_shape) != {"features", "edges"}:
            raise RecipeError(
                f"Data set {splits.name!r} must be a graph with classes of nodes. Received: inputs "
                f"{', '.join(spec.name for spec in splits.specs)}. Take 'karate_club' or "
                "'graph:PATH'."
            )
        num_classes = splits.num_classes
        return built(recipe, splits.input_shape, num_classes, num_outputs=num_classes)

    def assemble(self, recipe, splits):
        """Return the model, with the recipe's normalisation in front of the features of nodes."""
        core = self.core(recipe, splits)
        inputs = {
            name: keras.Input(spec.shape, dtype=spec.dtype, name=name)
            for name, spec in splits.inputs.items()
        }
        hidden = dict(inputs)
        if recipe.normalize is not None:
            with in_force("float32"):  # as in `Task.assemble`
                layer = recipe.normalize()
                if hasattr(layer, "adapt"):
                    layer.adapt(splits.train.examples([0])[0]["features"])
                hidden["features"] = layer(inputs["features"])
        # As a function and not as a layer, so that a summary shows the core's own layers.
        return keras.Model(inputs, core.call(hidden), name=recipe.name)

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED),
            metrics=[LabelledAccuracy(name="accuracy")],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        features, edges, targets, logits = [], [], [], []
        for inputs, labels in batches:
            features += list(inputs["features"].numpy())
            edges += list(inputs["edges"].numpy())
            targets += list(labels.numpy())
            answer = ops.cast(model(inputs, training=False), "float32")
            logits += list(ops.convert_to_numpy(answer).astype("float64"))
        known = np.asarray(splits.train.targets)
        counts = np.bincount(known[known != IGNORED], minlength=splits.num_classes)
        spread = [
            propagated(one, label, splits.num_classes).argmax(axis=1)
            for one, label in zip(edges, known, strict=True)
        ]
        labelled = [np.flatnonzero(target != IGNORED) for target in targets]
        truth = np.concatenate([t[nodes] for t, nodes in zip(targets, labelled, strict=True)])
        chosen = np.concatenate([a[nodes] for a, nodes in zip(logits, labelled, strict=True)])
        spread = np.concatenate([s[nodes] for s, nodes in zip(spread, labelled, strict=True)])
        likelihood = chosen - np.logaddexp.reduce(chosen, axis=1, keepdims=True)
        figures = {
            "accuracy": float(np.mean(chosen.argmax(axis=1) == truth)),
            "nll": float(-np.mean(likelihood[np.arange(len(truth)), truth])),
            "baseline_accuracy": float(np.mean(truth == counts.argmax())),
            "propagation_accuracy": float(np.mean(spread == truth)),
        }
        outcome = {
            "edges": edges[0],
            "targets": targets[0],
            "known": known[0],
            "labels": logits[0].argmax(axis=1),
            "hidden": _hidden(model, features[0], edges[0]),
        }
        return figures, outcome

    def pictures(self, splits, split, outcome):
        edges, truth = outcome["edges"], outcome["targets"].copy()
        is_known = outcome["known"] != IGNORED
        truth[is_known] = outcome["known"][is_known]
        drawn = graphs.around_the_hub(edges, len(truth), MOST_DRAWN)
        part = "" if len(drawn) == len(truth) else f" Shown: {len(drawn)} nodes round the largest."
        shown = [
            (
                "Truth and answer",
                "Each point is a node; one with a ring is labelled in training, a crossed one is "
                f"answered wrongly, a grey one is in another split.{part}",
                graphs.two_colourings(
                    edges, truth, outcome["labels"], is_known, splits.class_names, drawn
                ),
            )
        ]
        if outcome["hidden"] is not None:
            shown.append(
                (
                    "Hidden features",
                    "The features in front of the last layer, in the plane in which they vary "
                    "most. Each point is a node, coloured by its true class.",
                    graphs.embedding(
                        principal_plane(outcome["hidden"]), truth, is_known, splits.class_names
                    ),
                )
            )
        return shown

    def endpoints(self, model, splits):
        return {"serving_default": of_classes(model, splits)}


def propagated(edges, known, num_classes, *, num_rounds=1000):
    """Return what the labels of a few nodes become when they spread along the edges.

    Each node takes the mean of its neighbours, and the labelled ones stay; the limit is the
    harmonic function of Zhu et al. 2003. A node that no label reaches has zeros.

    Args:
        edges: int array `(edges, 2)`, each undirected edge once.
        known: int array `(nodes,)` of labels, -1 where there is none.
        num_classes: int.
        num_rounds: int, how often they spread. Defaults to 1000.

    Returns:
        Array `(nodes, num_classes)` of shares.
    """
    one, other = np.concatenate([edges, edges[:, ::-1]]).T
    degrees = np.maximum(np.bincount(other, minlength=len(known)), 1)[:, None]
    is_known = known != IGNORED
    start = np.zeros((len(known), num_classes))
    start[is_known, known[is_known]] = 1
    shares = start
    for _ in range(num_rounds):
        spread = np.zeros_like(shares)
        np.add.at(spread, other, shares[one])
        before, shares = shares, np.where(is_known[:, None], start, spread / degrees)
        if np.abs(shares - before).max() < 1e-9:
            break
    return shares


def principal_plane(points):
    """Return points `(count, features)` in the plane of their two largest principal components.

    The sign of a component is that of its largest weight, so that equal points give equal pictures.
    """
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    plane = centred @ (directions * signs[:, None]).T
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _hidden(model, features, edges):
    """Return the features of the nodes behind the layer "hidden", or None where there is none."""
    if "hidden" not in [layer.name for layer in model.layers]:
        return None
    # A copy, in whose graph each layer stands once.
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    given = {tensor.name: tensor for tensor in copy.inputs}
    inner = keras.Model(given, copy.get_layer("hidden").output)
    answer = inner({"features": features[None], "edges": edges[None]}, training=False)
    return ops.convert_to_numpy(ops.cast(answer, "float32"))[0]
