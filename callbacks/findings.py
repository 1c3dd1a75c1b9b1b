"""What the curves and the layers of a training say, in words: pure functions.

Every rule takes what was seen and the `Thresholds`, and returns one sentence or two, or None where
there is nothing to say. What is to be done stands at the end.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Curves:
    """The losses of a training so far.

    Attributes:
        loss: array `(num_epochs,)` of float, the mean over each epoch.
        validation: array `(num_epochs,)` of float, NaN after epochs without validation.
        start: float, the loss of the first steps, or NaN where it is not known.
        name: str, what the loss is called in the logs. Defaults to "loss".
        first_epoch: int, the number of the first epoch, as a person counts. Defaults to 1.
    """

    loss: np.ndarray
    validation: np.ndarray
    start: float
    name: str = "loss"
    first_epoch: int = 1

    def epoch(self, index):
        """Return the number of an epoch, as a person counts."""
        return int(index) + self.first_epoch

    @property
    def left(self):
        """The share of the first loss that is left; NaN where shares mean nothing."""
        start = self.start if math.isfinite(self.start) else self.loss[0]
        return self.loss[-1] / start if start > 0 else math.nan


def diverging(curves, thresholds):
    """Say that the loss is not finite, or rises and is above where it began."""
    loss = curves.loss
    advice = "Lower the learning rate, warm it up, or clip the gradients by `global_clipnorm`"
    if not math.isfinite(loss[-1]):
        return (
            f"Diverging: `{curves.name}` is {loss[-1]} in epoch {curves.epoch(len(loss) - 1)}. "
            f"{advice}; and look for NaN in the data."
        )
    # Rising is told apart from noise by its end: all that was learnt is lost.
    recent = loss[-thresholds.patience - 1 :]
    began = curves.start if math.isfinite(curves.start) else loss[0]
    if len(recent) > thresholds.patience and np.all(np.diff(recent) > 0) and loss[-1] > began:
        return (
            f"Diverging: `{curves.name}` has risen for {thresholds.patience} epochs in a row and, "
            f"at {loss[-1]:.4g}, is above the {began:.4g} it began with. {advice}."
        )
    return None


def underfitting(curves, thresholds):
    """Say that the training loss has levelled off not far below where it began."""
    if not _level(curves.loss, thresholds) or not curves.left >= thresholds.unlearnt:
        return None
    return (
        f"Underfitting: `{curves.name}` no longer falls and, at {curves.loss[-1]:.4g}, still has "
        f"{curves.left:.0%} of what it began with. Make the model larger, change the learning "
        "rate, or regularise less; or the inputs do not tell more about the targets."
    )


def plateau(curves, thresholds):
    """Say since when the training loss has levelled off, where something had been learnt."""
    loss, left = curves.loss, curves.left
    if not _level(loss, thresholds) or left >= thresholds.unlearnt or left < thresholds.done:
        return None
    since = np.argmin(loss[: -thresholds.patience])
    return (
        f"Plateau since epoch {curves.epoch(since)}: `{curves.name}` has stayed at "
        f"{loss[since]:.4g}, within {thresholds.flat:.0%}. Lower the learning rate "
        "(ReduceLearningRateOnPlateau, or a schedule), or stop here."
    )


def overfitting(curves, thresholds):
    """Say since when the validation loss rises while the training loss falls."""
    seen = np.flatnonzero(np.isfinite(curves.validation))
    if len(seen) <= thresholds.patience:
        return None
    values = curves.validation[seen]
    best = np.argmin(values)
    since, now = values[best:], np.median(values[-thresholds.patience :])
    risen = now >= values[best] + thresholds.rise * abs(values[best])
    fallen = curves.loss[-1] < curves.loss[seen[best]]
    if len(since) <= thresholds.patience or not risen or not fallen:
        return None
    return (
        f"Overfitting since epoch {curves.epoch(seen[best])}: `val_{curves.name}` has risen from "
        f"{values[best]:.4g} to {values[-1]:.4g}, while `{curves.name}` fell from "
        f"{curves.loss[seen[best]]:.4g} to {curves.loss[-1]:.4g}. Stop there (EarlyStopping with "
        "restore_best_weights), regularise more, augment, or get more data."
    )


def easy_validation(curves, thresholds, *, has_dropout=False):
    """Say that validation examples are predicted better than those of training.

    A training loss is the mean over an epoch in which the weights get better. So the validation
    after an epoch is compared with the training loss of the epoch behind it, whose weights are
    later ones all the time.

    Args:
        curves: `Curves`.
        thresholds: `Thresholds`.
        has_dropout: bool, whether the model has layers that act in training only.
    """
    before = curves.validation[-thresholds.patience - 1 : -1]
    behind = curves.loss[-thresholds.patience :]
    if len(before) < thresholds.patience or not np.all(np.isfinite(before)):
        return None
    if not np.all(before < behind - thresholds.easier * np.abs(behind)):
        return None
    reason = (
        "The dropout of this model, which acts in training only, may be all of it"
        if has_dropout
        else "This model has no dropout that would explain it"
    )
    return (
        f"Validation is easier than training: for {thresholds.patience} epochs `val_{curves.name}` "
        f"(now {before[-1]:.4g}) has been more than {thresholds.easier:.0%} below "
        f"`{curves.name}` ({behind[-1]:.4g}). {reason}; augmentation does the same; or validation "
        "examples are simpler, or some of them are in the training data too: look for a leak."
    )


def vanishing_gradients(sizes, thresholds):
    """Name the layers whose gradients are far smaller than those of the last layer.

    Args:
        sizes: dict from a layer's path to the root mean square of its gradients, from the input to
            the output.
        thresholds: `Thresholds`.
    """
    small = [layer for layer, ratio in _ratios(sizes) if ratio < 1 / thresholds.gradient_ratio]
    return _of_gradients(
        "Vanishing",
        small,
        f"more than {thresholds.gradient_ratio:g} times smaller",
        "Use rectifiers instead of sigmoids, initialise for them (`he_normal`), normalise, or add "
        "shortcuts.",
    )


def exploding_gradients(sizes, thresholds):
    """Name the layers whose gradients are not finite, or far larger than those of the last layer.

    Args:
        sizes: dict from a layer's path to the root mean square of its gradients, from the input to
            the output.
        thresholds: `Thresholds`.
    """
    large = [layer for layer, size in sizes.items() if not math.isfinite(size)]
    large = large or [layer for layer, r in _ratios(sizes) if r > thresholds.gradient_ratio]
    return _of_gradients(
        "Exploding",
        large,
        f"not finite, or more than {thresholds.gradient_ratio:g} times larger",
        "Clip them by `global_clipnorm`, initialise smaller, normalise, or lower the learning "
        "rate.",
    )


def dead_rectifiers(shares, thresholds, *, num_examples):
    """Name the layers of which many rectifiers are silent.

    Args:
        shares: dict from a layer's path to the share of its units that are 0 for the whole sample;
            NaN for layers without rectifiers.
        thresholds: `Thresholds`.
        num_examples: int, of the sample.
    """
    dead = [f"{_short(layer)!r} ({s:.0%})" for layer, s in shares.items() if s >= thresholds.dead]
    if not dead:
        return None
    return (
        f"Dead ReLUs: units of {_enumerated(dead)} are 0 for all {num_examples} examples of the "
        "sample, and so their weights do not move. Lower the learning rate, begin with biases of "
        "0, or use a leaky rectifier."
    )


def _level(loss, thresholds):
    """Return whether the best of the last epochs is hardly below the best before them."""
    if len(loss) <= thresholds.patience or not np.all(np.isfinite(loss)):
        return False
    before = np.min(loss[: -thresholds.patience])
    return before - np.min(loss[-thresholds.patience :]) < thresholds.flat * abs(before)


def _of_gradients(what, layers, how, advice):
    if not layers:
        return None
    return (
        f"{what} gradients: those of {_listed(layers)} are {how} than those of the last layer. "
        f"{advice}"
    )


def _ratios(sizes):
    """Return pairs of a layer and its gradients' size over that of the last layer."""
    sizes = {layer: size for layer, size in sizes.items() if math.isfinite(size)}
    last = list(sizes.values())[-1] if sizes else 0
    return [(layer, size / last) for layer, size in sizes.items()] if last > 0 else []


def _listed(layers):
    return _enumerated([repr(_short(layer)) for layer in layers])


def _enumerated(words):
    if len(words) > 6:
        words = [*words[:5], f"{len(words) - 5} layers more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _short(layer):
    return layer.rpartition("/")[2]
