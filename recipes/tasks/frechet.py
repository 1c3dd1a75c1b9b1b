"""How far generated images are from real ones: the Fréchet distance in our own features.

Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
equilibrium", https://arxiv.org/abs/1706.08500, fit a Gaussian to the features of real images and
one to those of generated images, and take the Fréchet distance of the two. Their features are those
of a certain Inception network, trained on ImageNet; only with it is the figure an "FID". Ours are
those of `feature_classifier`, trained here on the labelled training split. So the figures of this
file compare generators on one data set with each other, and with no paper.
"""

from __future__ import annotations

import numpy as np

from ..data.splits import Spec
from ..errors import RecipeError


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
