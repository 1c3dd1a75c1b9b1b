"""The variational autoencoder against densities of SciPy and a model whose evidence is known."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import bernoulli, multivariate_normal, norm

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.architecture import layer_table
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import vae
from kerasrecipes.recipes.models.variational_autoencoder import (
    PIXELS,
    VariationalAutoencoder,
    at,
    kl,
)
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.recipes.tasks.variational import (
    GRID,
    Variational,
    independent_pixels,
    plane_of_codes,
)

RECIPES = {recipe.name: recipe for recipe in vae.RECIPES}
DATA = {"digits": (8, 8, 1), "glyphs": (28, 28, 1), "mnist": (28, 28, 1)}
SHAPE = (4, 4, 1)


def images(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype("uint8")


@pytest.fixture(scope="module")
def splits():
    """Bright and dark stripes, forty images a split."""

    def part(seed):
        rng = np.random.default_rng(seed)
        targets = rng.integers(0, 2, 40)
        stripes = np.where((np.arange(4) + targets[:, None]) % 2, 200, 30)
        noisy = stripes[:, None, :, None] + rng.integers(-30, 31, (40, *SHAPE))
        return IndexedSplit(inputs=noisy.astype("uint8"), targets=targets)

    return Splits(
        name="stripes",
        inputs=Spec("image", SHAPE, "uint8"),
        class_names=("even", "odd"),
        train=part(0),
        validation=part(1),
        test=part(2),
        licence="",
        source="",
        fingerprint="",
    )


def dense(num_inputs, num_outputs):
    return (num_inputs + 1) * num_outputs


@pytest.mark.parametrize("recipe", vae.RECIPES, ids=lambda recipe: recipe.name)
def test_parameters(recipe):
    model = recipe.build(DATA[recipe.data])
    assert isinstance(model, VariationalAutoencoder) and not model.compiled
    arguments = recipe.build.keywords
    code, hidden = arguments["code"], arguments["hidden"]
    num_pixels = np.prod(DATA[recipe.data])
    up = sum(map(dense, (num_pixels, *hidden[:-1]), hidden))
    down = sum(map(dense, (code, *hidden[:0:-1]), hidden[::-1]))
    expected = up + 2 * dense(hidden[-1], code) + down + dense(hidden[0], num_pixels)
    expected += arguments.get("pixels") == "grey"
    found = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert found == expected == recipe.num_parameters
    assert f"baseline_{recipe.expected.metric}" in recipe.task.figures


def test_the_table_of_layers_has_both_outputs_of_the_encoder():
    rows = layer_table(vae.build((28, 28, 1), code=50, hidden=(200, 200)))
    assert rows[0] == ("encoder", "Functional", "50, 50", "217,300")
    assert ("- hidden1", "Dense", "200", "157,000") in rows
    assert ("- hidden4", "Dense", "200", "40,200") in rows


def test_the_schedule_of_mnist_is_that_of_the_paper():
    recipe = RECIPES["vae_mnist"]
    assert recipe.epochs == sum(3**i for i in range(8))
    rate = recipe.schedule(recipe.learning_rate, 10, recipe.epochs)
    begin = 0
    for i in range(8):
        for epoch in (begin, begin + 3**i - 1):
            assert float(rate(10 * epoch + 5)) == pytest.approx(0.001 * 10 ** (-i / 7), rel=1e-5)
        begin += 3**i


@pytest.mark.parametrize("mean, deviation", [(0.0, 1.0), (1.5, 0.3), (-0.4, 2.0)])
def test_the_divergence_is_its_integral(mean, deviation):
    posterior = norm(mean, deviation)

    def integrand(z):
        return posterior.pdf(z) * (posterior.logpdf(z) - norm.logpdf(z))

    expected, _ = quad(integrand, mean - 12 * deviation, mean + 12 * deviation)
    code = {
        "mean": np.array([[mean, 0.0]], "float32"),
        "log_variance": np.array([[2 * np.log(deviation), 0.0]], "float32"),
    }
    assert float(kl(code)[0]) == pytest.approx(expected, abs=1e-5)


def test_the_divergence_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 5, 3)).astype("float32")
    posterior = torch.distributions.Normal(
        torch.from_numpy(mean), torch.from_numpy(np.exp(log_variance / 2))
    )
    prior = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    expected = torch.distributions.kl_divergence(posterior, prior).sum(dim=1).numpy()
    found = kl({"mean": mean, "log_variance": log_variance})
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_gradients_of_divergence_and_code():
    rng = np.random.default_rng(1)
    code = {
        name: tf.Variable(rng.normal(size=(4, 3)).astype("float32"))
        for name in ("mean", "log_variance")
    }
    noise = rng.normal(size=(4, 3)).astype("float32")
    with tf.GradientTape(persistent=True) as tape:
        divergence = tf.reduce_sum(kl(code))
        drawn = tf.reduce_sum(at(code, noise))
    mean, log_variance = code["mean"].numpy(), code["log_variance"].numpy()
    found = tape.gradient(divergence, code)
    np.testing.assert_allclose(found["mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(found["log_variance"], (np.exp(log_variance) - 1) / 2, rtol=1e-4)
    # The noise is outside: the gradient passes the drawn code by.
    found = tape.gradient(drawn, code)
    np.testing.assert_allclose(found["mean"], 1.0)
    np.testing.assert_allclose(found["log_variance"], noise * np.exp(log_variance / 2) / 2, 1e-5)


@pytest.mark.parametrize("pixels", ["drawn", "grey"])
def test_the_likelihood_is_that_of_scipy(pixels):
    model = vae.build(SHAPE, hidden=(3,), pixels=pixels)
    outputs = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype("float32")
    shown = keras.ops.convert_to_numpy(model.observed(images(5, *SHAPE), 3))
    scaled = shown / 255.0
    if pixels == "drawn":
        assert set(np.unique(shown)) == {0, 255}
        expected = bernoulli.logpmf(scaled.astype(int), 1 / (1 + np.exp(-outputs)))
    else:
        model.log_deviation.assign(-0.7)
        expected = norm.logpdf(scaled, outputs, np.exp(-0.7))
    found = model.log_likelihood(shown, outputs)
    np.testing.assert_allclose(found, expected.sum(axis=(1, 2, 3)), rtol=1e-5)


def linear_gaussian(deviation=0.3):
    """Return a model with p(x | z) = N(Wz + b, deviation^2 I), its exact posterior, and W and b.

    The columns of W are orthogonal, so that the posterior's covariance is diagonal.
    """
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(16, 2)))[0] * [1.2, 0.4]
    offset = rng.uniform(size=16)
    variance = 1 / (1 + np.sum(directions**2, axis=0) / deviation**2)
    pull = directions * variance / deviation**2  # from x - b to the posterior's mean
    image, drawn = keras.Input(SHAPE, dtype="uint8"), keras.Input((2,))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    mean, log_variance = (keras.layers.Dense(2, name=name) for name in ("mean", "log_variance"))
    encoder = keras.Model(image, {"mean": mean(flat), "log_variance": log_variance(flat)})
    mean.set_weights([pull, -offset @ pull])
    log_variance.set_weights([np.zeros((16, 2)), np.log(variance)])
    decoder = keras.Sequential([drawn, keras.layers.Dense(16), keras.layers.Reshape(SHAPE)])
    decoder.layers[0].set_weights([directions.T, offset])
    model = VariationalAutoencoder(encoder, decoder, pixels="grey")
    model.log_deviation.assign(np.log(deviation))
    evidence = multivariate_normal(offset, directions @ directions.T + deviation**2 * np.eye(16))
    return model, evidence


def test_weights_at_the_exact_posterior_are_the_evidence():
    model, evidence = linear_gaussian()
    given = images(6, *SHAPE)
    expected = evidence.logpdf(given.reshape(6, 16) / 255.0)
    found = model.log_weights(given, 5, (1, 2)).numpy()
    # The same for each of the five codes, whichever they are.
    np.testing.assert_allclose(found, np.tile(expected, (5, 1)), rtol=2e-5, atol=2e-4)


def test_the_bound_is_the_evidence_less_the_divergence_of_the_posterior(splits):
    model, evidence = linear_gaussian()
    exact = -evidence.logpdf(splits.test.inputs.reshape(40, 16) / 255.0).mean()
    task = Variational(num_samples=200)
    figures, _ = task.evaluate(model, splits, splits.test.ordered(16))
    assert figures["bound"] == pytest.approx(exact, rel=1e-4)
    # A posterior moved by half a deviation along the first value is 1 / 8 nat away.
    mean, log_variance = (model.encoder.get_layer(name) for name in ("mean", "log_variance"))
    kernel, bias = mean.get_weights()
    moved = 0.5 * np.exp(log_variance.get_weights()[1][0] / 2)
    mean.set_weights([kernel, np.add(bias, [moved, 0])])
    figures, _ = task.evaluate(model, splits, splits.test.ordered(16))
    # Its error is about 0.5 / sqrt(8000).
    assert figures["bound"] - exact == pytest.approx(0.125, abs=0.02)
    assert figures["nll"] - exact == pytest.approx(0.0, abs=0.01)
    assert figures["reconstruction"] + figures["kl"] == pytest.approx(figures["bound"])


@pytest.mark.parametrize("pixels", PIXELS)
def test_the_estimate_comes_down_as_samples_grow(splits, pixels):
    model = vae.build(SHAPE, hidden=(8,), pixels=pixels)
    model.decoder.get_layer("pixels").kernel.assign(
        np.random.default_rng(0).normal(size=(8, 16)) * 2
    )
    one, many = (
        Variational(num_samples=count).evaluate(model, splits, splits.test.ordered(40))[0]
        for count in (1, 120)
    )
    assert one["nll"] == pytest.approx(one["bound"])
    assert many["nll"] < many["bound"]
    assert many["nll"] < one["nll"]
    assert many["kl"] == pytest.approx(one["kl"])
    again, _ = Variational(num_samples=120).evaluate(model, splits, splits.test.ordered(40))
    assert again == many


@pytest.mark.parametrize("pixels", PIXELS)
def test_it_learns_and_logs_the_two_parts(splits, pixels):
    keras.utils.set_random_seed(0)
    task, recipe = Variational(num_samples=20), RECIPES["vae_digits"]
    model = vae.build(SHAPE, hidden=(16,), pixels=pixels)
    task.compile(model, lambda: recipe.optimizer(learning_rate=0.02), steps_per_execution=20)
    batches = tf.data.Dataset.from_tensors(splits.train.inputs).repeat()
    logs = model.fit(batches, steps_per_epoch=40, epochs=2, verbose=0, shuffle=False).history
    assert set(logs) == {"loss", "reconstruction", "kl"}
    parts = np.array(logs["reconstruction"]) + np.array(logs["kl"])
    np.testing.assert_allclose(logs["loss"], parts, rtol=1e-4, atol=1e-4)
    assert logs["loss"][1] < logs["loss"][0] - 0.5
    figures, outcome = task.evaluate(model, splits, splits.test.ordered(16))
    assert tuple(figures) == task.figures
    assert figures["nll"] < figures["baseline_nll"]
    pictures = task.pictures(splits, splits.test, outcome)
    assert [title for title, _, _ in pictures] == [
        "Images and what comes back",
        "Codes",
        "Samples",
        "One value of the code after another",
        "The plane of codes",
    ]


def test_the_deviation_of_grey_pixels_is_learned(splits):
    model = vae.build(SHAPE, hidden=(4,), pixels="grey")
    model.compile(keras.optimizers.SGD(0.0))
    before = float(model.log_deviation)
    model.optimizer.learning_rate = 1e-4
    model.fit(splits.train.inputs, epochs=1, verbose=0)
    assert float(model.log_deviation) != before


def test_pixels_are_drawn_with_the_probability_of_their_grey():
    model = vae.build(SHAPE, hidden=(3,))
    grey = np.broadcast_to(np.linspace(0, 255, 16).reshape(SHAPE), (20_000, *SHAPE))
    drawn = keras.ops.convert_to_numpy(model.observed(grey.astype("uint8"), 0)) / 255
    chance = grey[0].astype("uint8") / 255
    # Four standard errors.
    assert (np.abs(drawn.mean(axis=0) - chance) <= 4 * np.sqrt(0.25 / 20_000)).all()
    assert (drawn.mean(axis=0)[chance == 0] == 0).all()
    assert (drawn.mean(axis=0)[chance == 1] == 1).all()
    given = images(3, *SHAPE)
    once, again, other = (model.observed(given, seed).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_a_threshold_is_where_it_is_said_to_be():
    model = vae.build(SHAPE, hidden=(3,), pixels="threshold")
    given = np.array([0, 127, 128, 255], "uint8").reshape(1, 2, 2, 1)
    assert model.observed(given, 0).numpy().ravel().tolist() == [0, 0, 255, 255]
    shown = images(4, *SHAPE)
    np.testing.assert_array_equal(
        model.encode(shown)["mean"], model.encode((shown > 127) * 255)["mean"]
    )


def test_called_it_gives_the_same_each_time_and_in_training_it_draws():
    model = vae.build(SHAPE, hidden=(8,))
    given = images(4, *SHAPE)
    restored = model(given).numpy()
    np.testing.assert_array_equal(model(given), restored)
    np.testing.assert_array_equal(model.decode(model.encode(given)["mean"]), restored)
    assert ((restored > 0) & (restored < 1)).all()
    model.compile("sgd")
    first, second = (model.compute_loss(given).numpy() for _ in range(2))
    assert first != second


def test_samples_depend_on_the_seed_alone():
    model = vae.build(SHAPE, hidden=(8,))
    once, again, other = (model.sample(5, seed).numpy() for seed in (3, 3, 4))
    assert once.shape == (5, *SHAPE)
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    codes = tf.random.stateless_normal((5, 2), (3, 0))
    np.testing.assert_allclose(once, model.decode(codes), rtol=1e-6)


def test_independent_pixels_against_arithmetic(splits):
    train, test = (split.inputs / 255.0 for split in (splits.train, splits.test))
    model = vae.build(SHAPE, hidden=(3,), pixels="grey")
    expected = norm.logpdf(test, train.mean(axis=0), np.sqrt(train.var(axis=0).mean()))
    found = independent_pixels(model, splits.train)(test)
    np.testing.assert_allclose(found, -expected.sum(axis=(1, 2, 3)), rtol=1e-5)
    model = vae.build(SHAPE, hidden=(3,), pixels="threshold")
    white = (np.sum(splits.train.inputs > 127, axis=0) + 1) / 42
    shown = splits.test.inputs > 127
    expected = bernoulli.logpmf(shown.astype(int), white)
    found = independent_pixels(model, splits.train)(shown.astype(float))
    np.testing.assert_allclose(found, -expected.sum(axis=(1, 2, 3)), rtol=1e-5)
    model = vae.build(SHAPE, hidden=(3,))
    white = (train.sum(axis=0) + 1) / 42
    found = independent_pixels(model, splits.train)(shown.astype(float))
    expected = bernoulli.logpmf(shown.astype(int), white)
    np.testing.assert_allclose(found, -expected.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_the_plane_of_codes_takes_equal_steps_of_probability():
    codes = plane_of_codes(GRID).reshape(GRID, GRID, 2)
    steps = (np.arange(GRID) + 0.5) / GRID
    np.testing.assert_allclose(norm.cdf(codes[3, :, 0]), steps, atol=1e-6)
    np.testing.assert_allclose(norm.cdf(codes[:, 5, 1]), steps[::-1], atol=1e-6)


@pytest.mark.parametrize("pixels", PIXELS)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_comes_back_from_a_file(pixels, tmp_path):
    model = vae.build(SHAPE, hidden=(3,), pixels=pixels)
    Variational().compile(model, lambda: keras.optimizers.Adam(0.01))
    given = images(8, *SHAPE)
    model.fit(given, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(given), model(given))
    np.testing.assert_array_equal(again.sample(3, 1), model.sample(3, 1))
    assert again.pixels == pixels and len(again.variables) == len(model.variables)


def test_the_endpoints_are_those_of_the_model(splits):
    model = vae.build(SHAPE, hidden=(3,))
    endpoints = Variational().endpoints(model, splits)
    assert set(endpoints) == {"serving_default", "encode", "decode", "sample"}
    answers = {name: endpoint.answer() for name, endpoint in endpoints.items()}
    assert set(answers["encode"]) == {"mean", "log_variance"}
    np.testing.assert_allclose(
        answers["decode"]["image"], answers["serving_default"]["reconstruction"], rtol=1e-5
    )
    np.testing.assert_array_equal(answers["sample"]["image"], model.sample(4, 7))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"code": 0}, "`code` of vae.build must be at least 1. Received: code=0."),
        (
            {"hidden": ()},
            "`hidden` of vae.build must be a tuple of at least one number of units, each at least "
            "1. Received: hidden=().",
        ),
        (
            {"pixels": "binary"},
            "`pixels` of a variational autoencoder must be one of 'drawn', 'threshold', 'grey'. "
            "Received: pixels='binary'.",
        ),
        (
            {"input_shape": (64,)},
            "`input_shape` of vae.build must be (height, width, channels). "
            "Received: input_shape=(64,).",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        vae.build(**{"input_shape": SHAPE, **arguments})
    assert str(caught.value) == sentence


def test_what_cannot_be_learnt_is_one_sentence(splits):
    recipe = RECIPES["vae_digits"]
    with pytest.raises(RecipeError, match="must be images of bytes"):
        table = dataclasses.replace(splits, inputs=Spec("features", (30,), "float32"))
        recipe.task.core(recipe, table)
    with pytest.raises(RecipeError, match="must return a VariationalAutoencoder"):
        other = dataclasses.replace(recipe, build=lambda shape: keras.Sequential(name="plain"))
        recipe.task.core(other, splits)
    with pytest.raises(RecipeError, match="`num_samples` of a variational task"):
        Variational(num_samples=0)


def test_two_replicas_take_the_step_of_one(splits):
    taken = []
    for name in ("none", "mirrored"):
        with distribute.strategy(name).scope():
            keras.utils.set_random_seed(0)
            model = vae.build(SHAPE, hidden=(4,), pixels="grey")
            # Codes without a deviation: what is drawn does not count.
            layer = model.encoder.get_layer("log_variance")
            layer.set_weights([np.zeros((4, 2)), np.full(2, -40.0)])
            model.compile(keras.optimizers.SGD(0.01), steps_per_execution=1)
            model.optimizer.build(model.trainable_variables)
        model.train_function = TrainingSteps(model, 1)
        batches = tf.data.Dataset.from_tensors((splits.train.inputs, splits.train.targets))
        logs = model.fit(batches.repeat(), steps_per_epoch=1, verbose=0, shuffle=False).history
        taken.append(([variable.numpy() for variable in model.trainable_variables], logs))
    (ours, our_logs), (expected, expected_logs) = taken
    for weight, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-5)
    assert our_logs["loss"] == pytest.approx(expected_logs["loss"], rel=1e-4)
