"""The autoencoders: shapes, counts by arithmetic, and what noise and sparsity do."""

import keras
import numpy as np
import pytest
from scipy.stats import entropy

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import autoencoder
from kerasrecipes.recipes.layers import MaskingNoise, SparsityPenalty
from kerasrecipes.recipes.models.autoencoder import Autoencoder

DATA = {"digits": (8, 8, 1), "glyphs": (28, 28, 1)}


def images(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(1, 256, (count, *shape)).astype("uint8")


def dense(num_inputs, num_outputs):
    return (num_inputs + 1) * num_outputs


@pytest.mark.parametrize(
    "shape, arguments, expected",
    [
        ((8, 8, 1), {"variant": "linear", "code": 10}, dense(64, 10) + dense(10, 64)),
        ((28, 28, 1), {"code": 500, "masking": 0.5}, dense(784, 500) + dense(500, 784)),
        ((8, 8, 1), {"code": 100, "sparsity": 0.05}, dense(64, 100) + dense(100, 64)),
        (
            (28, 28, 1),
            {"variant": "convolutional", "code": 32},
            dense(9, 16)
            + dense(9 * 16, 32)
            + dense(7 * 7 * 32, 32)
            + dense(32, 7 * 7 * 32)
            + dense(9 * 32, 16)
            + dense(9 * 16, 1),
        ),
        (
            (32, 24, 3),
            {"variant": "convolutional", "code": 5},
            dense(27, 16)
            + dense(9 * 16, 32)
            + dense(8 * 6 * 32, 5)
            + dense(5, 8 * 6 * 32)
            + dense(9 * 32, 16)
            + dense(9 * 16, 3),
        ),
    ],
)
def test_parameters(shape, arguments, expected):
    model = autoencoder.build(shape, **arguments)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_variables) == expected
    given = images(2, *shape)
    restored = model(given)
    assert restored.shape == given.shape and restored.dtype == "float32"
    codes = model.encode(given)
    assert codes.shape == (2, arguments["code"])
    np.testing.assert_array_equal(model.decode(codes), restored)
    np.testing.assert_array_equal(model.reconstruct(given), restored)
    assert (model.encoder.name, model.decoder.name) == ("encoder", "decoder")


@pytest.mark.parametrize("recipe", autoencoder.RECIPES, ids=lambda recipe: recipe.name)
def test_the_declared_parameters_are_those_of_the_model(recipe):
    model = recipe.build(DATA[recipe.data])
    assert isinstance(model, Autoencoder) and not model.compiled
    found = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert found == recipe.num_parameters
    assert recipe.expected.metric in recipe.task.figures
    assert f"baseline_{recipe.expected.metric}" in recipe.task.figures


def test_a_linear_autoencoder_is_affine():
    model = autoencoder.build((4, 4, 1), variant="linear", code=3)
    # Sums of three that are again bytes.
    a, b, c = (images(5, 4, 4, 1, seed=seed) // 4 + 64 for seed in range(3))
    mixed = model(a + b - c)
    np.testing.assert_allclose(mixed, model(a) + model(b) - model(c), atol=1e-5)


def test_bytes_are_scaled_inside():
    model = autoencoder.build((4, 4, 1), variant="linear", code=16)
    model.encoder.get_layer("code").set_weights([np.eye(16), np.zeros(16)])
    model.decoder.get_layer("pixels").set_weights([np.eye(16), np.zeros(16)])
    given = images(3, 4, 4, 1)
    np.testing.assert_allclose(model(given), given / 255.0, rtol=1e-6)


def test_noise_is_there_in_training_only():
    model = autoencoder.build((8, 8, 1), code=4, masking=0.5)
    given = images(4, 8, 8, 1)
    np.testing.assert_array_equal(model(given), model(given))
    np.testing.assert_array_equal(model(given), model.reconstruct(given))
    first, second = model(given, training=True), model(given, training=True)
    assert not np.allclose(first, second)


def test_a_validation_sees_the_same_noise_each_time():
    model = autoencoder.build((8, 8, 1), code=4, masking=0.5)
    model.compile("sgd", loss="mse", metrics=["mse"])
    given = images(6, 8, 8, 1)
    logs = [model.evaluate(given, given / 255.0, return_dict=True, verbose=0) for _ in range(2)]
    assert logs[0] == logs[1]
    shown = model.corruption.mask(given, seed=0)
    expected = np.mean((model.reconstruct(shown) - given / 255.0) ** 2)
    assert logs[0]["mse"] == pytest.approx(expected, rel=1e-5)
    assert abs(expected - np.mean((model.reconstruct(given) - given / 255.0) ** 2)) > 1e-6


def test_masking_puts_out_its_share_and_leaves_the_rest():
    noise = MaskingNoise(0.3, seed=1)
    given = images(200, 8, 8, 1)
    shown = keras.ops.convert_to_numpy(noise(given, training=True))
    assert shown.dtype == "uint8"
    out = shown == 0  # no pixel was 0 before
    np.testing.assert_array_equal(shown[~out], given[~out])
    # Three standard errors of 12,800 draws.
    assert out.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.3 * 0.7 / out.size))
    # Each pixel on its own, and not one pattern for all.
    assert np.abs(out.mean(axis=0) - 0.3).max() < 0.2
    fixed = [keras.ops.convert_to_numpy(noise.mask(given, seed=seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(fixed[0], fixed[1])
    assert (fixed[0] != fixed[2]).any()


def test_the_penalty_is_a_sum_of_divergences():
    values = np.random.default_rng(0).uniform(0.05, 0.9, (6, 3)).astype("float32")
    penalty = SparsityPenalty(0.05, 3.0)
    np.testing.assert_array_equal(penalty(values), values)
    means = values.astype("float64").mean(axis=0)
    expected = 3 * sum(entropy([0.05, 0.95], [mean, 1 - mean]) for mean in means)
    assert float(penalty.losses[0]) == pytest.approx(expected, rel=1e-5)
    # Saturated units have a finite penalty.
    penalty(np.ones((4, 2), "float32"))
    assert np.isfinite(float(penalty.losses[0]))


def test_the_penalty_is_in_the_loss():
    model = autoencoder.build((4, 4, 1), code=6, sparsity=0.1, sparsity_weight=0.5)
    model.compile("sgd", loss="mse", metrics=["mse"])
    given = images(10, 4, 4, 1)
    logs = model.evaluate(given, given / 255.0, batch_size=10, return_dict=True, verbose=0)
    means = keras.ops.convert_to_numpy(model.encode(given)).mean(axis=0)
    expected = 0.5 * sum(entropy([0.1, 0.9], [mean, 1 - mean]) for mean in means)
    assert logs["loss"] - logs["mse"] == pytest.approx(expected, rel=1e-4)


def test_the_gradient_of_weight_decay_is_in_units_of_the_weight():
    model = autoencoder.build((4, 4, 1), code=6, weight_decay=0.1)
    model.compile("sgd", loss="mse", metrics=["mse"])
    given = images(10, 4, 4, 1)
    logs = model.evaluate(given, given / 255.0, return_dict=True, verbose=0)
    kernels = [weight.numpy() for weight in model.trainable_variables if weight.name == "kernel"]
    assert len(kernels) == 2
    expected = 0.1 / 2 * sum(np.sum(kernel**2) for kernel in kernels)
    assert logs["loss"] - logs["mse"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("arguments", [{"masking": 0.5}, {"sparsity": 0.1}, {"variant": "linear"}])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_comes_back_from_a_file(arguments, tmp_path):
    model = autoencoder.build((8, 8, 1), code=4, **arguments)
    model.compile("adam", loss="mse")
    given = images(4, 8, 8, 1)
    model.fit(given, given / 255.0, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(given), model(given))
    assert len(again.variables) == len(model.variables)
    assert (again.corruption is None) == (model.corruption is None)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"variant": "deep"},
            "`variant` of autoencoder.build must be one of 'linear', 'dense', 'convolutional'. "
            "Received: variant='deep'.",
        ),
        ({"code": 0}, "`code` of autoencoder.build must be at least 1. Received: code=0."),
        (
            {"masking": 1.0},
            "`masking` of autoencoder.build must be at least 0 and below 1. Received: masking=1.0.",
        ),
        (
            {"variant": "linear", "sparsity": 0.1},
            "`sparsity` of autoencoder.build must be None but for variant='dense', whose code is a "
            "sigmoid's. Received: sparsity=0.1, variant='linear'.",
        ),
        (
            {"variant": "convolutional", "weight_decay": 0.1},
            "`weight_decay` of autoencoder.build must be at least 0, and 0 for "
            "variant='convolutional'. Received: weight_decay=0.1, variant='convolutional'.",
        ),
        (
            {"sparsity": 1.5},
            "`target` of SparsityPenalty must be between 0 and 1. Received: target=1.5.",
        ),
        (
            {"sparsity": 0.5, "sparsity_weight": 0},
            "`weight` of SparsityPenalty must be above 0. Received: weight=0.",
        ),
        (
            {"input_shape": (64,)},
            "`input_shape` of autoencoder.build must be (height, width, channels). "
            "Received: input_shape=(64,).",
        ),
        (
            {"input_shape": (30, 29, 1), "variant": "convolutional"},
            "`input_shape` of autoencoder.build must have sides that are multiples of 4; the "
            "nearest are 32x28. Received: input_shape=(30, 29, 1).",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        autoencoder.build(**{"input_shape": (8, 8, 1), **arguments})
    assert str(caught.value) == sentence
