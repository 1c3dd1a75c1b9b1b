"""Whether the model can learn one example by heart, and then four."""

import keras
import numpy as np

from ..rehearsals.rehearsal import rows
from ..rehearsals.rehearsed_steps import Steps
from ..steps import NonFiniteLoss
from .clock import Clock
from .finding import Finding, NotApplicable
from .theory import loss_of, theory, value

MOST_STEPS = 400
SECONDS = 8.0
# Steps between two looks at the loss.
BLOCK = 20
# What may be left of the way down to the least loss there is.
_LEFT, _HALF = 0.05, 0.5


def overfitting(rehearsal):
    """Train on one example and then on four until the loss is as low as it can be.

    Dropout, noise and augmentation are off, and the rate is the highest of the schedule. A model
    that cannot learn one example by heart has a fault that no amount of data mends.
    """
    loss = loss_of(rehearsal.model)
    if not rehearsal.takes_any_batch:
        raise NotApplicable(f"the model takes batches of {rehearsal.subject.batch_size} alone")
    batch = rehearsal.batches(1, plain=True)[0]
    with rehearsal.without_noise():
        steps = Steps(rehearsal, learning_rate=rehearsal.peak_learning_rate)
        for count, words in ((1, "one example"), (4, "four examples")):
            if count > rehearsal.subject.batch_size:
                return
            yield _learned(rehearsal, steps, loss, rows(batch, count), words)


def _learned(rehearsal, steps, loss, batch, words):
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    check = f"learns {words} by heart"
    steps.restart()
    answers = rehearsal.answers(x, training=True)
    least = theory(loss, y, answers).least
    if least is None:
        raise NotApplicable("the least value of the loss is not known")
    begin = current = value(loss, y, answers)
    iterator = rehearsal.repeating([batch], free=True)
    clock, taken = Clock(SECONDS), 0
    while taken < MOST_STEPS and current - least > _LEFT * (begin - least) and not clock.up():
        try:
            steps.take(iterator, BLOCK)
        except NonFiniteLoss:
            found = f"the loss became NaN or infinite within {taken + BLOCK} steps"
            return Finding(check, "fail", found, "Lower the learning rate.")
        taken += BLOCK
        current = value(loss, y, rehearsal.answers(x, training=True))
    found = f"{begin:.3g} to {current:.3g} in {taken} steps; the least is {least:.3g}"
    if current - least <= max(_LEFT * (begin - least), 1e-6):
        return Finding(check, "pass", found)
    if not np.isfinite(current):
        return Finding(check, "fail", found, "Lower the learning rate.")
    if current - least <= _HALF * (begin - least):
        advice = "It is on its way: the learning rate may be low, or the model very small."
        return Finding(check, "warn", found, advice)
    advice = (
        "The model cannot learn at all, or not at this rate: look at the loss, the last "
        "activation, dead units and frozen layers."
    )
    return Finding(check, "fail", found, advice)
