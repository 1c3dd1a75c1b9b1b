"""What is known of a loss before anything is learned."""

import dataclasses
import math

import keras
import numpy as np
from keras import ops

from ..losses import CrossEntropy, CrossEntropyDice, Dice, SmoothedCrossEntropy
from .finding import NotApplicable

_losses = keras.losses

# By class, for those that are named by a text or given as a function.
_CLASSES = {
    _losses.sparse_categorical_crossentropy: _losses.SparseCategoricalCrossentropy,
    _losses.categorical_crossentropy: _losses.CategoricalCrossentropy,
    _losses.binary_crossentropy: _losses.BinaryCrossentropy,
    _losses.mean_squared_error: _losses.MeanSquaredError,
    _losses.mean_absolute_error: _losses.MeanAbsoluteError,
    _losses.huber: _losses.Huber,
}
_ENTROPIES = (
    _losses.SparseCategoricalCrossentropy,
    _losses.CategoricalCrossentropy,
    SmoothedCrossEntropy,
)
_DISTANCES = (_losses.MeanSquaredError, _losses.MeanAbsoluteError, _losses.Huber)
# They are made of logits, and have no option that says so.
_OF_LOGITS = (CrossEntropy, Dice, CrossEntropyDice, SmoothedCrossEntropy)


@dataclasses.dataclass(frozen=True)
class Theory:
    """What is known of a loss on a batch.

    Attributes:
        name: str, the loss.
        first: float or None, its value before learning, where that is known.
        why: str, where `first` comes from.
        least: float or None, the value of a perfect answer, where that is known.
    """

    name: str
    first: float | None = None
    why: str = ""
    least: float | None = None


def loss_of(model):
    """Return the one loss that a model is compiled with, as a `keras.losses.Loss` or a function.

    Raises:
        NotApplicable: it has none, several, or makes its loss itself.
    """
    loss = model.loss
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, (list, tuple)):
        loss = loss[0] if len(loss) == 1 else [one for one in loss if one is not None]
    if loss is None or type(model).compute_loss is not keras.Model.compute_loss:
        raise NotApplicable("the model makes its loss itself, and compares no answer with a target")
    if isinstance(loss, list):
        raise NotApplicable(f"the model has {len(loss)} losses")
    return keras.losses.get(loss)


def value(loss, y, answers):
    """Return a loss as a float."""
    return float(ops.mean(loss(ops.convert_to_tensor(y), answers)))


def takes_logits(loss):
    """Return whether a loss takes logits; None where it takes neither logits nor probabilities."""
    if isinstance(loss, _OF_LOGITS):
        return True
    kind = _CLASSES.get(loss, type(loss))
    if issubclass(kind, (*_ENTROPIES, _losses.BinaryCrossentropy)):
        return bool(getattr(loss, "from_logits", False))
    return None


def over_classes(loss):
    """Return whether a loss takes a distribution over classes, along the last axis."""
    kind = _CLASSES.get(loss, type(loss))
    return issubclass(kind, (*_ENTROPIES, Dice))


def theory(loss, y, answers):
    """Return the `Theory` of a loss on a batch.

    A cross-entropy of n classes begins at ln n, since a model that knows nothing gives each the
    probability 1/n, and a binary one at ln 2. A distance from real values begins where answering
    all examples alike does, with the mean of the untrained answers: for squared errors the variance
    of the targets around it.

    Source: Karpathy 2019, "A recipe for training neural networks", "verify loss at init".

    Args:
        loss: as `loss_of` gives it.
        y: array of targets `(batch, ...)`.
        answers: tensor of an untrained model's answers.
    """
    kind = _CLASSES.get(loss, type(loss))
    name = getattr(loss, "name", getattr(loss, "__name__", kind.__name__)).replace("_", " ")
    if issubclass(kind, _ENTROPIES):
        n = answers.shape[-1]
        return Theory(name, math.log(n), f"ln {n} of {n} equal classes", _entropy(loss, kind, y, n))
    if issubclass(kind, _losses.BinaryCrossentropy):
        share = getattr(loss, "label_smoothing", 0.0)
        p = np.asarray(y, "float64") * (1 - share) + share / 2
        least = float(np.mean(_plogp(p) + _plogp(1 - p)))
        return Theory(name, math.log(2), "ln 2 of two equal classes", least)
    if issubclass(kind, _DISTANCES):
        alike = ops.zeros_like(answers) + ops.mean(answers, axis=0, keepdims=True)
        why = "of answering all alike, with the mean of the untrained answers"
        if issubclass(kind, _losses.MeanSquaredError):
            why = "the variance of the targets around the mean of the untrained answers"
        return Theory(name, value(loss, y, alike), why, 0.0)
    return Theory(name)


def _entropy(loss, kind, y, n):
    """Return the entropy of the targets, which no answer gets below."""
    if issubclass(kind, SmoothedCrossEntropy):
        share = loss.share
        return float(_plogp(1 - share + share / n) + (n - 1) * _plogp(share / n))
    if issubclass(kind, _losses.SparseCategoricalCrossentropy):
        return 0.0
    share = getattr(loss, "label_smoothing", 0.0)
    p = np.asarray(y, "float64") * (1 - share) + share / n
    return float(np.mean(np.sum(_plogp(p), axis=-1)))


def _plogp(p):
    p = np.asarray(p, "float64")
    return -p * np.log(np.where(p > 0, p, 1.0))
