"""How far generated images are from real ones: the Fréchet distance in our own features.

Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
equilibrium", https://arxiv.org/abs/1706.08500, fit a Gaussian to the features of real images and
one to those of generated images, and take the Fréchet distance of the two. Their features are those
of a certain Inception network, trained on ImageNet; only with it is the figure an "FID". Ours are
those of a small classifier, trained here on the labelled training split for a few seconds. So the
figures of this file compare generators on one data set with each other, and with no paper.

The classifier has no variables, no layers and no generator of random numbers: it is a pure function
of the training split, so that to evaluate a model leaves the model, its seeds and the names of
Keras's layers as they were.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..data.splits import Spec
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


def frechet_distance(a, b) -> float:
    """Return the squared Fréchet distance of the Gaussians that fit two sets of features.

    Heusel et al. 2017, equation 6, with the unbiased covariances of the sets. As any such estimate
    it is too large for small sets: compare figures of equally many examples.

    Args:
        a: array `(n, d)` of float, n >= 2.
        b: array `(m, d)` of float, m >= 2; n and m may differ.

    Returns:
        A float >= 0 in squared units of the features; 0 where the means and covariances are equal.

    Raises:
        RecipeError: the shapes do not fit, or a value is not finite.

    >>> a = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> round(frechet_distance(a, a + [3.0, 4.0]), 9)
    25.0
    """
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    for name, features in (("a", a), ("b", b)):
        if features.ndim != 2 or len(features) < 2 or features.shape[1] != b.shape[-1]:
            raise RecipeError(
                "The features of frechet.frechet_distance must be two arrays (examples, features) "
                f"of equally many features and at least 2 examples. Received: shapes {a.shape} "
                f"and {b.shape}."
            )
        if not np.isfinite(features).all():
            raise RecipeError(
                f"`{name}` of frechet.frechet_distance must be finite. Received: "
                f"{np.count_nonzero(~np.isfinite(features))} values that are not."
            )
    return gaussian_distance(
        a.mean(axis=0), np.cov(a, rowvar=False), b.mean(axis=0), np.cov(b, rowvar=False)
    )


def gaussian_distance(mean_a, covariance_a, mean_b, covariance_b) -> float:
    """Return the squared Fréchet distance of two Gaussians.

    `|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))`: Dowson and Landau 1982, "The Fréchet
    distance between multivariate normal distributions".

    Args:
        mean_a: array `(d,)`.
        covariance_a: symmetric array `(d, d)`, which may be singular.
        mean_b: as `mean_a`.
        covariance_b: as `covariance_a`.

    >>> round(gaussian_distance([0.0], [[4.0]], [1.0], [[9.0]]), 9)
    2.0
    """
    covariance_a, covariance_b = np.atleast_2d(covariance_a), np.atleast_2d(covariance_b)
    # The eigenvalues of C_a C_b are the squares of the singular values of C_a^(1/2) C_b^(1/2). So
    # the trace needs no root of a matrix that is not symmetric, nor of one that is nearly singular.
    roots = _root(covariance_a) @ _root(covariance_b)
    shared = np.linalg.svd(roots, compute_uv=False).sum()
    distance = np.sum(np.square(np.subtract(mean_a, mean_b)))
    distance += np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared
    return float(max(distance, 0.0))


def _root(covariance):
    values, vectors = np.linalg.eigh(covariance)
    # Rounding makes eigenvalues of 0 slightly negative.
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


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
            f"`images` of frechet.features must be of shape (n, *{tuple(splits.input_shape)}), as "
            f"{splits.name!r} has them. Received: shape {images.shape}."
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


def independent_pixels(images, count, *, seed):
    """Return images without structure: each pixel drawn from that pixel of real images.

    The trivial generator. Every pixel has the very distribution of the real ones, and none knows
    of another.

    Args:
        images: array `(n, height, width, channels)` of real images.
        count: int >= 1, how many to draw.
        seed: int >= 0.

    Returns:
        Array `(count, height, width, channels)` of the dtype of `images`.
    """
    flat = np.reshape(images, (len(images), -1))
    rows = np.random.default_rng(seed).integers(len(flat), size=(count, flat.shape[1]))
    return np.take_along_axis(flat, rows, axis=0).reshape(count, *np.shape(images)[1:])


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


def check_measurable(recipe, splits, learning, model):
    """Check that samples can be measured on data, and that a recipe leaves scaling to the model.

    Args:
        recipe: `Recipe`.
        splits: `Splits`.
        learning: str, what images are wanted for, as a sentence names it.
        model: str, what scales them, as a sentence names it.

    Raises:
        RecipeError: the inputs are no images or have no classes, or the recipe normalises them.
    """
    if not isinstance(splits.inputs, Spec) or len(splits.inputs.shape) != 3:
        raise RecipeError(
            f"The inputs of {splits.name!r} must be images for {learning}. "
            f"Received: {splits.inputs}."
        )
    if splits.class_names is None:
        raise RecipeError(
            f"The images of {splits.name!r} must have classes, which the samples are measured "
            "with. Received: real values as targets."
        )
    if recipe.normalize is not None:
        raise RecipeError(
            f"`normalize` of recipe {recipe.name!r} must be None, since {model} takes raw images "
            "and scales them itself. Received: a layer."
        )


def spread(num_examples, count):
    """Return the numbers of at most `count` examples, evenly spread over all of them."""
    count = min(count, num_examples)
    return np.arange(count) * num_examples // count
