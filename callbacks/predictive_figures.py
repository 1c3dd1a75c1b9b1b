"""How good and how honest predicted probabilities are: pure functions of NumPy arrays.

`probabilities` is `(examples, classes)`, the rows summing to 1; `labels` is `(examples,)` of int.
Of several passes, `(passes, examples, classes)`, the mean over the first axis is the prediction.
All logarithms are natural, so entropies are in nats.
"""

import numpy as np

# Equal-width bins of confidence, as in Guo et al. 2017, section 5.
NUM_BINS = 15


def probabilities_of(logits):
    """Return the softmax of logits over the last axis, in float64."""
    logits = np.asarray(logits, np.float64)
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def accuracy(probabilities, labels):
    """Return the share of examples whose likeliest class is the true one, in [0, 1].

    >>> accuracy(np.array([[0.9, 0.1], [0.6, 0.4]]), [0, 1])
    0.5
    """
    return float(np.mean(np.argmax(probabilities, axis=1) == np.asarray(labels)))


def negative_log_likelihood(probabilities, labels):
    """Return the mean negative log-likelihood, in nats; lower is better.

    A probability that has underflowed to 0 counts as the smallest number above it.

    >>> round(negative_log_likelihood(np.array([[0.25, 0.75]]), [1]), 4)
    0.2877
    """
    likely = np.asarray(probabilities, np.float64)[np.arange(len(labels)), labels]
    return float(-np.mean(np.log(np.maximum(likely, np.finfo(np.float64).tiny))))


def calibration_bins(probabilities, labels, num_bins=NUM_BINS):
    """Sort examples by confidence, the probability of their likeliest class.

    Args:
        probabilities: float array `(examples, classes)`.
        labels: int array `(examples,)`.
        num_bins: int >= 1, bins of equal width; bin m is `((m - 1) / num_bins, m / num_bins]`.
            Defaults to 15.

    Returns:
        Three arrays `(num_bins,)`: the number of examples, their mean confidence and their
        accuracy; the latter two are NaN where a bin is empty.

    Raises:
        ValueError: `num_bins` is below 1.
    """
    if num_bins < 1:
        raise ValueError(
            f"`num_bins` of calibration_bins must be at least 1. Received: num_bins={num_bins!r}."
        )
    probabilities = np.asarray(probabilities, np.float64)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    bins = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    with np.errstate(invalid="ignore"):
        return (
            counts,
            np.bincount(bins, confidence, num_bins) / counts,
            np.bincount(bins, right, num_bins) / counts,
        )


def expected_calibration_error(probabilities, labels, num_bins=NUM_BINS):
    """Return how far confidence and accuracy lie apart, in [0, 1]; lower is better.

    Source: Guo et al. 2017, "On calibration of modern neural networks",
    https://arxiv.org/abs/1706.04599, eq. 3. The figure depends on the bins: compare none with
    another `num_bins`.

    >>> round(expected_calibration_error(np.array([[0.9, 0.1], [0.7, 0.3]]), [0, 1], 10), 4)
    0.4
    """
    counts, confidence, right = calibration_bins(probabilities, labels, num_bins)
    full = counts > 0
    gaps = np.abs(confidence[full] - right[full])
    return float(np.sum(counts[full] * gaps) / counts.sum())


def entropy(probabilities):
    """Return the entropy over the last axis, in nats, from 0 to ln(classes).

    >>> entropy(np.array([0.5, 0.5])).round(4)
    np.float64(0.6931)
    """
    probabilities = np.asarray(probabilities, np.float64)
    positive = np.where(probabilities > 0, probabilities, 1)
    return -np.sum(probabilities * np.log(positive), axis=-1)


def mutual_information(passes):
    """Return what the passes disagree on, for each example, in nats.

    It is the entropy of the mean less the mean entropy: the part of the uncertainty that more data
    could take away. Houlsby et al. 2011, "Bayesian active learning for classification and
    preference learning" (BALD), https://arxiv.org/abs/1112.5745, eq. 2.

    Args:
        passes: float array `(passes, examples, classes)`.

    Returns:
        Float array `(examples,)`, at least 0 but for rounding.
    """
    passes = np.asarray(passes, np.float64)
    return entropy(passes.mean(axis=0)) - entropy(passes).mean(axis=0)
