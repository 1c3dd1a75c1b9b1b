"""Test-time augmentation: a classifier asked about several views of each example."""

import numpy as np
import tensorflow as tf

from ..errors import RecipeError, check_at_least
from .figures import probabilities_of
from .passes import BATCH_SIZE, batches


def augmented(model, inputs, augment, *, num_passes=10, seed=0, batch_size=BATCH_SIZE):
    """Return the probabilities of a classifier for augmented views of each example.

    Their mean is the prediction. Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet
    classification with deep convolutional neural networks", section 4.1.

    Args:
        model: `keras.Model` from raw input to logits `(batch, classes)`.
        inputs: array `(examples, ...)`, or a `Split`.
        augment: tuple of functions `(inputs, targets, seed) -> (inputs, targets)`, as a recipe has
            them.
        num_passes: int >= 1, views of each example. Defaults to 10.
        seed: int in [0, 2^31), decides the views. Defaults to 0.
        batch_size: int >= 1. The views depend on it. Defaults to 256.

    Returns:
        Float array `(passes, examples, classes)`.

    Raises:
        RecipeError: there is nothing to augment by, or an argument is out of its range.
    """
    check_at_least("uncertainty.augmented", 1, num_passes=num_passes, batch_size=batch_size)
    if not augment:
        raise RecipeError(
            "`augment` of uncertainty.augmented must hold a function. Received: none. Give those "
            "of `kerasrecipes.recipes.data.augment`, such as (affine(shift=0.05),)."
        )

    @tf.function(autograph=False, reduce_retracing=True)
    def view(batch, number):
        targets = tf.zeros(tf.shape(batch)[:1], tf.int64)
        for place, function in enumerate(augment):
            key = tf.stack([tf.constant(seed, tf.int64), number * len(augment) + place])
            batch, targets = function(batch, targets, key)
        return tf.cast(model(batch, training=False), tf.float32)

    answers = []
    for first, batch in enumerate(batches(inputs, batch_size)):
        numbers = range(first * num_passes, (first + 1) * num_passes)
        answers.append(np.stack([view(batch, tf.constant(number, tf.int64)) for number in numbers]))
    return probabilities_of(np.concatenate(answers, axis=1))
