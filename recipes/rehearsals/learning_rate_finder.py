"""Find a learning rate by trying all of them, from far too low to far too high, in one short run.

Source: Smith 2017, "Cyclical learning rates for training neural networks",
https://arxiv.org/abs/1506.01186, section 3.3, "LR range test"; the exponential sweep and the
smoothed loss are those of Gugger 2018, "How do you find a good learning rate", as in fastai.
"""

import dataclasses
import math

import keras
import numpy as np

from ..drawings.learning_rates import sweep
from ..errors import RecipeError
from ..steps import NonFiniteLoss
from . import random_state
from .rehearsal import Rehearsal
from .rehearsed_steps import Steps
from .subjects import subject_of

LOWEST, HIGHEST = 1e-7, 10.0
MOST_STEPS, FEWEST_STEPS = 100, 10
# What the smoothed loss keeps of itself in a step.
SMOOTHING = 0.9
# The sweep ends where the smoothed loss is so many times its lowest.
_DIVERGED = 4.0
# Steps at the beginning that say little: the smoothed loss is a mean of hardly any.
_FIRST = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearningRates:
    """What a sweep found.

    Attributes:
        learning_rates: tuple of float, one for each step that was taken, rising.
        losses: tuple of float, the loss of each of these steps.
        smoothed: tuple of float, their exponential mean, corrected for its beginning.
        suggestion: float or None, the rate to train with; None where no loss fell.
        reason: str, where the suggestion comes from, in words.
        diverged: bool, whether the sweep ended early because the loss grew.
    """

    learning_rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None
    reason: str
    diverged: bool

    def picture(self):
        """Return the picture of the sweep, a `matplotlib.figure.Figure` that belongs to nobody."""
        return sweep(self.learning_rates, self.losses, self.smoothed, self.suggestion)


def find_learning_rate(
    recipe=None,
    *,
    model=None,
    data=None,
    lowest=LOWEST,
    highest=HIGHEST,
    num_steps=MOST_STEPS,
    seed=0,
    batch_size=None,
    data_dir=None,
    **overrides,
):
    """Sweep the learning rate over a short run, and suggest one.

    Either a recipe, or anybody's compiled model with its data. Each step takes a rate that is the
    one before it times a constant; its loss shows from where on the model learns, and from where on
    it falls apart. The sweep is compiled once, since the rate is a schedule of the step. A model is
    left as it was to the bit, with its optimizer, and so are the random states of the process.

        found = recipes.find_learning_rate("lenet5_digits")
        recipes.find_learning_rate(model=model, data=(x, y)).suggestion

    Args:
        recipe: str, a name of the catalogue or the path of a recipe script; or a `Recipe`.
        model: built and compiled `keras.Model`.
        data: with `model`: `(x, y)` or `(x, y, sample_weight)`, arrays or structures of arrays
            `(examples, ...)`; or a finite `tf.data.Dataset` of such batches. With a recipe: the
            name of another data set.
        lowest: float > 0, the rate of the first step. Defaults to 1e-7.
        highest: float > lowest, the rate of the last step. Defaults to 10.
        num_steps: int in [10, 100]. Defaults to 100.
        seed: int >= 0, decides the initial weights of a recipe. Defaults to 0.
        batch_size: int >= 1, examples a step: another number for a recipe; 32 for arrays beside a
            model, and a data set has its own. Defaults to None.
        data_dir: str or path where data sets are kept; None is tensorflow-datasets's own folder.
        **overrides: fields of the recipe to replace.

    Returns:
        `LearningRates`.

    Raises:
        RecipeError: an argument is out of its range, or what is given does not fit together.
    """
    _check(lowest, highest, num_steps)
    with random_state.kept():
        subject = subject_of(
            recipe,
            model=model,
            given=data,
            test=None,
            seed=seed,
            batch_size=batch_size,
            epochs=None,
            data_dir=data_dir,
            overrides=overrides,
            caller="find_learning_rate",
        )
        rising = keras.optimizers.schedules.ExponentialDecay(
            lowest, num_steps - 1, highest / lowest
        )
        with Rehearsal(subject) as rehearsal:
            losses = _losses(rehearsal, rising, num_steps)
    rates = [lowest * (highest / lowest) ** (n / (num_steps - 1)) for n in range(len(losses))]
    finite = [loss for loss in losses if math.isfinite(loss)]
    smoothed = smooth(finite)
    suggestion, reason = suggest(rates[: len(finite)], smoothed)
    return LearningRates(
        learning_rates=tuple(rates[: len(finite)]),
        losses=tuple(finite),
        smoothed=tuple(smoothed),
        suggestion=suggestion,
        reason=reason,
        diverged=len(losses) < num_steps or len(finite) < len(losses),
    )


def _losses(rehearsal, rising, num_steps):
    """Return the loss of each step until the run falls apart; the last may be infinite."""
    steps = Steps(rehearsal, learning_rate=rising)
    iterator = iter(rehearsal.subject.batches)
    losses = []
    for _ in range(num_steps):
        try:
            logs = steps.take(iterator)
        except NonFiniteLoss:
            return [*losses, math.inf]
        if "loss" not in logs:
            raise RecipeError(
                f"Model {rehearsal.subject.name!r} must tell a `loss` to be swept. Received: "
                f"{', '.join(logs)}. Two players have no one loss that falls; take the learning "
                "rate of the paper."
            )
        losses.append(logs["loss"])
        smoothed = smooth(losses)
        if len(losses) > _FIRST and smoothed[-1] > _limit(smoothed):
            break
    return losses


def _limit(smoothed):
    """Return the loss behind which a run has fallen apart; of a loss below 0 by its own way."""
    low, begin = min(smoothed), smoothed[0]
    return low + (_DIVERGED - 1) * max(abs(low), abs(begin - low) / _DIVERGED)


def smooth(losses, keep=SMOOTHING):
    """Return the exponential mean of losses, corrected for its beginning as in Adam.

    Source: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, section 3.

    >>> [round(loss, 3) for loss in smooth([2.0, 1.0], keep=0.5)]
    [2.0, 1.333]
    """
    mean, smoothed = 0.0, []
    for number, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean / (1 - keep**number))
    return smoothed


def suggest(rates, smoothed):
    """Return a learning rate and the reason in words; None where the loss fell nowhere.

    Two rules are asked, and the lower rate is taken: where the smoothed loss falls most steeply
    over the logarithm of the rate, and a tenth of the rate at which it is lowest, since there it
    is about to rise.

    Args:
        rates: list of float, rising by a constant factor.
        smoothed: list of float, a loss for each.
    """
    rates, smoothed = np.asarray(rates, float), np.asarray(smoothed, float)
    if len(smoothed) <= _FIRST + 2:
        return None, "The loss grew from the first steps on: begin the sweep at a lower rate."
    lowest = int(np.argmin(smoothed))
    slopes = np.gradient(smoothed, np.log(rates))
    region = slopes[_FIRST : max(lowest, _FIRST + 1) + 1]
    if lowest <= _FIRST or region.min() >= 0:
        return None, (
            "The loss fell at no rate: look at the model and its data with `check`, or sweep a "
            "wider range."
        )
    steepest = _FIRST + int(np.argmin(region))
    tenth = rates[lowest] / 10
    told = (
        f"The smoothed loss falls most steeply at {rates[steepest]:.1e} and is lowest at "
        f"{rates[lowest]:.1e}, a tenth of which is {tenth:.1e}; the lower of the two leaves room "
        "before the loss rises."
    )
    return float(min(rates[steepest], tenth)), told


def _check(lowest, highest, num_steps):
    whole = isinstance(num_steps, int) and not isinstance(num_steps, bool)
    if not whole or not FEWEST_STEPS <= num_steps <= MOST_STEPS:
        raise RecipeError(
            f"`num_steps` of find_learning_rate must be a whole number in [{FEWEST_STEPS}, "
            f"{MOST_STEPS}]. Received: num_steps={num_steps!r}."
        )
    for name, value in (("lowest", lowest), ("highest", highest)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value <= 0:
            raise RecipeError(
                f"`{name}` of find_learning_rate must be a number above 0. "
                f"Received: {name}={value!r}."
            )
    if not lowest < highest:
        raise RecipeError(
            f"`highest` of find_learning_rate must be above `lowest`. Received: "
            f"lowest={lowest!r}, highest={highest!r}."
        )
