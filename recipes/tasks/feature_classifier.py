"""A small classifier of the images of a data set, for features to compare images in.

The classifier has no variables, no layers and no generator of random numbers: it is a pure function
of the training split, so that to evaluate a model leaves the model, its seeds and the names of
Keras's layers as they were.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..errors import RecipeError

NUM_FEATURES = 32

# More do not sharpen a classifier that is trained for so short a time.
_MAXIMUM_EXAMPLES = 20_000
_WIDTHS = (16, 32, 64)
_BATCH_SIZE = 64
_NUM_STEPS = 400
_LEARNING_RATE = 2e-3
_SEED = 20170626
_CHUNK = 500

# From the fingerprint of a data set to what `_trained` gives: a few tens of kilobytes each.
_classifiers = {}


def features(splits, images):
    """Return features of raw images by our own classifier of a data set.

    A convolutional network of three 3x3 layers and a hidden layer of 32 units is trained on the
    training split with a fixed seed, once a process and data set, in seconds. The features are its
    hidden layer, divided by one number, so that over the training split their variance is 1 in
    the mean: a generator that always gives one image is at a distance of about 32 or more.

    Args:
        splits: `Splits` of images with classes.
        images: array `(n, *splits.input_shape)` of raw images, as `splits` has them.

    Returns:
        Array `(n, 32)` of float64.

    Raises:
        RecipeError: the data has no classes or is no set of images, or the images are of another
            shape.
    """
    images = np.asarray(images)
    if images.shape[1:] != tuple(splits.input_shape):
        raise RecipeError(
            "`images` of feature_classifier.features must be of shape "
            f"(n, *{tuple(splits.input_shape)}), as {splits.name!r} has them. "
            f"Received: shape {images.shape}."
        )
    weights, scaling, spread = _classifier(splits)
    return _hidden_in_chunks(weights, scaling, images) / spread


def accuracy(splits, images, labels) -> float:
    """Return how often the classifier behind `features` is right, in [0, 1].

    Its distances mean something only where it has learned something.
    """
    weights, scaling, _ = _classifier(splits)
    hidden = _hidden_in_chunks(weights, scaling, images)
    logits = hidden @ weights["logits"] + weights["logits_bias"]
    return float(np.mean(logits.argmax(axis=1) == labels))


def probabilities(splits, images):
    """Return the classes that the classifier behind `features` sees in raw images.

    Args:
        splits: as in `features`.
        images: as in `features`.

    Returns:
        Array `(n, num_classes)` of float64, each row summing to 1.
    """
    weights, scaling, _ = _classifier(splits)
    hidden = _hidden_in_chunks(weights, scaling, np.asarray(images))
    logits = hidden @ weights["logits"] + weights["logits_bias"]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _classifier(splits):
    if splits.fingerprint not in _classifiers:
        _classifiers[splits.fingerprint] = _trained(splits)
    return _classifiers[splits.fingerprint]


def _trained(splits):
    if splits.class_names is None or len(splits.input_shape) != 3:
        raise RecipeError(
            f"Data set {splits.name!r} must be images with classes, for the classifier that "
            "the Fréchet distance is taken in. Received: inputs of shape "
            f"{splits.input_shape} and {'no ' if splits.class_names is None else ''}classes."
        )
    split = splits.train
    count = min(split.num_examples, _MAXIMUM_EXAMPLES)
    images, labels = split.examples(np.arange(count) * split.num_examples // count)
    images, labels = images[labels >= 0], labels[labels >= 0].astype("int32")
    scaling = (float(images.mean()), float(images.std()) + 1e-6)
    weights = _train(
        _initial(splits.input_shape, len(splits.class_names)),
        tf.constant((images - scaling[0]) / scaling[1], tf.float32),
        tf.constant(labels),
    )
    weights = {name: value.numpy() for name, value in weights.items()}
    # One number for all of them: a unit that hardly ever answers must not become a loud one.
    spread = np.sqrt(_hidden_in_chunks(weights, scaling, images).var(axis=0).mean() + 1e-12)
    return weights, scaling, spread


def _initial(input_shape, num_classes):
    random = np.random.default_rng(_SEED)

    def he_normal(*shape):
        return (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype("float32")

    weights = {}
    num_channels = input_shape[-1]
    for number, width in enumerate(_WIDTHS, start=1):
        weights[f"conv{number}"] = he_normal(3, 3, num_channels, width)
        weights[f"conv{number}_bias"] = np.zeros(width, "float32")
        num_channels = width
    weights["hidden"] = he_normal(4 * num_channels, NUM_FEATURES)
    weights["hidden_bias"] = np.zeros(NUM_FEATURES, "float32")
    weights["logits"] = he_normal(NUM_FEATURES, num_classes) * 0.1
    weights["logits_bias"] = np.zeros(num_classes, "float32")
    return {name: tf.constant(value) for name, value in weights.items()}


def _hidden(weights, images):
    """Return `(batch, 32)` from standardised images `(batch, height, width, channels)`."""
    while max(images.shape[1:3]) > 32:
        images = tf.nn.avg_pool2d(images, 2, 2, "SAME")  # or large ones would take minutes
    for number in range(1, len(_WIDTHS) + 1):
        images = tf.nn.conv2d(images, weights[f"conv{number}"], 1, "SAME")
        images = tf.nn.relu(images + weights[f"conv{number}_bias"])
        # Averages and not strides: moved by a pixel, an image nearly keeps its features.
        if min(images.shape[1:3]) > 4:
            images = tf.nn.avg_pool2d(images, 2, 2, "SAME")
    # The mean of each quarter: where a stroke is matters, in digits most of all.
    height, width = (-(-side // 2) for side in images.shape[1:3])
    quarters = [
        tf.reduce_mean(quarter, axis=(1, 2))
        for rows in (images[:, :height], images[:, -height:])
        for quarter in (rows[:, :, :width], rows[:, :, -width:])
    ]
    pooled = tf.concat(quarters, axis=-1)
    return tf.nn.relu(pooled @ weights["hidden"] + weights["hidden_bias"])


def _hidden_in_chunks(weights, scaling, images):
    chunks = [
        _hidden(
            weights, tf.constant((images[i : i + _CHUNK] - scaling[0]) / scaling[1], tf.float32)
        )
        for i in range(0, len(images), _CHUNK)
    ]
    return np.concatenate([np.zeros((0, NUM_FEATURES)), *chunks]).astype("float64")


@tf.function
def _train(weights, images, labels):
    """Return the weights after `_NUM_STEPS` steps of Adam, written out since it has no state."""
    num_examples = tf.shape(labels)[0]
    zeros = {name: tf.zeros_like(value) for name, value in weights.items()}

    def step(number, weights, means, squares):
        batch = tf.random.stateless_uniform(
            (_BATCH_SIZE,), (_SEED, number), maxval=num_examples, dtype=tf.int32
        )
        with tf.GradientTape() as tape:
            tape.watch(weights)
            hidden = _hidden(weights, tf.gather(images, batch))
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.gather(labels, batch), hidden @ weights["logits"] + weights["logits_bias"]
            )
        gradients = tape.gradient(loss, weights)
        time = tf.cast(number, tf.float32)
        rate = _LEARNING_RATE * (1 - time / _NUM_STEPS)
        rate *= tf.sqrt(1 - 0.999 ** (time + 1)) / (1 - 0.9 ** (time + 1))
        means = {n: 0.9 * means[n] + 0.1 * g / _BATCH_SIZE for n, g in gradients.items()}
        squares = {
            n: 0.999 * squares[n] + 0.001 * tf.square(g / _BATCH_SIZE) for n, g in gradients.items()
        }
        weights = {
            n: w - rate * means[n] / (tf.sqrt(squares[n]) + 1e-8) for n, w in weights.items()
        }
        return number + 1, weights, means, squares

    return tf.while_loop(
        lambda number, *_: number < _NUM_STEPS, step, (tf.constant(0), weights, zeros, zeros)
    )[1]
