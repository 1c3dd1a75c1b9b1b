"""Losses that Keras lacks, as small classes. All of them take logits and leave out targets of -1.

A target of -1 stands for what is not to be learned: the rim of an object that nobody could draw, or
padding. Where logits are fewer than targets, as behind convolutions without padding, the targets in
the middle count.

Under several replicas each loss is that of the whole batch: what a mean divides by is added up over
all of them, since one replica may have more targets that count than another.
"""

import keras
from keras import ops

from .replicas import num_replicas, total

IGNORED = -1
_OF_A_LOSS = ("name", "reduction")
_MEANS = ("mean", "sum_over_batch_size")


class _OfTheWholeBatch(keras.losses.Loss):
    """A loss whose `call` gives one number for the batch of all replicas."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return this replica's share of the number; Keras shares out means only."""
        return super().__call__(y_true, y_pred, sample_weight) / num_replicas()


def middle(targets, like):
    """Return the middle of masks, as large as the logits or labels of a network without padding.

    Args:
        targets: tensor or array `(batch, height, width)`; of another rank, nothing is cut.
        like: tensor or array whose axes 1 and 2 are as long or shorter, by even numbers.
    """
    if len(targets.shape) != 3 or tuple(targets.shape[1:3]) == tuple(like.shape[1:3]):
        return targets
    top, left = ((t - n) // 2 for t, n in zip(targets.shape[1:3], like.shape[1:3], strict=True))
    return targets[:, top : top + like.shape[1], left : left + like.shape[2]]


@keras.saving.register_keras_serializable("kerasrecipes")
class CrossEntropy(keras.losses.SparseCategoricalCrossentropy):
    """The mean cross-entropy of the targets that count, from logits; nothing to set."""

    def __init__(self, name="cross_entropy", **kwargs):
        """Set up; `kwargs` are `reduction` and `dtype` of `keras.losses.Loss`."""
        super().__init__(from_logits=True, ignore_class=IGNORED, name=name, **kwargs)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the mean over what counts in the batch of all replicas; this one's share of it."""
        loss = super().__call__(y_true, y_pred, sample_weight)
        if num_replicas() == 1 or self.reduction not in _MEANS:
            return loss
        counted = ops.sum(ops.cast(middle(y_true, y_pred) != IGNORED, loss.dtype))
        return ops.divide_no_nan(total(loss * counted), total(counted))

    def call(self, y_true, y_pred):
        """Return `(batch, ...)`, 0 where a target does not count; arguments as those of `Dice`."""
        return super().call(middle(y_true, y_pred), y_pred)

    def get_config(self):
        """Return what makes an equal loss."""
        return {key: super(CrossEntropy, self).get_config()[key] for key in _OF_A_LOSS}


@keras.saving.register_keras_serializable("kerasrecipes")
class ClassCrossEntropy(keras.losses.SparseCategoricalCrossentropy):
    """The cross-entropy of one class an example, or of a distribution over them, from logits.

    Keras has one loss for classes and another for distributions; mixed and smoothed targets of
    training and plain ones of validation meet in one fit.
    """

    def __init__(self, name="sparse_categorical_crossentropy", **kwargs):
        """Set up; `kwargs` are `reduction` and `dtype` of `keras.losses.Loss`."""
        super().__init__(from_logits=True, name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Return `(batch,)`.

        Args:
            y_true: classes `(batch,)` of any dtype, or distributions `(batch, num_classes)`.
            y_pred: logits `(batch, num_classes)`.
        """
        if are_distributions(y_true, y_pred):
            return ops.categorical_crossentropy(y_true, y_pred, from_logits=True)
        return super().call(y_true, y_pred)

    def get_config(self):
        """Return what makes an equal loss."""
        return {key: super(ClassCrossEntropy, self).get_config()[key] for key in _OF_A_LOSS}


def are_distributions(targets, logits):
    """Return whether targets are distributions over classes, and not the classes themselves."""
    return len(targets.shape) == len(logits.shape) and targets.shape[-1] == logits.shape[-1] > 1


@keras.saving.register_keras_serializable("kerasrecipes")
class Dice(_OfTheWholeBatch):
    """Soft Dice loss: one minus the overlap of each class, whatever its size.

    With the probabilities p of a class (the softmax of the logits) and its mask g, both summed over
    all pixels of a batch,

        D = (2 sum p g + epsilon) / (sum p^2 + sum g^2 + epsilon)

    and the loss is 1 minus the mean of D over the classes.

    Source: Milletari, Navab and Ahmadi 2016, "V-Net", https://arxiv.org/abs/1606.04797, section 3,
    which has two classes and no `epsilon`; `keras.losses.Dice` takes probabilities, does not
    square, and cannot leave targets out.

    A class that is not in the batch has D = epsilon / (sum p^2 + epsilon): it is 1 once the class
    is not predicted.
    """

    def __init__(self, epsilon=1.0, name="dice", **kwargs):
        """Set up.

        Args:
            epsilon: float > 0, in pixels: keeps the fraction and its gradient finite where a class
                is absent. Defaults to 1.
            name: str. Defaults to "dice".
            **kwargs: `reduction` and `dtype` of `keras.losses.Loss`.
        """
        super().__init__(name=name, **kwargs)
        self.epsilon = epsilon

    def call(self, y_true, y_pred):
        """Return a scalar in [0, 1).

        Args:
            y_true: `(batch, ...)` of classes, -1 where a pixel does not count.
            y_pred: logits `(batch, ..., num_classes)`.
        """
        num_classes = y_pred.shape[-1]
        labels = ops.reshape(ops.cast(middle(y_true, y_pred), "int32"), (-1,))
        probabilities = ops.softmax(ops.reshape(y_pred, (-1, num_classes)))
        counted = ops.cast(ops.expand_dims(labels != IGNORED, -1), probabilities.dtype)
        probabilities *= counted
        # A label of -1 has no 1 in its row.
        masks = ops.one_hot(labels, num_classes, dtype=probabilities.dtype)
        overlap = total(ops.sum(probabilities * masks, axis=0))
        sizes = total(ops.sum(ops.square(probabilities), axis=0) + ops.sum(masks, axis=0))
        return 1 - ops.mean((2 * overlap + self.epsilon) / (sizes + self.epsilon))

    def get_config(self):
        """Return what makes an equal loss."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("kerasrecipes")
class CrossEntropyDice(Dice):
    """The mean cross-entropy of the pixels plus the Dice loss of the classes.

    The cross-entropy has the steadier gradient at the beginning, Dice counts a small class like a
    large one (as in Isensee et al. 2021, "nnU-Net", https://doi.org/10.1038/s41592-020-01008-z,
    online methods).
    """

    def __init__(self, epsilon=1.0, name="cross_entropy_dice", **kwargs):
        """Set up as `Dice`."""
        super().__init__(epsilon, name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Return a scalar of at least 0; arguments as those of `Dice`."""
        labels = middle(y_true, y_pred)
        counted = ops.cast(labels != IGNORED, y_pred.dtype)
        entropy = ops.sparse_categorical_crossentropy(
            ops.where(labels == IGNORED, ops.zeros_like(labels), labels), y_pred, from_logits=True
        )
        # At least one, so that a batch without a single counted pixel has a loss of 0, and not NaN.
        mean = total(ops.sum(entropy * counted)) / ops.maximum(total(ops.sum(counted)), 1)
        return mean + super().call(labels, y_pred)


@keras.saving.register_keras_serializable("kerasrecipes")
class SmoothedCrossEntropy(_OfTheWholeBatch):
    """The mean cross-entropy of the targets that count, with a share of each spread over all.

    Of a target y among n classes `(1 - share) (-log p_y) + share / n (sum of -log p)`.

    Source: Szegedy et al. 2016, "Rethinking the Inception architecture", section 7,
    https://arxiv.org/abs/1512.00567. Keras's `CategoricalCrossentropy` of the same takes one-hot
    targets, which 37,000 tokens make large.
    """

    def __init__(self, share=0.1, name="smoothed_cross_entropy", **kwargs):
        """Set up.

        Args:
            share: float in [0, 1), what is spread. Defaults to 0.1.
            name: str. Defaults to "smoothed_cross_entropy".
            **kwargs: `reduction` and `dtype` of `keras.losses.Loss`.
        """
        super().__init__(name=name, **kwargs)
        self.share = share

    def call(self, y_true, y_pred):
        """Return a scalar of at least 0.

        Args:
            y_true: `(batch, ...)` of classes, -1 where a target does not count.
            y_pred: logits `(batch, ..., num_classes)`.
        """
        labels = ops.cast(y_true, "int32")
        counted = ops.cast(labels != IGNORED, y_pred.dtype)
        right = ops.sparse_categorical_crossentropy(
            ops.where(labels == IGNORED, 0, labels), y_pred, from_logits=True
        )
        spread = ops.logsumexp(y_pred, axis=-1) - ops.mean(y_pred, axis=-1)
        entropy = (1 - self.share) * right + self.share * spread
        # At least one, so that a batch in which no target counts has a loss of 0, and not NaN.
        return total(ops.sum(entropy * counted)) / ops.maximum(total(ops.sum(counted)), 1)

    def get_config(self):
        """Return what makes an equal loss."""
        return {**super().get_config(), "share": self.share}
