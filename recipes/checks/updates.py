"""How far the first steps move each layer, and which they do not move at all."""

import keras
import numpy as np

from ..steps import NonFiniteLoss
from .finding import Finding, NotApplicable, listed
from .theory import loss_of

# Steps before the one that is measured: a first gradient is not yet a typical one.
NUM_STEPS = 10
_LOW, _HIGH, _BROKEN = 1e-5, 1e-1, 1.0
# Times its beginning: what a loss does not grow to by the chance of a batch.
_GROWN = 3.0


def updates(rehearsal):
    """Measure the ratio of update to weight of each layer, after a few steps.

    About 1e-3 is healthy (Karpathy, CS231n notes, "Learning and evaluation", "ratio of
    weights:updates"). Layers that do not move at all are named in findings of their own.
    """
    model, steps = rehearsal.model, rehearsal.steps
    kernels = [weight for weight in model.trainable_variables if len(weight.shape) > 1]
    if not kernels:
        raise NotApplicable("no weight that is trained has several axes")
    steps.restart()
    iterator = iter(rehearsal.subject.batches)
    first = [kernel.value.numpy() for kernel in kernels]
    try:
        first_logs = steps.take(iterator)
        steps.take(iterator, NUM_STEPS - 1)
        before = [kernel.value.numpy() for kernel in kernels]
        last_logs = steps.take(iterator)
    except NonFiniteLoss as error:
        yield Finding(
            "update to weight",
            "fail",
            f"the loss became NaN or infinite at step {error.step + 1}",
            f"Lower the learning rate, at most {rehearsal.peak_learning_rate:g} now, or scale the "
            "input.",
        )
        return
    grown = list(_grown(rehearsal, first_logs, last_logs))
    yield from grown
    after = [kernel.value.numpy() for kernel in kernels]
    rate = rehearsal.learning_rate_at(NUM_STEPS)
    # A schedule that warms up has hardly begun; what is slow now may be fast at its peak.
    factor = rehearsal.peak_learning_rate / rate if rate > 0 else 1.0
    ratios, still, empty = {}, [], []
    for kernel, begin, old, new in zip(kernels, first, before, after, strict=True):
        name = kernel.path.rpartition("/")[0] or kernel.path
        if np.array_equal(begin, new):
            (empty if not np.any(begin) else still).append(name)
        elif np.any(begin):  # what begins with zeros has no size of its own yet
            norms = (np.linalg.norm(array.astype("float64")) for array in (new - old, old))
            ratios[name] = next(norms) / next(norms)
    if grown:
        pass  # steps that long say nothing of their layers
    elif ratios:
        yield _judged(ratios, factor)
    elif not still and not empty:
        yield Finding("update to weight", "pass", "all weights begin with zeros, and move")
    yield from _unmoved(rehearsal, still, empty)


def _grown(rehearsal, first, last):
    """Tell of a loss that grows from the first steps on, where there is one that should fall."""
    try:
        loss_of(rehearsal.model)
    except NotApplicable:
        return
    begin, end = first["loss"], last["loss"]
    if begin > 0 and end > _GROWN * begin:
        yield Finding(
            "update to weight",
            "fail",
            f"the loss grows, from {begin:.3g} to {end:.3g} in {NUM_STEPS + 1} steps",
            "The learning rate is too high: lower it (`lr-find` finds one).",
        )


def _judged(ratios, factor):
    low, high = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    found = f"{ratios[low]:.1e} in {low!r}"
    if high != low:
        found += f" to {ratios[high]:.1e} in {high!r}"
    if factor > 2:
        found += f"; the rate has yet to rise to {factor:.0f} times as much"
    if ratios[high] > _HIGH:
        verdict = "fail" if ratios[high] > _BROKEN else "warn"
        advice = "Healthy is about 1e-3: lower the learning rate (`lr-find` finds one)."
        return Finding("update to weight", verdict, found, advice)
    if factor * ratios[low] < _LOW:
        advice = (
            "Healthy is about 1e-3: raise the learning rate, or help the gradient on its way "
            "(normalisation, residual connections)."
        )
        return Finding("update to weight", "warn", found, advice)
    return Finding("update to weight", "pass", found)


def _unmoved(rehearsal, still, empty):
    if empty:
        yield Finding(
            "every layer moves",
            "fail",
            f"begin with zeros and get no gradient: {listed(map(repr, empty))}",
            "Begin with random weights, or all units of a layer stay alike.",
        )
    if still:
        yield Finding(
            "every layer moves",
            "warn",
            f"no gradient in {NUM_STEPS + 1} steps: {listed(map(repr, still))}",
            "Look for dead units, a `stop_gradient` or a gate before them; right if they are meant "
            "to be frozen.",
        )
    frozen = _frozen(rehearsal.model)
    if frozen:
        yield Finding(
            "every layer moves",
            "warn",
            f"frozen, `trainable=False`: {listed(map(repr, frozen))}",
            "Right where they are pre-trained; else set `trainable = True` and compile again.",
        )
    if not (empty or still or frozen):
        yield Finding("every layer moves", "pass", "all layers with weights did")


def _frozen(model):
    # A training step of its own may keep networks of its own still: a target, an average.
    if type(model).train_step is not keras.Model.train_step:
        return []
    return [
        layer.name
        for layer in model._flatten_layers(include_self=False)
        if not layer.trainable and layer._trainable_variables
    ]
