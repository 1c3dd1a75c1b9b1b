"""Figures of predicted probabilities: pure functions of NumPy arrays.

`probabilities` is `(examples, classes)`, `passes` is `(passes, examples, classes)`, and `labels`
is `(examples,)` of int. The mean over the passes is the prediction. All logarithms are natural.
"""

import numpy as np

from ...callbacks.predictive_figures import (
    NUM_BINS,
    accuracy,
    calibration_bins,
    entropy,
    expected_calibration_error,
    mutual_information,
    negative_log_likelihood,
    probabilities_of,
)

__all__ = [
    "NUM_BINS",
    "accuracy",
    "area_under_risk_coverage",
    "auroc",
    "brier_score",
    "calibration_bins",
    "entropy",
    "expected_calibration_error",
    "mutual_information",
    "negative_log_likelihood",
    "probabilities_of",
    "selective_accuracy",
    "summary",
]


def brier_score(probabilities, labels):
    """Return the mean squared distance from the one-hot truth, from 0 to 2; lower is better.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", eq. 2, which
    sums over the classes.

    >>> round(brier_score(np.array([[0.8, 0.2]]), [0]), 4)
    0.08
    """
    probabilities = np.asarray(probabilities, np.float64)
    truth = np.eye(probabilities.shape[1])[np.asarray(labels)]
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


def selective_accuracy(probabilities, labels):
    """Return how the accuracy rises where the least confident examples are left to a person.

    Source: El-Yaniv and Wiener 2010, "On the foundations of noise-free selective classification",
    https://jmlr.org/papers/v11/el-yaniv10a.html.

    Args:
        probabilities: float array `(examples, classes)`.
        labels: int array `(examples,)`.

    Returns:
        Two arrays `(examples,)`: the coverage, 1/n to 1, the share of examples that are answered,
        and the accuracy on those. Examples of equal confidence count alike, whatever their order.
    """
    probabilities = np.asarray(probabilities, np.float64)
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == np.asarray(labels)).astype(np.float64)
    levels, group = np.unique(-confidence, return_inverse=True)
    # Within a group of equal confidence each stands for their mean.
    right = (np.bincount(group, right, len(levels)) / np.bincount(group))[np.sort(group)]
    answered = np.arange(1, len(right) + 1)
    return answered / len(right), np.cumsum(right) / answered


def area_under_risk_coverage(probabilities, labels):
    """Return the mean error over all coverages (AURC), in [0, 1]; lower is better.

    Source: Geifman, Uziel and El-Yaniv 2019, "Bias-reduced uncertainty estimation for deep neural
    classifiers", https://arxiv.org/abs/1805.08206, section 3.

    >>> area_under_risk_coverage(np.array([[0.9, 0.1], [0.6, 0.4]]), [0, 1])
    0.25
    """
    return float(np.mean(1 - selective_accuracy(probabilities, labels)[1]))


def auroc(inside, outside):
    """Return how well a score tells what comes from outside, 0.5 for a guess and 1 for always.

    It is the probability that an example from outside scores higher than one from inside, ties
    counting half.

    Args:
        inside: array `(examples,)` of scores, such as entropies, of the data that were learnt.
        outside: array `(examples,)` of scores of other data.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(inside), len(outside)])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))


def summary(passes, labels, *, outside=None, num_bins=NUM_BINS):
    """Return all figures of one way to predict.

    Args:
        passes: float array `(passes, examples, classes)`; of one pass where there is no chance in
            it. The members of an ensemble are its passes.
        labels: int array `(examples,)`.
        outside: dict from a name to passes on data that were not learnt, or None. Defaults to None.
        num_bins: int >= 1, of the error of calibration. Defaults to 15.

    Returns:
        Dict from name to float: `accuracy`, `nll`, `brier`, `ece`, `entropy`, `aurc`,
        `mutual_information` where there are several passes, and `auroc_NAME` of the entropy for
        each of `outside`.

    Raises:
        ValueError: the arrays do not fit one another.
    """
    passes, labels = np.asarray(passes, np.float64), np.asarray(labels)
    if passes.ndim != 3 or passes.shape[1:2] != labels.shape:
        raise ValueError(
            "`passes` of uncertainty.summary must be (passes, examples, classes), the examples as "
            f"many as the labels. Received: {passes.shape} and labels of {labels.shape}."
        )
    mean = passes.mean(axis=0)
    unsure = entropy(mean)
    found = {
        "accuracy": accuracy(mean, labels),
        "nll": negative_log_likelihood(mean, labels),
        "brier": brier_score(mean, labels),
        "ece": expected_calibration_error(mean, labels, num_bins),
        "entropy": float(unsure.mean()),
        "aurc": area_under_risk_coverage(mean, labels),
    }
    if len(passes) > 1:
        found["mutual_information"] = float(mutual_information(passes).mean())
    for name, others in (outside or {}).items():
        found[f"auroc_{name}"] = auroc(unsure, entropy(np.mean(others, axis=0)))
    return found
