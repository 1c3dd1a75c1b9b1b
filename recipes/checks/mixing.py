"""Whether the examples of a batch stay apart."""

import keras
import numpy as np

from .finding import Finding, NotApplicable
from .listening import heard

NUM_EXAMPLES = 8
# Below this many, the statistics of a batch are mostly noise (Wu and He 2018, figure 1).
SMALL_BATCH = 8
# What float sums may differ by where they are taken in another order, beside the largest answer.
_TOLERANCE = 1e-5

_EVALUATION, _APART = "examples apart in evaluation", "no answer depends on its neighbours"


def mixing(rehearsal):
    """Put another example in the place of the first, and see whose answers change.

    The derivative of the answer to example i with respect to example j, taken as a difference, so
    that it can be asked of pixels and tokens too, which have no derivative: it must be 0 for
    i != j. As in evaluation nobody may mix; as in training a batch normalisation does.

    Returns:
        A finding for evaluation and one for training.
    """
    model, batch_size = rehearsal.model, rehearsal.subject.batch_size
    normalisations = [
        layer.name
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if batch_size == 1 and normalisations:
        yield Finding(
            "examples apart in training",
            "fail",
            f"{normalisations[0]!r} takes its statistics over a batch of one example",
            "Take a larger batch, or LayerNormalization or GroupNormalization in its place.",
        )
        return
    if batch_size == 1:
        raise NotApplicable("a batch is one example")
    yield _evaluation(rehearsal)
    yield _training(rehearsal, batch_size)


def _evaluation(rehearsal):
    layer, share = _mixer(rehearsal, training=False)
    if layer is None:
        return Finding(_EVALUATION, "pass", _APART)
    return Finding(
        _EVALUATION,
        "fail",
        f"{layer!r} mixes the examples of a batch: a neighbour changes answers by {share:.2g}",
        "Look at its axes: the first is the batch, and no sum, mean, softmax or reshape may touch "
        "it.",
    )


def _training(rehearsal, batch_size):
    check = "examples apart in training"
    layer, share = _mixer(rehearsal, training=True)
    if layer is None:
        return Finding(check, "pass", _APART)
    layers = {one.name: one for one in rehearsal.model._flatten_layers(include_self=False)}
    if not isinstance(layers.get(layer), keras.layers.BatchNormalization):
        found = f"{layer!r} mixes the examples of a batch in training: by {share:.2g}"
        advice = "Look at its axes, if that is not meant."
        return Finding(check, "warn", found, advice)
    found = f"{layer!r} mixes, by its statistics over {batch_size} examples, as it should"
    if batch_size < SMALL_BATCH:
        advice = "So few give noisy statistics: take a larger batch, or GroupNormalization."
        return Finding(check, "warn", found, advice)
    return Finding(check, "pass", found)


def _mixer(rehearsal, *, training):
    """Return the name of the first layer that mixes and by how much answers change, or Nones."""
    x = rehearsal.first_rows(NUM_EXAMPLES)[0]
    num_examples = len(keras.tree.flatten(x)[0])
    other = _another(x)
    first, answers = heard(rehearsal, x, training=training)
    second, changed = heard(
        rehearsal,
        keras.tree.map_structure(lambda array: _with_first(array, array[other]), x),
        training=training,
    )
    differences = [
        _difference(a, b, num_examples)
        for a, b in zip(keras.tree.flatten(answers), keras.tree.flatten(changed), strict=True)
    ]
    share = max(differences, default=0.0)
    if share <= _TOLERANCE:
        return None, None
    for one, two in zip(first, second, strict=False):
        for a, b in zip(one.outputs, two.outputs, strict=False):
            if _difference(a, b, num_examples) > _TOLERANCE:
                return one.layer.name, share
    return rehearsal.model.name, share


def _another(x):
    """Return the number of an example that is not the first one again."""
    for number in range(1, len(keras.tree.flatten(x)[0])):
        if any(not np.array_equal(array[0], array[number]) for array in keras.tree.flatten(x)):
            return number
    raise NotApplicable("all examples of a batch are the same")


def _with_first(array, example):
    changed = array.copy()
    changed[0] = example
    return changed


def _difference(one, two, num_examples):
    """Return how far all rows but the first differ, beside the largest value; 0 if not rows."""
    one, two = (np.asarray(array, "float64") for array in (one, two))
    if one.shape != two.shape or not one.ndim or one.shape[0] != num_examples:
        return 0.0
    scale = max(float(np.abs(one).max(initial=0)), 1e-12)
    return float(np.abs(one[1:] - two[1:]).max(initial=0)) / scale
