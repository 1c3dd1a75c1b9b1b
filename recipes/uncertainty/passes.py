"""A classifier's answers: once, and many times with dropout on."""

import numpy as np

from ...callbacks.dropout_passes import DropoutPasses
from ..data.indexed import IndexedSplit
from ..errors import check_at_least
from ..recipe_faults import check_dropout
from .figures import probabilities_of

BATCH_SIZE = 256


def mc_dropout(model, inputs, *, num_passes=50, seed=0, batch_size=BATCH_SIZE):
    """Return the probabilities of a classifier over many passes with dropout on.

    Dropout alone is switched on, and the model is left as it is, bit for bit. What depends on no
    dropout runs once, see `kerasrecipes.callbacks.dropout_passes`.

    Source: Gal and Ghahramani 2016, https://arxiv.org/abs/1506.02142.

    Args:
        model: `keras.Model` from raw input to logits `(batch, classes)`.
        inputs: array `(examples, ...)`, or a `Split`.
        num_passes: int >= 1; 25 to 100 are usual. Defaults to 50.
        seed: int in [0, 2^31), decides what is dropped. Defaults to 0.
        batch_size: int >= 1. What is dropped depends on it. Defaults to 256.

    Returns:
        Float array `(passes, examples, classes)`.

    Raises:
        RecipeError: the model has no dropout, or an argument is out of its range.
    """
    check_at_least("uncertainty.mc_dropout", 1, num_passes=num_passes, batch_size=batch_size)
    check_dropout(model)
    passes = DropoutPasses(model, num_passes)
    return probabilities_of(passes.over(batches(inputs, batch_size), seed))


def logits(model, inputs, *, batch_size=BATCH_SIZE):
    """Return the logits of a classifier with dropout off, a float64 array `(examples, classes)`."""
    return model.predict(batches(inputs, batch_size), verbose=0).astype(np.float64)


def probabilities(model, inputs, *, batch_size=BATCH_SIZE):
    """Return the probabilities of a classifier with dropout off, as the one pass that it is.

    Args:
        model: `keras.Model` from raw input to logits `(batch, classes)`.
        inputs: array `(examples, ...)`, or a `Split`.
        batch_size: int >= 1. Defaults to 256.

    Returns:
        Float array `(1, examples, classes)`.
    """
    return probabilities_of(logits(model, inputs, batch_size=batch_size))[None]


def batches(inputs, batch_size):
    """Return the inputs of a split, or an array of them, as batches of tensors."""
    if isinstance(inputs, np.ndarray):
        inputs = IndexedSplit(inputs=inputs, targets=np.zeros(len(inputs), np.int64))
    return inputs.ordered(batch_size).map(lambda x, _: x)
