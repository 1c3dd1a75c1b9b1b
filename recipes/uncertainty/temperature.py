"""Temperature scaling: one number that makes a classifier as sure as it is right."""

import numpy as np

from ..errors import RecipeError
from .figures import probabilities_of

# A classifier that is no better than a guess would be scaled to no certainty at all.
RANGE = (0.01, 100.0)


def fit_temperature(logits, labels):
    """Return the temperature with the least negative log-likelihood.

    Source: Guo et al. 2017, "On calibration of modern neural networks",
    https://arxiv.org/abs/1706.04599, section 4.2. The likelihood is convex in the inverse of the
    temperature, so halving an interval finds its minimum.

    Args:
        logits: float array `(examples, classes)` of the validation split: never of the training
            split, on which a network is surer than elsewhere, nor of the test split.
        labels: int array `(examples,)`.

    Returns:
        Float in [0.01, 100]; above 1 where the classifier was too sure. It is 1 where each label is
        the likeliest class: the surer the better then, which says nothing of other examples.

    Raises:
        RecipeError: there are no examples, or the arrays do not fit one another.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise RecipeError(
            "`logits` of fit_temperature must be (examples, classes), the examples as many as the "
            f"labels, and at least one. Received: {logits.shape} and labels of {labels.shape}."
        )
    likely = logits[np.arange(len(labels)), labels]
    if np.all(likely == logits.max(axis=1)):
        return 1.0
    low, high = 1 / RANGE[1], 1 / RANGE[0]
    # In logarithms, since the range spans four decades.
    for _ in range(100):
        middle = np.sqrt(low * high)
        mean = np.sum(probabilities_of(middle * logits) * logits, axis=1)
        slope = np.mean(mean - likely)  # of the likelihood, by the inverse of the temperature
        low, high = (middle, high) if slope < 0 else (low, middle)
    return float(1 / np.sqrt(low * high))


def scale(logits, temperature):
    """Return the probabilities of scaled logits; the likeliest class stays the same.

    Args:
        logits: float array `(..., classes)`.
        temperature: float > 0.

    Raises:
        RecipeError: the temperature is not above 0.
    """
    if not temperature > 0:
        raise RecipeError(
            f"`temperature` of uncertainty.scale must be above 0. Received: {temperature=}."
        )
    return probabilities_of(np.asarray(logits, np.float64) / temperature)
