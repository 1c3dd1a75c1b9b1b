"""How far the first steps move each layer, and which they do not move at all."""

import numpy as np

from ..steps import NonFiniteLoss
from .cost import step_time
from .finding import Finding, NotApplicable
from .moving import unmoved
from .theory import loss_of

# Steps before the one that is measured: a first gradient is not yet a typical one.
NUM_STEPS = 10
_LOW, _HIGH, _BROKEN = 1e-5, 1e-1, 1.0
# Times its beginning: what a loss does not grow to by the chance of a batch, and what the loss of
# one and the same batches falls below where the steps lead somewhere.
_GROWN, _FALLEN = 3.0, 0.95
# Where steps are long, how many show whether they lead somewhere: with a momentum of 0.9 ten only
# gather speed. And how many batches tell it, so that dropout evens out.
_NUM_LONG_STEPS, _NUM_ASIDE = 40, 4
# Seconds that this may take; of a slower model the length of its steps alone is judged.
_SECONDS = 20.0


def updates(rehearsal):
    """Measure the ratio of update to weight of each layer, after a few steps.

    About 1e-3 is healthy (Karpathy, CS231n notes, "Learning and evaluation", "ratio of
    weights:updates"). That is of weights which have the size that they need: those of a new last
    layer, or of a linear model of large targets, have yet to grow to it, and long steps take them
    there. So steps that are long are too long only where the loss does not fall by them. Layers
    that do not move at all are named in findings of their own.
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
            (empty if not np.any(begin) else still).append(kernel)
        elif np.any(begin):  # what begins with zeros has no size of its own yet
            norms = (np.linalg.norm(array.astype("float64")) for array in (new - old, old))
            ratios[name] = next(norms) / next(norms)
    if grown:
        pass  # steps that long say nothing of their layers
    elif ratios:
        yield _judged(rehearsal, ratios, factor)
    elif not still and not empty:
        yield Finding("update to weight", "pass", "all weights begin with zeros, and move")
    yield from unmoved(rehearsal, still, empty, NUM_STEPS + 1)


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


def _judged(rehearsal, ratios, factor):
    low, high = min(ratios, key=ratios.get), max(ratios, key=ratios.get)
    found = f"{ratios[low]:.1e} in {low!r}"
    if high != low:
        found += f" to {ratios[high]:.1e} in {high!r}"
    if factor > 2:
        found += f"; the rate has yet to rise to {factor:.0f} times as much"
    too_long, begin, end = ratios[high] > _HIGH, None, None
    if too_long and ratios[high] <= _BROKEN:
        begin, end = _aside(rehearsal)
    if begin is not None:
        found += (
            f"; {_NUM_LONG_STEPS} such steps take the loss of other batches from {begin:.3g} "
            f"to {end:.3g}"
        )
        too_long = end >= _FALLEN * begin
    if too_long:
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


def _aside(rehearsal):
    """Return the mean loss of batches that no step is taken on, at first and behind the steps.

    Returns:
        Two floats, or Nones where the model has no one loss that should fall, or is slow.
    """
    if (_NUM_LONG_STEPS + 2 * _NUM_ASIDE) * step_time(rehearsal).seconds > _SECONDS:
        return None, None
    try:
        loss_of(rehearsal.model)
    except NotApplicable:
        return None, None
    steps, aside = rehearsal.steps, rehearsal.batches(_NUM_ASIDE)
    steps.restart()
    begin = _losses(rehearsal, aside)
    steps.restart()  # with the optimizer, which those steps have moved
    try:
        steps.take(iter(rehearsal.subject.batches.skip(_NUM_ASIDE)), _NUM_LONG_STEPS)
        end = _losses(rehearsal, aside)
    except NonFiniteLoss:
        end = np.inf
    return begin, end


def _losses(rehearsal, batches):
    """Return the mean loss of batches under the weights that the model has now, and leave those."""
    kept = [(variable, variable.value.numpy()) for variable in rehearsal.model.variables]
    losses = []
    for batch in batches:
        # A step tells the loss from before it.
        losses.append(rehearsal.steps.take(rehearsal.repeating([batch]))["loss"])
        for variable, value in kept:
            variable.assign(value)
    return float(np.mean(losses))
