"""Which layers the first steps do not move, and whether that is meant."""

import keras
import numpy as np

from ...callbacks.unfreeze import gates
from .finding import Finding, listed

_CHECK = "every layer moves"


def unmoved(rehearsal, still, empty, num_steps):
    """Tell of weights that got no gradient, and of layers that are frozen.

    Two things are meant: a gate that is shut and opens later, and pre-trained layers that are
    frozen. What stands before a shut gate is asked again with the gate open; what is frozen is
    pre-trained if its weights are not what its initializers give.

    Args:
        rehearsal: `Rehearsal` whose steps were just taken.
        still: list of weights that no step moved, but for those in `empty`.
        empty: list of those that begin with zeros and that no step moved.
        num_steps: int, how many steps there were.

    Returns:
        Findings, at least one.
    """
    gated = _behind_gates(rehearsal, still)
    still = [weight for weight in still if not any(weight is one for one in gated)]
    if empty:
        yield Finding(
            _CHECK,
            "fail",
            f"begin with zeros and get no gradient: {_names(empty)}",
            "Begin with random weights, or all units of a layer stay alike.",
        )
    if still:
        yield Finding(
            _CHECK,
            "warn",
            f"no gradient in {num_steps} steps: {_names(still)}",
            "Look for dead units, a `stop_gradient` or a gate before them; right if they are meant "
            "to be frozen.",
        )
    rehearsal.put_weights_back()
    frozen = _frozen(rehearsal.model)
    new = [layer for layer in frozen if _as_initialised(layer)]
    if new:
        yield Finding(
            _CHECK,
            "warn",
            f"frozen, `trainable=False`, with weights as new: {_listed(new)}",
            "Give them weights that were trained; or set `trainable = True` and compile again.",
        )
    if not (empty or still or new):
        found = "all layers with weights did"
        if gated:
            found += f", or do once a gate is open: {_names(gated)}"
        if frozen:
            found += f"; frozen are trained ones: {_listed(frozen)}"
        yield Finding(_CHECK, "pass", found)


def _names(weights):
    return listed(repr(weight.path.rpartition("/")[0] or weight.path) for weight in weights)


def _listed(layers):
    return listed(repr(layer.name) for layer in layers)


def _behind_gates(rehearsal, still):
    """Return those of some weights that move once the gates that are shut are open."""
    shut = [gate for gate in gates(rehearsal.model) if not gate.opening.numpy()]
    if not still or not shut:
        return []
    rehearsal.steps.restart()
    for gate in shut:
        gate.opening.assign(1.0)
    before = [weight.value.numpy() for weight in still]
    rehearsal.steps.take(iter(rehearsal.subject.batches))
    return [
        weight
        for weight, value in zip(still, before, strict=True)
        if not np.array_equal(value, weight.value.numpy())
    ]


def _frozen(model):
    # A training step of its own may keep networks of its own still: a target, an average.
    if type(model).train_step is not keras.Model.train_step:
        return []
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if not layer.trainable and layer._trainable_variables
    ]


def _as_initialised(layer):
    """Return whether all weights of a layer are those that its initializers gave.

    An initializer of Keras gives the same values whenever it is called; weights that were trained,
    loaded or copied from another layer are others.
    """
    for name, initializer in vars(layer).items():
        weight = getattr(layer, name.removesuffix("_initializer"), None)
        if name.endswith("_initializer") and isinstance(weight, keras.Variable):
            given = np.asarray(initializer(weight.shape, weight.dtype))
            if not np.allclose(given, weight.value.numpy()):
                return False
    # A layer that keeps no initializers does not tell; then a person has to say.
    return True
