import dataclasses

import keras
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression as LeastSquares
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from kerasrecipes.recipes import RecipeError, data
from kerasrecipes.recipes.tasks.linear_regression import LinearRegression, raw_coefficients
from kerasrecipes.recipes.tasks.regression import Regression


@pytest.fixture(scope="module")
def splits(data_dir):
    return data.load("diabetes", data_dir=data_dir)


def make_model(splits, normalized):
    layer = keras.layers.Normalization(axis=-1) if normalized else keras.layers.Rescaling(1.0)
    if normalized:
        layer.adapt(splits.train.inputs)
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(1, bias_initializer="ones")
    return keras.Sequential([keras.Input((10,)), layer, dense]), dense


def test_the_figures_are_those_of_scikit_learn(splits):
    model, _ = make_model(splits, True)
    figures, outcome = Regression().evaluate(model, splits, splits.test.ordered(7))
    truth, predicted = splits.test.targets, model.predict(splits.test.inputs, verbose=0)[:, 0]
    mean = np.full(len(truth), splits.train.targets.mean())
    for prefix, answer in (("", predicted), ("baseline_", mean)):
        assert figures[f"{prefix}mse"] == pytest.approx(mean_squared_error(truth, answer))
        assert figures[f"{prefix}mae"] == pytest.approx(mean_absolute_error(truth, answer))
        assert figures[f"{prefix}r2"] == pytest.approx(r2_score(truth, answer), abs=1e-6)
    assert tuple(figures) == Regression.figures
    np.testing.assert_array_equal(outcome["truth"], truth)


def test_targets_that_do_not_vary_have_figures_too(splits):
    model, _ = make_model(splits, True)
    one = dataclasses.replace(splits, test=splits.test.take([0]))
    figures, _ = Regression().evaluate(model, one, one.test.ordered(7))
    assert figures["r2"] == figures["baseline_r2"] == 0.0
    assert all(np.isfinite(list(figures.values())))


def test_the_closed_form_is_that_of_scikit_learn(splits):
    model, _ = make_model(splits, True)
    ((_, header, rows),) = LinearRegression().tables(model, splits, {})
    least_squares = LeastSquares().fit(splits.train.inputs, splits.train.targets)
    expected = [*least_squares.coef_, least_squares.intercept_]
    assert "closed form" in header[2]
    assert [row[0] for row in rows] == [*splits.feature_names, "intercept"]
    # The rows are written with four digits.
    np.testing.assert_allclose([float(row[2]) for row in rows], expected, rtol=2e-4, atol=1e-3)


def test_raw_coefficients_undo_a_normalisation(splits):
    model, dense = make_model(splits, True)
    mean, deviation = splits.train.inputs.mean(axis=0), splits.train.inputs.std(axis=0)
    weights, bias = dense.get_weights()
    slopes = weights[:, 0] / deviation
    found = raw_coefficients(model, 10)
    np.testing.assert_allclose(found[:-1], slopes, rtol=1e-3, atol=1e-5)
    assert found[-1] == pytest.approx(bias[0] - slopes @ mean, rel=1e-3)


def test_raw_coefficients_of_a_plain_layer_are_its_weights(splits):
    model, dense = make_model(splits, False)
    weights, bias = dense.get_weights()
    np.testing.assert_allclose(raw_coefficients(model, 10), [*weights[:, 0], *bias], rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "mes"}, "must be one of 'mse', 'mae', 'huber'. Received: loss='mes'. Did you"),
        ({"loss": "huber", "delta": 0}, "`delta` of a regression must be above 0. Received"),
    ],
)
def test_arguments_out_of_range(arguments, words):
    with pytest.raises(RecipeError, match=words):
        Regression(**arguments)


def test_huber_turns_at_its_delta():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    Regression(loss="huber", delta=3.0).compile(model, keras.optimizers.SGD)
    loss = model.evaluate(np.zeros((1, 1)), np.array([[5.0]]), verbose=0)[0]
    assert loss == pytest.approx(3 * (5 - 3 / 2))
