import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss

from kerasrecipes.callbacks import predictive_figures as figures


@pytest.fixture(scope="module")
def predicted():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([0.5] * 4, size=300)
    return probabilities, generator.integers(4, size=300)


def test_the_likelihood_is_that_of_scikit_learn(predicted):
    probabilities, labels = predicted
    ours = figures.negative_log_likelihood(probabilities, labels)
    assert ours == pytest.approx(log_loss(labels, probabilities, labels=range(4)), rel=1e-12)
    certain = figures.negative_log_likelihood(np.array([[1.0, 0.0]]), [1])
    assert np.isfinite(certain) and certain > 700


def test_the_entropy_is_that_of_scipy(predicted):
    probabilities, _ = predicted
    np.testing.assert_allclose(
        figures.entropy(probabilities), stats.entropy(probabilities, axis=1), rtol=1e-12
    )
    assert figures.entropy(np.array([1.0, 0.0])) == 0


def test_the_softmax_stands_large_logits():
    np.testing.assert_allclose(
        figures.probabilities_of([[1000.0, 1000.0], [-1000.0, 0.0]]), [[0.5, 0.5], [0, 1]]
    )


def test_the_mutual_information_is_that_of_the_joint_distribution():
    passes = np.random.default_rng(1).dirichlet([1.0] * 3, size=(5, 7))
    # I(y; pass) with passes equally likely, from the definition: sum p(y, t) ln p(y, t)/p(y)p(t).
    for example in range(7):
        joint = passes[:, example] / 5
        alone = joint.sum(axis=0, keepdims=True) * joint.sum(axis=1, keepdims=True)
        expected = np.sum(joint * np.log(joint / alone))
        assert figures.mutual_information(passes)[example] == pytest.approx(expected)
    same = np.repeat(passes[:1], 5, axis=0)
    np.testing.assert_allclose(figures.mutual_information(same), 0, atol=1e-12)


def test_the_bins_hold_their_upper_edge():
    probabilities = np.array([[0.5, 0.5], [0.75, 0.25], [0.76, 0.24], [1.0, 0.0]])
    counts, confidence, accuracy = figures.calibration_bins(probabilities, [0, 1, 0, 0], 4)
    np.testing.assert_array_equal(counts, [0, 1, 1, 2])
    np.testing.assert_allclose(confidence, [np.nan, 0.5, 0.75, 0.88])
    np.testing.assert_allclose(accuracy, [np.nan, 1, 0, 1])


def test_the_error_of_calibration_by_hand(predicted):
    probabilities, labels = predicted
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert figures.expected_calibration_error(probabilities, labels) == pytest.approx(expected)
    # One bin compares the means alone.
    one = figures.expected_calibration_error(probabilities, labels, 1)
    assert one == pytest.approx(abs(confidence.mean() - right.mean()))


def test_no_bins():
    with pytest.raises(ValueError, match="`num_bins` of calibration_bins must be at least 1"):
        figures.calibration_bins(np.ones((1, 1)), [0], 0)
