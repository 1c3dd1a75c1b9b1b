"""Learning-rate schedules: pure functions of the step, told in epochs.

Each function here takes `(learning_rate, steps_per_epoch, epochs)` and its own parameters by
keyword, and gives a `keras.optimizers.schedules.LearningRateSchedule`. A recipe names one with
`functools.partial`, so that the step counts come from the data:

>>> halves = exponential(0.1, steps_per_epoch=100, epochs=3, decay_rate=0.5)
>>> [round(float(halves(step)), 4) for step in (0, 100, 200)]
[0.1, 0.05, 0.025]

Keras's own classes do the work where there is one; `SquareRootDecay`, `OneCycle` and `WarmUp`
are what it lacks.
"""

import itertools
import math

import keras
from keras import ops

from .errors import RecipeError
from .recipe import constant


def inverse_time(learning_rate, steps_per_epoch, epochs, *, decay_rate):
    """Divide by a line that grows with time: `learning_rate / (1 + decay_rate * epoch)`.

    Args:
        learning_rate: float > 0, at the start.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: the decay has no end.
        decay_rate: float > 0, an epoch; 1 halves the rate after one epoch.

    Returns:
        A `keras.optimizers.schedules.InverseTimeDecay`.

    >>> rate = inverse_time(0.1, steps_per_epoch=10, epochs=4, decay_rate=1.0)
    >>> [round(float(rate(step)), 4) for step in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """
    _check("inverse_time", learning_rate, steps_per_epoch, epochs)
    _positive("inverse_time", "decay_rate", decay_rate)
    return keras.optimizers.schedules.InverseTimeDecay(learning_rate, steps_per_epoch, decay_rate)


def step(learning_rate, steps_per_epoch, epochs, *, every, factor=0.5):
    """Multiply by a factor once in so many epochs: `learning_rate * factor ** (epoch // every)`.

    Args:
        learning_rate: float > 0, at the start.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: the decay has no end.
        every: float > 0, epochs between two drops; a part of an epoch counts in whole steps.
        factor: float > 0. Defaults to 0.5.

    Returns:
        A `keras.optimizers.schedules.ExponentialDecay` that goes down in stairs.

    >>> rate = step(0.1, steps_per_epoch=10, epochs=4, every=2)
    >>> [round(float(rate(step)), 4) for step in (0, 19, 20, 40)]
    [0.1, 0.1, 0.05, 0.025]
    """
    _check("step", learning_rate, steps_per_epoch, epochs)
    _positive("step", "every", every)
    _positive("step", "factor", factor)
    return keras.optimizers.schedules.ExponentialDecay(
        learning_rate, max(1, round(every * steps_per_epoch)), factor, staircase=True
    )


def exponential(learning_rate, steps_per_epoch, epochs, *, decay_rate):
    """Multiply by the same factor every epoch, smoothly: `learning_rate * decay_rate ** epoch`.

    Args:
        learning_rate: float > 0, at the start.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: the decay has no end.
        decay_rate: float > 0, what is left of the rate after an epoch; below 1 to decay.

    Returns:
        A `keras.optimizers.schedules.ExponentialDecay`.

    >>> rate = exponential(0.1, steps_per_epoch=10, epochs=4, decay_rate=0.25)
    >>> [round(float(rate(step)), 4) for step in (0, 5, 10)]
    [0.1, 0.05, 0.025]
    """
    _check("exponential", learning_rate, steps_per_epoch, epochs)
    _positive("exponential", "decay_rate", decay_rate)
    return keras.optimizers.schedules.ExponentialDecay(learning_rate, steps_per_epoch, decay_rate)


def square_root(learning_rate, steps_per_epoch, epochs, *, decay_rate):
    """Divide by a square root that grows with time: `learning_rate / sqrt(1 + decay_rate * epoch)`.

    Args:
        learning_rate: float > 0, at the start.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: the decay has no end.
        decay_rate: float > 0, an epoch; 3 halves the rate after one epoch.

    Returns:
        A `SquareRootDecay`.

    >>> rate = square_root(0.1, steps_per_epoch=10, epochs=5, decay_rate=3.0)
    >>> [round(float(rate(step)), 4) for step in (0, 10, 50)]
    [0.1, 0.05, 0.025]
    """
    _check("square_root", learning_rate, steps_per_epoch, epochs)
    _positive("square_root", "decay_rate", decay_rate)
    return SquareRootDecay(learning_rate, steps_per_epoch, decay_rate)


def piecewise(learning_rate, steps_per_epoch, epochs, *, boundaries, factors):
    """Hold the rate and change it at given epochs.

    Args:
        learning_rate: float > 0, what every factor multiplies.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: a boundary behind the end is never reached.
        boundaries: tuple of float > 0, rising: the epochs after which the rate changes; a part of
            an epoch is rounded to whole steps.
        factors: tuple of float > 0, one more than boundaries. A first factor below 1 is a
            constant warm-up.

    Returns:
        A `keras.optimizers.schedules.PiecewiseConstantDecay`.

    >>> rate = piecewise(
    ...     0.1, steps_per_epoch=10, epochs=4, boundaries=(2, 3), factors=(1, 0.1, 0.01)
    ... )
    >>> [round(float(rate(step)), 4) for step in (0, 19, 20, 29, 30)]
    [0.1, 0.1, 0.01, 0.01, 0.001]
    """
    _check("piecewise", learning_rate, steps_per_epoch, epochs)
    # Keras keeps the old value on the boundary itself, so the last step before the change stands.
    last_steps = [round(boundary * steps_per_epoch) - 1 for boundary in boundaries]
    rising = all(low < high for low, high in itertools.pairwise(last_steps))
    if not last_steps or last_steps[0] < 0 or not rising:
        raise RecipeError(
            "`boundaries` of schedules.piecewise must be epochs above 0 that rise by at least "
            f"a step. Received: boundaries={boundaries!r}."
        )
    if len(factors) != len(boundaries) + 1 or not all(_is_positive(f) for f in factors):
        raise RecipeError(
            "`factors` of schedules.piecewise must be numbers above 0, one more than boundaries. "
            f"Received: factors={factors!r}."
        )
    return keras.optimizers.schedules.PiecewiseConstantDecay(
        last_steps, [float(learning_rate * factor) for factor in factors]
    )


def cosine(learning_rate, steps_per_epoch, epochs, *, final_fraction=0.0):
    """Follow half a wave of the cosine down over the whole run.

    Source: Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983, equation 5, no restarts.

    Args:
        learning_rate: float > 0, at the start.
        steps_per_epoch: int >= 1.
        epochs: number > 0, the length of the wave.
        final_fraction: float in [0, 1], what is left of the rate at the end. Defaults to 0.

    Returns:
        A `keras.optimizers.schedules.CosineDecay`.

    >>> rate = cosine(0.1, steps_per_epoch=10, epochs=4)
    >>> [round(float(rate(step)), 4) for step in (0, 20, 40, 50)]
    [0.1, 0.05, 0.0, 0.0]
    """
    _check("cosine", learning_rate, steps_per_epoch, epochs)
    if not 0 <= final_fraction <= 1:
        raise RecipeError(
            "`final_fraction` of schedules.cosine must be between 0 and 1. "
            f"Received: {final_fraction=}."
        )
    return keras.optimizers.schedules.CosineDecay(
        learning_rate, max(1, round(steps_per_epoch * epochs)), alpha=final_fraction
    )


def cosine_restarts(
    learning_rate,
    steps_per_epoch,
    epochs,
    *,
    first_epochs,
    growth=2.0,
    restart_fraction=1.0,
    final_fraction=0.0,
):
    """Follow half a wave of the cosine down, jump up again, and follow a longer one.

    Each wave ends where a model may be kept: the weights before a restart are those of a finished
    run, and several of them make an ensemble.

    Source: Loshchilov and Hutter 2016, "SGDR", https://arxiv.org/abs/1608.03983, equation 5.

    Args:
        learning_rate: float > 0, at the start of the first wave.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, unused: waves follow one another without an end.
        first_epochs: float > 0, the length of the first wave, the paper's T_0; a part of an epoch
            is rounded to whole steps.
        growth: float >= 1, by which each wave is longer than the one before, the paper's T_mult.
            With 2 the waves end after 1, 3, 7, 15 times `first_epochs`. Defaults to 2.
        restart_fraction: float in (0, 1], the height of a wave over that of the one before.
            Defaults to 1.
        final_fraction: float in [0, 1], of the first rate, what all waves come down to. Defaults
            to 0.

    Returns:
        A `keras.optimizers.schedules.CosineDecayRestarts`.

    >>> rate = cosine_restarts(0.1, steps_per_epoch=10, epochs=7, first_epochs=1)
    >>> [round(float(rate(step)), 4) for step in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """
    _check("cosine_restarts", learning_rate, steps_per_epoch, epochs)
    _positive("cosine_restarts", "first_epochs", first_epochs)
    for name, value, expected, sound in (
        ("growth", growth, "at least 1", growth >= 1),
        ("restart_fraction", restart_fraction, "above 0 and at most 1", 0 < restart_fraction <= 1),
        ("final_fraction", final_fraction, "between 0 and 1", 0 <= final_fraction <= 1),
    ):
        if not sound:
            raise RecipeError(
                f"`{name}` of schedules.cosine_restarts must be {expected}. "
                f"Received: {name}={value!r}."
            )
    return keras.optimizers.schedules.CosineDecayRestarts(
        float(learning_rate),
        max(1, round(first_epochs * steps_per_epoch)),
        t_mul=float(growth),
        m_mul=float(restart_fraction),
        alpha=float(final_fraction),
    )


def one_cycle(
    learning_rate,
    steps_per_epoch,
    epochs,
    *,
    rising=0.3,
    initial_fraction=0.04,
    final_fraction=4e-6,
):
    """Rise to a high rate and fall to almost nothing, once, over the whole run.

    Both ways are half waves of the cosine, as in fastai and PyTorch; in the paper they are lines,
    of equal length, with a last part in which the rate falls far below its beginning. The rate at
    the peak may be several times that of a constant one: take what `lr-find` suggests, or more.

    Source: Smith and Topin 2017, "Super-convergence", https://arxiv.org/abs/1708.07120, section 3.

    Args:
        learning_rate: float > 0, at the peak.
        steps_per_epoch: int >= 1.
        epochs: number > 0, the length of the cycle.
        rising: float in (0, 1), the part of the run in which the rate rises. Defaults to 0.3.
        initial_fraction: float in (0, 1], of the peak, at the start. Defaults to 0.04.
        final_fraction: float in [0, 1], of the peak, at the end. Defaults to 4e-6.

    Returns:
        A `OneCycle`.

    >>> rate = one_cycle(0.1, steps_per_epoch=10, epochs=10, rising=0.4, initial_fraction=0.2)
    >>> [round(float(rate(step)), 4) for step in (0, 20, 40, 70, 100)]
    [0.02, 0.06, 0.1, 0.05, 0.0]
    """
    _check("one_cycle", learning_rate, steps_per_epoch, epochs)
    for name, value, expected, sound in (
        ("rising", rising, "between 0 and 1, both left out", 0 < rising < 1),
        ("initial_fraction", initial_fraction, "above 0 and at most 1", 0 < initial_fraction <= 1),
        ("final_fraction", final_fraction, "between 0 and 1", 0 <= final_fraction <= 1),
    ):
        if not sound:
            raise RecipeError(
                f"`{name}` of schedules.one_cycle must be {expected}. Received: {name}={value!r}."
            )
    num_steps = max(2, round(steps_per_epoch * epochs))
    return OneCycle(
        learning_rate,
        num_steps,
        min(num_steps - 1, max(1, round(rising * num_steps))),
        initial_fraction=initial_fraction,
        final_fraction=final_fraction,
    )


def warmup(learning_rate, steps_per_epoch, epochs, *, warmup_epochs, schedule=constant):
    """Rise on a line to the learning rate, then follow another schedule.

    The other schedule starts where the warm-up ends and is told the epochs that remain. A run that
    is shorter than its warm-up ends inside it.

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2, "gradual warmup".

    Args:
        learning_rate: float > 0, at the peak.
        steps_per_epoch: int >= 1.
        epochs: int >= 1, warm-up included.
        warmup_epochs: float > 0; a part of an epoch is rounded to whole steps.
        schedule: a function of this module, or a `partial` of one. Defaults to `constant`.

    Returns:
        A `WarmUp`.

    >>> rate = warmup(0.1, steps_per_epoch=10, epochs=5, warmup_epochs=1, schedule=cosine)
    >>> [round(float(rate(step)), 4) for step in (0, 4, 9, 10, 30, 50)]
    [0.01, 0.05, 0.1, 0.1, 0.05, 0.0]
    """
    _check("warmup", learning_rate, steps_per_epoch, epochs)
    _positive("warmup", "warmup_epochs", warmup_epochs)
    remaining = epochs - warmup_epochs
    if remaining <= 0:
        remaining = epochs  # Never reached: the run is over before.
    after = schedule(learning_rate, steps_per_epoch, remaining)
    return WarmUp(after, max(1, round(warmup_epochs * steps_per_epoch)), learning_rate)


def noam(learning_rate, steps_per_epoch, epochs, *, warmup_steps=4000):
    """Rise on a line to the learning rate, then fall with the square root of the step.

    `learning_rate * min(n / warmup_steps, sqrt(warmup_steps / n))` at step n, counted from 1. With
    `learning_rate=(width * warmup_steps) ** -0.5` it is the paper's
    `width ** -0.5 * min(n ** -0.5, n * warmup_steps ** -1.5)`.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 3; named after Noam
    Shazeer. It is told in steps, as there: how long a young model has to be led does not depend on
    the size of the data.

    Args:
        learning_rate: float > 0, at the peak.
        steps_per_epoch: int >= 1, unused.
        epochs: int >= 1, unused: the decay has no end.
        warmup_steps: int >= 1, the step of the peak. Defaults to 4000, section 5.3.

    Returns:
        A `WarmUp`.

    >>> rate = noam(0.1, steps_per_epoch=10, epochs=5, warmup_steps=4)
    >>> [round(float(rate(step)), 4) for step in (0, 1, 3, 15, 63)]
    [0.025, 0.05, 0.1, 0.05, 0.025]
    """
    _check("noam", learning_rate, steps_per_epoch, epochs)
    _positive("noam", "warmup_steps", warmup_steps)
    # Step 0 behind the warm-up is the paper's step warmup_steps + 1.
    first = learning_rate * math.sqrt(warmup_steps / (warmup_steps + 1))
    return WarmUp(SquareRootDecay(first, warmup_steps + 1, 1.0), warmup_steps, learning_rate)


@keras.saving.register_keras_serializable("kerasrecipes")
class SquareRootDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Divide by `sqrt(1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: float, at step 0.
        decay_steps: int, the unit of time in steps.
        decay_rate: float, a unit of time.
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate):
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate

    def __call__(self, step):
        time = ops.cast(step, "float32") / self.decay_steps
        return self.initial_learning_rate * ops.rsqrt(1.0 + self.decay_rate * time)

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
        }


@keras.saving.register_keras_serializable("kerasrecipes")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Rise to a peak and fall again, both on half a wave of the cosine.

    Args:
        peak: float, the highest rate.
        num_steps: int >= 2, where it ends; the last rate stays.
        rising_steps: int in [1, num_steps), the step of the peak.
        initial_fraction: float, of the peak, at step 0.
        final_fraction: float, of the peak, at step `num_steps`.
    """

    def __init__(self, peak, num_steps, rising_steps, *, initial_fraction, final_fraction):
        super().__init__()
        self.peak = peak
        self.num_steps = num_steps
        self.rising_steps = rising_steps
        self.initial_fraction = initial_fraction
        self.final_fraction = final_fraction

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = step / self.rising_steps
        falling = (step - self.rising_steps) / (self.num_steps - self.rising_steps)
        part = ops.where(rising < 1.0, 1.0 - rising, ops.clip(falling, 0.0, 1.0))
        low = ops.where(rising < 1.0, self.initial_fraction, self.final_fraction)
        wave = 0.5 * (1.0 + ops.cos(math.pi * part))
        return self.peak * (low + (1.0 - low) * wave)

    def get_config(self):
        return {
            "peak": self.peak,
            "num_steps": self.num_steps,
            "rising_steps": self.rising_steps,
            "initial_fraction": self.initial_fraction,
            "final_fraction": self.final_fraction,
        }


@keras.saving.register_keras_serializable("kerasrecipes")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rise on a line from `peak / warmup_steps` to `peak`, then follow another schedule.

    Args:
        after: `LearningRateSchedule` or float, from step `warmup_steps` on; its own step 0.
        warmup_steps: int >= 1; the last of them already takes the peak.
        peak: float, the learning rate at the end of the warm-up.
    """

    def __init__(self, after, warmup_steps, peak):
        super().__init__()
        self.after = after
        self.warmup_steps = warmup_steps
        self.peak = peak

    def __call__(self, step):
        # A first step at rate 0 would be wasted, so the line starts one step in.
        rising = self.peak * (ops.cast(step, "float32") + 1.0) / self.warmup_steps
        # Both branches are computed: the schedule behind must not see a step below 0.
        past = ops.maximum(step - self.warmup_steps, 0)
        after = self.after(past) if callable(self.after) else self.after
        return ops.where(step < self.warmup_steps, rising, ops.cast(after, "float32"))

    def get_config(self):
        return {
            "after": keras.saving.serialize_keras_object(self.after),
            "warmup_steps": self.warmup_steps,
            "peak": self.peak,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "after": keras.saving.deserialize_keras_object(config["after"])})


def _check(function, learning_rate, steps_per_epoch, epochs):
    _positive(function, "learning_rate", learning_rate)
    _positive(function, "steps_per_epoch", steps_per_epoch)
    _positive(function, "epochs", epochs)


def _positive(function, name, value):
    if not _is_positive(value):
        raise RecipeError(
            f"`{name}` of schedules.{function} must be above 0. Received: {name}={value!r}."
        )


def _is_positive(value):
    return isinstance(value, (int, float)) and math.isfinite(value) and value > 0
