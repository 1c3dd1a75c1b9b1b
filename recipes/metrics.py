"""Metrics for which Keras needs more than a name, and the same figures from a table of counts."""

import keras
import numpy as np
from keras import ops

from .losses import IGNORED, are_distributions, middle


@keras.saving.register_keras_serializable("kerasrecipes")
class MeanIoU(keras.metrics.MeanIoU):
    """Mean intersection over union of the classes, from logits; targets of -1 are not counted.

    Keras's metric, which a class that is neither there nor predicted does not weigh on, and of
    logits that are fewer than the targets the targets in the middle (`losses.middle`).
    """

    def __init__(self, num_classes, name="mean_iou", dtype="int64", **kwargs):
        """Set up.

        Args:
            num_classes: int.
            name: str. Defaults to "mean_iou".
            dtype: str, of the counts. Defaults to "int64": Keras counts in 32 bits, which two
                thousand megapixels an epoch turn negative.
            **kwargs: what `keras.metrics.MeanIoU` has beside; set here.
        """
        kwargs |= {"ignore_class": IGNORED, "sparse_y_true": True, "sparse_y_pred": False}
        super().__init__(num_classes, name=name, dtype=dtype, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count targets `(batch, height, width)` and logits `(batch, ..., num_classes)`."""
        return super().update_state(middle(y_true, y_pred), y_pred, sample_weight)


@keras.saving.register_keras_serializable("kerasrecipes")
class ClassAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """How often the largest logit is that of the right class, or of the likeliest of a mixture."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count classes `(batch,)` or distributions `(batch, num_classes)`, and logits."""
        if are_distributions(y_true, y_pred):
            y_true = ops.argmax(y_true, axis=-1)
        return super().update_state(y_true, y_pred, sample_weight)


def count(targets, labels, num_classes):
    """Count which class was taken for which.

    Args:
        targets: int array of any shape, -1 where a target does not count.
        labels: int array of the same shape, in [0, num_classes).
        num_classes: int.

    Returns:
        int64 array `(num_classes, num_classes)`, truth along the rows.

    >>> count(np.array([0, 1, 1, -1]), np.array([0, 0, 1, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    counted = targets != IGNORED
    cells = targets[counted].astype(np.int64) * num_classes + labels[counted]
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def iou_by_class(counts):
    """Return intersection over union of each class, NaN where it is neither there nor predicted.

    Jaccard 1912; as the "IU" of Long, Shelhamer and Darrell 2015,
    https://arxiv.org/abs/1411.4038, section 5.

    Args:
        counts: array `(num_classes, num_classes)`, truth along the rows.

    >>> iou_by_class(np.array([[1, 0], [1, 1]])).tolist()
    [0.5, 0.5]
    """
    hits = np.diagonal(counts).astype(float)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    return np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)


def pixel_accuracy(counts):
    """Return the share of targets that were met, NaN where there are none.

    Args:
        counts: array `(num_classes, num_classes)`, truth along the rows.

    >>> pixel_accuracy(np.array([[1, 0], [1, 2]]))
    0.75
    """
    total = counts.sum()
    return float(np.trace(counts) / total) if total else float("nan")


@keras.saving.register_keras_serializable("kerasrecipes")
class TokenAccuracy(keras.metrics.Mean):
    """The share of targets that the likeliest class meets; targets of -1 are not counted."""

    def __init__(self, name="token_accuracy", **kwargs):
        """Set up; `kwargs` are those of `keras.metrics.Mean`."""
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count targets `(batch, ...)` and logits `(batch, ..., num_classes)`."""
        met, counted = _met(y_true, y_pred)
        return super().update_state(met, sample_weight=ops.cast(counted, "float32"))


@keras.saving.register_keras_serializable("kerasrecipes")
class ExactMatch(keras.metrics.Mean):
    """The share of texts whose every target the likeliest class meets; -1 is not counted.

    With the true tokens before each as input, as in training, it is that of greedy decoding too: up
    to its first mistake, decoding has the true tokens before it.
    """

    def __init__(self, name="exact_match", **kwargs):
        """Set up; `kwargs` are those of `keras.metrics.Mean`."""
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count texts `(batch, length)` and logits `(batch, length, num_classes)`."""
        met, counted = _met(y_true, y_pred)
        return super().update_state(ops.all(ops.logical_or(met, ops.logical_not(counted)), axis=-1))


def _met(targets, logits):
    targets = ops.cast(targets, "int32")
    return ops.argmax(logits, axis=-1) == targets, targets != IGNORED
