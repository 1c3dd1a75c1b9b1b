"""Whether what is learned depends on the inputs, and on the labels that belong to them."""

import keras
import numpy as np

from ..steps import NonFiniteLoss
from .clock import Clock
from .cost import step_time
from .finding import Finding, NotApplicable
from .theory import loss_of, takes_logits, theory, value

# Batches that are trained on, again and again.
NUM_BATCHES = 8
# Seconds and steps of each training, at most.
SECONDS, MOST_STEPS = 6.0, 160
# Steps that are looked at together, and below how many nothing can be told.
BLOCK, FEWEST_STEPS = 8, 24
_SEED = 0
# Times the loss that is left: how far the other must stay behind to pass, and to be no failure.
# Measured on eighteen trainings on labels that were shuffled before: between 0.9 and 1.14 times.
_AHEAD, _HARDLY = 1.2, 1.1
# Times the loss that is left, beside blank input: from when on something of the input is learned.
_LEARNED = 1.05
# Of the first loss: below this, both have learned all by heart, and only the way there tells.
_BY_HEART = 0.005


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
    if _all_alike(batches):
        # Blank is what no example differs in: of a graph that is there alone, all of it.
        raise NotApplicable("all inputs are the same as they are")
    real = _real(rehearsal, batches)
    other = rehearsal.remember("blank curve", lambda: _curve(rehearsal, blank, len(real)))
    advice = (
        "The model learns as much from nothing: is its input used, is it in order, do inputs and "
        "targets belong together?"
    )
    verdict, found = _compared(rehearsal, real, other, "blank")
    if verdict == "behind":
        num = min(len(real), len(other))
        alike = np.allclose(real[:num], other[:num], rtol=1e-4)
        return _told("better than on blank input", "fail" if alike else "warn", found, advice)
    return _told("better than on blank input", verdict, found, advice)


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
    advice = (
        "The labels are no better than shuffled ones: look at how inputs and labels are put "
        "together, at a few examples with their labels, and at whether both are shuffled alike."
    )
    verdict, found = _compared(rehearsal, real, other, "shuffled")
    if verdict == "behind":
        # Where nothing of the input is learned yet, as in the first steps on a text, it is too
        # early to say of what.
        blank = rehearsal.remember("blank curve", lambda: real)
        learned = np.isfinite(blank[-1]) and _times(rehearsal, real, blank) >= _LEARNED
        learned = learned and real[-1] < _of_the_mean(rehearsal, batches)
        hardly = _times(rehearsal, real, other) >= _HARDLY
        verdict = "fail" if learned and not hardly else "warn"
    return _told("better than on shuffled labels", verdict, found, advice)


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


def _all_alike(batches):
    """Return whether all examples of all batches have one and the same input."""
    first, *others = ([*keras.tree.flatten(batch[0])] for batch in batches)
    return all(
        array.shape[1:] == one.shape[1:] and np.allclose(array, one[:1])
        for arrays in (first, *others)
        for array, one in zip(arrays, first, strict=True)
    )


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


def _compared(rehearsal, real, other, words):
    """Return a verdict, "behind" where the real training is not ahead, and what was found."""
    num = min(len(real), len(other))
    found = f"loss {real[num - 1]:.3g} in {num * BLOCK} steps, {other[num - 1]:.3g} on {words}"
    if not np.isfinite(real[num - 1]):
        return "fail", f"{found}: it falls apart, the learning rate is too high"
    if not np.isfinite(other[num - 1]):
        return "not known", f"{found}: the other training fell apart"
    return "pass" if _times(rehearsal, real, other) >= _AHEAD else "behind", found


def _times(rehearsal, real, other):
    """Return how many times the loss that is left to the real training is left to the other."""
    num = min(len(real), len(other))
    left, other = real[:num] - _least(rehearsal), other[:num] - _least(rehearsal)
    late = slice(-max(1, num // 4), None)
    if other[late].mean() < _BY_HEART * left[0]:
        late = slice(None)
    return float(other[late].mean() / max(left[late].mean(), 1e-12))


def _least(rehearsal):
    """Return the loss of a perfect answer, 0 where it is not known."""

    def find():
        x, y, _ = rehearsal.batch
        return theory(loss_of(rehearsal.model), y, rehearsal.answers(x)).least or 0.0

    return rehearsal.remember("least", find)


def _of_the_mean(rehearsal, batches):
    """Return the loss of always answering the mean target, infinite where there is no such thing.

    A mean of hundreds takes many steps to be reached, with any input.
    """
    loss = loss_of(rehearsal.model)
    if takes_logits(loss) is not None:
        return np.inf
    y = np.concatenate([np.asarray(batch[1], "float32") for batch in batches])
    return value(loss, y, np.zeros_like(y) + y.mean(axis=0))


def _told(check, verdict, found, advice):
    if verdict == "warn":
        advice = f"Too short a training to tell, or too low a rate. If it stays: {advice}"
    return Finding(check, verdict, found, advice if verdict in ("warn", "fail") else "")
