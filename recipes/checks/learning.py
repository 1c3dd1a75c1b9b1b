"""Whether what is learned depends on the inputs, and on the labels that belong to them."""

import keras
import numpy as np

from ..steps import NonFiniteLoss
from .clock import Clock
from .cost import step_time
from .finding import Finding, NotApplicable
from .theory import loss_of

# Batches that are trained on, again and again.
NUM_BATCHES = 8
# Seconds and steps of each training, at most.
SECONDS, MOST_STEPS = 6.0, 160
# Steps that are looked at together, and below how many nothing can be told.
BLOCK, FEWEST_STEPS = 8, 24
_SEED = 0
# Ahead by this share of the first loss, and by so many deviations of the blocks; or far ahead.
_AHEAD, _SURE, _FAR = 0.01, 3.0, 0.05
# What the loss must have fallen by, for anything to have been learned.
_LEARNED = 0.02


def blank_input(rehearsal):
    """Train on inputs and on one and the same in the place of all: what is seen must help.

    On blank input a model learns how often each answer is right, and no more. Blank are zeros, of
    bytes and tokens; of real numbers it is their mean, since zeros may lie far from what a
    normalisation in front of the model expects, and the training would fall apart.

    Source: Karpathy 2019, "A recipe for training neural networks", "input-independent baseline".
    """
    batches = _batches(rehearsal)
    blank = [
        (keras.tree.map_structure(_blank, *_turned(number, batches)), *batch[1:])
        for number, batch in enumerate(batches)
    ]
    if all(np.allclose(a, b) for a, b in zip(_inputs(batches), _inputs(blank), strict=True)):
        raise NotApplicable("all inputs are the same as they are")
    real = _real(rehearsal, batches)
    other = _curve(rehearsal, blank, len(real))
    return _judged(
        "better than on blank input",
        real,
        other,
        "blank",
        "The model learns as much from nothing: is its input used, is it in order, do inputs and "
        "targets belong together?",
    )


def shuffled_labels(rehearsal):
    """Train on targets as they are and on targets dealt out anew within each batch.

    What is dealt within a batch leaves every batch its mean and its classes; so whoever does not
    look at the input is as well off, and only what inputs tell of their targets makes a difference.

    Source: Zhang et al. 2017, "Understanding deep learning requires rethinking generalization",
    https://arxiv.org/abs/1611.03530, section 2.1, figure 1: true labels are fitted faster.
    """
    if rehearsal.subject.batch_size < 2:
        raise NotApplicable("a batch is one example")
    batches = _batches(rehearsal)
    generator = np.random.default_rng(_SEED)
    shuffled = []
    for x, y, *weights in batches:
        order = generator.permutation(len(keras.tree.flatten(y)[0]))
        dealt = keras.tree.map_structure(lambda array, order=order: array[order], y)
        shuffled.append((x, dealt, *weights))
    real = _real(rehearsal, batches)
    other = _curve(rehearsal, shuffled, len(real))
    return _judged(
        "better than on shuffled labels",
        real,
        other,
        "shuffled",
        "The labels are no better than shuffled ones: look at how inputs and labels are put "
        "together, at a few examples with their labels, and at whether both are shuffled alike.",
    )


def _batches(rehearsal):
    loss_of(rehearsal.model)
    return rehearsal.remember("kept batches", lambda: rehearsal.batches(NUM_BATCHES))


def _turned(number, batches):
    """Return the inputs of all batches, that of a number first."""
    return [batch[0] for batch in batches[number:] + batches[:number]]


def _blank(array, *others):
    """Return an array of the same shape in which all examples are one."""
    blank = np.zeros_like(array)
    alike = all(other.shape[1:] == array.shape[1:] for other in others)
    if alike and np.issubdtype(array.dtype, np.floating):
        blank += np.mean([one.mean(axis=0, dtype="float64") for one in (array, *others)], axis=0)
    return blank


def _inputs(batches):
    return [array for batch in batches for array in keras.tree.flatten(batch[0])]


def _real(rehearsal, batches):
    """Return the mean losses of blocks of steps on batches as they are."""

    def train():
        num_steps = int(min(MOST_STEPS, SECONDS / step_time(rehearsal).seconds))
        if num_steps < FEWEST_STEPS:
            raise NotApplicable(f"{FEWEST_STEPS} steps would take more than {SECONDS:.0f} s")
        return _curve(rehearsal, batches, num_steps // BLOCK)

    return rehearsal.remember("real curve", train)


def _curve(rehearsal, batches, num_blocks):
    steps = rehearsal.steps
    steps.restart()
    iterator, clock, losses = rehearsal.repeating(batches), Clock(3 * SECONDS), []
    while len(losses) < num_blocks and not clock.up():
        try:
            losses.append(steps.take(iterator, BLOCK)["loss"])
        except NonFiniteLoss:
            losses.append(np.inf)
            break
        except KeyError:
            raise NotApplicable("the training step tells no loss") from None
    return np.array(losses)


def _judged(check, real, other, words, advice):
    num = min(len(real), len(other))
    real, other = real[:num], other[:num]
    found = f"loss {real[-1]:.3g} in {num * BLOCK} steps, {other[-1]:.3g} on {words}"
    if not np.isfinite(real[-1]):
        return Finding(check, "fail", found, "The training diverges: lower the learning rate.")
    if not np.isfinite(other[-1]):
        return Finding(check, "not known", f"{found}: the other training fell apart")
    gains = (other - real)[num // 2 :]
    ahead = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else 0.0
    late = float(gains[len(gains) // 2 :].mean())
    if (ahead > _SURE * error and ahead > _AHEAD * abs(real[0])) or late > _FAR * abs(real[0]):
        return Finding(check, "pass", found)
    if real[-1] > (1 - _LEARNED) * real[0] or ahead > error:
        found += "; too little to tell"
        advice = (
            f"Raise the learning rate, or train for longer and look again. If it stays: {advice}"
        )
        return Finding(check, "warn", found, advice)
    return Finding(check, "fail", found, advice)
