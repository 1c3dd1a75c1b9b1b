"""Targets that are a distribution over the classes, made of batches of one class an example.

Like the functions of `augment`, each here returns a value to call with `(inputs, targets, seed)`,
which gives `(inputs, targets)`. Targets come as integers `(batch,)` or as distributions `(batch,
num_classes)`, and go as distributions.
"""

import dataclasses

import tensorflow as tf

from ..errors import RecipeError
from .augment import cast_back, fold


def mixup(alpha, *, num_classes):
    """Mix each example, and its target, with the next of its batch.

    One share for a batch is drawn from Beta(alpha, alpha): near 0 or 1 where alpha is small.

    Source: Zhang et al. 2018, "mixup: beyond empirical risk minimization",
    https://arxiv.org/abs/1710.09412, equation 2; one share a batch and partners from the batch
    itself, as in section 2 and its code.

    Args:
        alpha: float > 0; 0.1 to 0.4 in the paper.
        num_classes: int >= 2.

    Raises:
        RecipeError: alpha is not above 0.
    """
    if not alpha > 0:
        raise RecipeError(f"`alpha` of soft_targets.mixup must be above 0. Received: {alpha=}.")
    return Mixup(alpha, num_classes)


def smoothing(share, *, num_classes):
    """Spread a share of each target evenly over all classes.

    Source: Szegedy et al. 2016, "Rethinking the Inception architecture",
    https://arxiv.org/abs/1512.00567, section 7.

    Args:
        share: float in [0, 1).
        num_classes: int >= 2.

    Raises:
        RecipeError: the share is out of its range.
    """
    if not 0 <= share < 1:
        raise RecipeError(
            f"`share` of soft_targets.smoothing must be in [0, 1). Received: {share=}."
        )
    return Smoothing(share, num_classes)


@dataclasses.dataclass(frozen=True)
class Mixup:
    """See `mixup`."""

    alpha: float
    num_classes: int

    def __call__(self, inputs, targets, seed):
        """Return the batch mixed; inputs of whole numbers are rounded."""
        one, other = tf.unstack(
            tf.random.stateless_gamma((2,), fold(seed, "mixup"), tf.fill((2,), self.alpha))
        )
        # Both may vanish where alpha is small; then nothing is mixed.
        share = tf.where(one + other > 0, one / (one + other), 1.0)

        def mixed(values):
            real = tf.cast(values, tf.float32)
            return cast_back(share * real + (1 - share) * tf.roll(real, 1, axis=0), values.dtype)

        return tf.nest.map_structure(mixed, inputs), mixed(_distributions(targets, self))


@dataclasses.dataclass(frozen=True)
class Smoothing:
    """See `smoothing`."""

    share: float
    num_classes: int

    def __call__(self, inputs, targets, seed):
        """Return the inputs as they are, and the targets smoothed."""
        targets = _distributions(targets, self)
        return inputs, (1 - self.share) * targets + self.share / self.num_classes


def _distributions(targets, function):
    if targets.shape.rank == 1:
        return tf.one_hot(targets, function.num_classes)
    return tf.cast(targets, tf.float32)
