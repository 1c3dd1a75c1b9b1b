import numpy as np
import pytest
from sklearn.metrics import auc

from kerasrecipes.recipes.uncertainty import figures


@pytest.fixture(scope="module")
def predicted():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([0.5] * 4, size=200)
    return probabilities, generator.integers(4, size=200)


def test_the_brier_score_by_hand(predicted):
    probabilities, labels = predicted
    total = 0.0
    for row, label in zip(probabilities, labels, strict=True):
        total += sum((p - (c == label)) ** 2 for c, p in enumerate(row))
    assert figures.brier_score(probabilities, labels) == pytest.approx(total / 200)
    assert figures.brier_score(np.array([[0.0, 1.0]]), [0]) == 2


def test_the_selective_accuracy_by_hand():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    # By confidence: the second, the third, the fourth and the first; the third is wrong.
    coverage, accuracy = figures.selective_accuracy(probabilities, [0, 0, 0, 0])
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(accuracy, [1, 1 / 2, 2 / 3, 3 / 4])
    expected = np.mean([0, 1 / 2, 1 / 3, 1 / 4])
    assert figures.area_under_risk_coverage(probabilities, [0] * 4) == pytest.approx(expected)


def test_the_order_of_equal_confidences_does_not_count():
    probabilities = np.tile([[0.7, 0.3]], (6, 1))
    for labels in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]):
        _, accuracy = figures.selective_accuracy(probabilities, labels)
        np.testing.assert_allclose(accuracy, 0.5)


def test_a_classifier_that_knows_its_mistakes_has_the_least_area(predicted):
    probabilities, labels = predicted
    right = probabilities.argmax(axis=1) == labels
    # Confidence that follows the truth: the area is that of the errors at the end alone.
    ideal = np.where(right[:, None], [0.9, 0.1], [0.6, 0.4])
    area = figures.area_under_risk_coverage(ideal, (~right).astype(int))
    num_right = right.sum()
    wrong = np.arange(1, 200 - num_right + 1)
    assert area == pytest.approx(np.sum(wrong / (num_right + wrong)) / 200)
    assert area < figures.area_under_risk_coverage(probabilities, labels)


def test_the_area_under_the_curve_of_detection_is_a_probability_of_pairs():
    generator = np.random.default_rng(0)
    inside, outside = generator.integers(6, size=40), generator.integers(2, 9, size=30)
    pairs = [(o > i) + 0.5 * (o == i) for i in inside for o in outside]
    assert figures.auroc(inside, outside) == pytest.approx(np.mean(pairs))
    # And the area under the curve of rates, by the trapezoidal rule.
    thresholds = np.arange(9, -2, -1)
    false = [np.mean(inside > t) for t in thresholds]
    true = [np.mean(outside > t) for t in thresholds]
    assert figures.auroc(inside, outside) == pytest.approx(auc(false, true))


def test_a_summary_is_of_the_mean_of_the_passes(predicted):
    generator = np.random.default_rng(3)
    passes, labels = generator.dirichlet([1.0] * 4, size=(5, 200)), predicted[1]
    outside = {"noise": np.full((5, 10, 4), 0.25)}
    found = figures.summary(passes, labels, outside=outside, num_bins=10)
    mean = passes.mean(axis=0)
    assert found["nll"] == figures.negative_log_likelihood(mean, labels)
    assert found["ece"] == figures.expected_calibration_error(mean, labels, 10)
    assert found["mutual_information"] == figures.mutual_information(passes).mean()
    assert found["auroc_noise"] == 1  # nothing is less sure than a guess
    assert "mutual_information" not in figures.summary(passes[:1], labels)


def test_arrays_that_do_not_fit(predicted):
    with pytest.raises(ValueError, match=r"`passes` of uncertainty\.summary must be"):
        figures.summary(predicted[0], predicted[1])
    with pytest.raises(ValueError, match=r"`passes` of uncertainty\.summary must be"):
        figures.summary(predicted[0][None], predicted[1][:-1])
