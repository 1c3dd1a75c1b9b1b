"""The sweep finds the rates of a problem whose rates are known."""

import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.cli.main import main
from kerasrecipes.recipes.rehearsals.learning_rate_finder import smooth, suggest


@pytest.fixture(scope="module")
def found():
    """A quadratic whose gradient descent diverges above a rate that is known."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(512, 4)).astype("float32")
    y = x @ np.ones((4, 1), "float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.123), "mse")
    result = recipes.find_learning_rate(
        model=model, data=(x, y), batch_size=512, lowest=1e-4, highest=100.0
    )
    with_bias = np.hstack([x, np.ones((512, 1))])
    largest = float(np.linalg.eigvalsh(2 * with_bias.T @ with_bias / 512).max())
    return result, 2 / largest, model


def test_the_sweep_goes_up_by_a_constant_factor_and_stops_where_it_diverges(found):
    result, stable, _ = found
    rates = np.array(result.learning_rates)
    assert rates[0] == pytest.approx(1e-4)
    np.testing.assert_allclose(rates[1:] / rates[:-1], 1e6 ** (1 / 99), rtol=1e-6)
    assert result.diverged
    assert len(rates) == len(result.losses) == len(result.smoothed) < 100
    # Gradient descent on a quadratic diverges above 2 over the largest eigenvalue of its Hessian.
    assert rates[-1] > stable


def test_the_suggestion_is_stable_and_not_timid(found):
    result, stable, model = found
    assert stable / 50 < result.suggestion < stable
    assert f"{result.suggestion:.1e}" in result.reason
    assert float(model.optimizer.learning_rate) == pytest.approx(0.123)


def test_the_losses_are_those_of_that_training(found):
    result, _, model = found
    x = np.random.default_rng(0).normal(size=(512, 4)).astype("float32")
    y = x @ np.ones((4, 1), "float32")
    kernel, bias = (weight.astype("float64") for weight in model.get_weights())
    for rate, loss in zip(result.learning_rates[:60], result.losses, strict=False):
        error = x @ kernel + bias - y
        assert loss == pytest.approx(float(np.mean(error**2)), rel=1e-3, abs=1e-8)
        kernel, bias = kernel - rate * 2 * x.T @ error / 512, bias - rate * 2 * error.mean()


def test_the_mean_is_that_of_its_formula():
    losses = [3.0, 1.0, 2.0]
    expected = [
        sum(0.9 ** (n - i) * losses[i] for i in range(n + 1))
        / sum(0.9 ** (n - i) for i in range(n + 1))
        for n in range(3)
    ]
    assert smooth(losses) == pytest.approx(expected)


def test_it_suggests_the_lower_of_two_rules():
    rates = np.logspace(-5, 0, 60)
    # The steepest fall is at 1e-3, the lowest loss at about 1e-1.
    logs = np.log10(rates)
    losses = 2 - 1 / (1 + np.exp(-4 * (logs + 3))) + np.maximum(0, logs + 1) ** 2
    rate, reason = suggest(list(rates), list(losses))
    assert rate == pytest.approx(1e-3, rel=0.3)
    assert "lowest" in reason
    rate, reason = suggest(list(rates), list(np.ones(60)))
    assert rate is None
    assert "fell at no rate" in reason


def test_the_command_writes_a_picture(capsys, tmp_path, data_dir):
    words = ["lr-find", "softmax_digits", "--data-dir", str(data_dir), "--picture", "sweep.png"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("suggested learning rate: ")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert main(["lr-find", "softmax_digits", "--steps", "5"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "kerasrecipes: `num_steps` of find_learning_rate must be a whole number in [10, 100]."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"num_steps": 101}, "in [10, 100]. Received: num_steps=101."),
        ({"num_steps": 20.5}, "Received: num_steps=20.5."),
        ({"lowest": 0}, "`lowest` of find_learning_rate must be a number above 0."),
        ({"lowest": 2.0, "highest": 1.0}, "must be above `lowest`."),
        ({}, "`find_learning_rate` must be given a recipe, or `model=` and `data=`."),
        ({"recipe": "lenet5_digit"}, "Did you mean 'lenet5_digits'"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(recipes.RecipeError) as caught:
        recipes.find_learning_rate(**arguments)
    assert sentence in str(caught.value)


def test_the_step_is_traced_once_and_not_once_a_rate():
    class Counting(keras.layers.Layer):
        num_calls = 0

        def call(self, inputs):
            self.num_calls += 1
            return inputs

    counting = Counting()
    model = keras.Sequential([keras.Input((4,)), counting, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    before = counting.num_calls
    found = recipes.find_learning_rate(model=model, data=(x, x[:, :1]), highest=1e-2, num_steps=40)
    assert len(found.losses) == 40
    # Python's function runs where a graph is made: for the loop, and for the step in it.
    assert counting.num_calls - before <= 4
