import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.uncertainty import fit_temperature, scale
from kerasrecipes.recipes.uncertainty.figures import (
    expected_calibration_error,
    negative_log_likelihood,
)


@pytest.fixture(scope="module")
def overconfident():
    """Logits three times those that the labels were drawn by."""
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=1.5, size=(5000, 5))
    noise = generator.gumbel(size=logits.shape)
    return 3 * logits, (logits + noise).argmax(axis=1)


def test_it_finds_the_temperature_that_the_labels_were_drawn_with(overconfident):
    logits, labels = overconfident
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(3, rel=0.05)
    found = minimize_scalar(
        lambda t: negative_log_likelihood(scale(logits, t), labels), (0.5, 10), tol=1e-10
    )
    assert temperature == pytest.approx(found.x, rel=1e-5)


def test_the_answer_stays_and_the_calibration_gets_better(overconfident):
    logits, labels = overconfident
    before = scale(logits, 1.0)
    after = scale(logits, fit_temperature(logits, labels))
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    np.testing.assert_allclose(after.sum(axis=1), 1)
    assert (
        expected_calibration_error(after, labels) < expected_calibration_error(before, labels) / 4
    )


def test_without_a_mistake_and_with_mistakes_alone():
    logits = np.array([[2.0, 0.0], [0.0, 3.0]])
    assert fit_temperature(logits, [0, 1]) == 1
    assert fit_temperature(logits, [1, 0]) == pytest.approx(100)
    assert np.isfinite(scale(logits, 0.01)).all()


def test_wrong_arguments():
    with pytest.raises(RecipeError, match="`logits` of fit_temperature must be"):
        fit_temperature(np.zeros((3, 2)), [0, 1])
    with pytest.raises(RecipeError, match="and at least one"):
        fit_temperature(np.zeros((0, 2)), [])
    with pytest.raises(RecipeError, match=r"`temperature` of uncertainty\.scale must be above 0"):
        scale(np.zeros((1, 2)), 0.0)
