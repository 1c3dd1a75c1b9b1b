"""The diffusion as a model that fits, draws and is exported."""

import dataclasses
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import data, distribute
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import ddpm
from kerasrecipes.recipes.models import samplers
from kerasrecipes.recipes.models.diffusion import Diffusion
from kerasrecipes.recipes.models.noise_schedules import linear, signal_levels
from kerasrecipes.recipes.tasks.diffusion import DenoisingDiffusion

SHAPE = (4, 4, 1)
TINY = {
    "width": 4,
    "multipliers": (1,),
    "attention": (),
    "num_blocks": 1,
    "dropout": 0.0,
    "groups": 2,
}


def make(decay=0.9, num_steps=20, **changes):
    network = ddpm.build(SHAPE, **{**TINY, **changes})
    return Diffusion(network, linear(num_steps, first=0.01, last=0.4), decay=decay)


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE)).astype("uint8")


def compiled(model, optimizer):
    model.compile(optimizer)
    # As a run does it before it begins: within a traced step it takes many seconds.
    optimizer.build(model.trainable_variables)
    return model


def stirred(model):
    """Give a model weights that are not those of a beginning."""
    rng = np.random.default_rng(1)
    for weight in model.average.weights:
        weight.assign(rng.standard_normal(weight.shape) * 0.2)
    return model


@pytest.fixture(scope="module")
def model():
    return stirred(make())


def test_images_are_drowned_as_equation_4_says(model):
    rng = np.random.default_rng(0)
    noise = tf.constant(rng.standard_normal((50_000, 1, 1, 1)), tf.float32)
    levels = signal_levels(model.betas)
    for time in (0, 7, 19):
        drowned = model.drown(tf.fill(noise.shape, 0.5), tf.fill([len(noise)], time), noise)
        assert np.mean(drowned) == pytest.approx(0.5 * levels[time] ** 0.5, abs=0.02)
        assert np.var(drowned) == pytest.approx(1 - levels[time], rel=0.03)


def test_a_step_trains_the_network_and_lets_the_average_follow():
    model = make(decay=0.75)
    compiled(model, keras.optimizers.SGD(0.1))
    old = [w.numpy() for w in model.average.weights]
    history = model.fit(images(16), np.zeros(16), batch_size=16, epochs=1, verbose=0).history
    assert 0.3 < history["loss"][0] < 3  # it begins by answering no noise: about 1
    moved = False
    for before, average, weight in zip(
        old, model.average.weights, model.network.weights, strict=True
    ):
        np.testing.assert_allclose(average, 0.75 * before + 0.25 * weight.numpy(), atol=1e-7)
        moved |= bool((weight.numpy() != before).any())
    assert moved


def test_the_average_is_not_trained():
    model = make(dropout=0.5)
    network, average = model.network.count_params(), model.average.count_params()
    assert network == average == sum(w.shape.num_elements() for w in model.trainable_variables)
    assert len(model.variables) >= 2 * len(model.network.trainable_variables)


def test_validation_repeats_itself_and_draws_nothing(model):
    compiled(model, keras.optimizers.SGD(0.1))
    state = model.seed_generator.state.numpy()
    first = model.evaluate(images(30), np.zeros(30), batch_size=15, verbose=0)
    again = model.evaluate(images(30), np.zeros(30), batch_size=15, verbose=0)
    assert first == again
    np.testing.assert_array_equal(model.seed_generator.state.numpy(), state)
    loss, trivial = model.losses_on(images(15))
    assert np.isfinite(loss) and float(trivial) == pytest.approx(1, abs=0.3)


def test_learning_to_tell_noise():
    model = make()
    compiled(model, keras.optimizers.Adam(0.01))
    # One image: all that is not it is noise.
    data = np.repeat(images(1), 64 * 50, axis=0)
    before = model.evaluate(data[:64], np.zeros(64), batch_size=64, verbose=0)
    model.fit(data, np.zeros(len(data)), batch_size=64, verbose=0)
    assert model.evaluate(data[:64], np.zeros(64), batch_size=64, verbose=0) < before / 2


def test_samples_are_a_function_of_the_seed(model):
    first = model.sample(3, 6)
    assert first.shape == (6, *SHAPE) and first.dtype == tf.uint8
    np.testing.assert_array_equal(first, model.sample(3, 6))
    assert (first != model.sample(4, 6)).numpy().any()
    assert len(np.unique(first.numpy().reshape(6, -1), axis=0)) == 6


@pytest.mark.parametrize("sampler", ["ancestral", "implicit"])
def test_an_image_is_the_same_however_many_are_drawn(model, sampler):
    table = model.sampler(sampler, 5)
    few = model.sample(3, 4, table).numpy().astype(int)
    many = model.sample(3, 300, table).numpy().astype(int)  # two chunks
    assert many.shape == (300, *SHAPE)
    assert np.abs(many[:4] - few).max() <= 1
    # The second chunk is no repetition of the first.
    assert np.abs(many[256:260] - few).max() > 1


def test_the_implicit_sampler_draws_the_first_noise_only(model):
    table = model.sampler("implicit", 10)
    assert (table[:, 4] == 0).all()
    assert (model.sampler("implicit", 10, eta=0.5)[:-1, 4] > 0).all()


def test_the_chain_ends_in_the_samples(model):
    table = model.sampler("ancestral", 10)
    chain = model.chain(7, 3, table, (0, 5, 10)).numpy()
    assert chain.shape == (3, 3, *SHAPE) and chain.dtype == np.uint8
    assert np.abs(chain[-1].astype(int) - model.sample(7, 3, table).numpy()).max() <= 1


def test_one_loop_is_a_loop_in_python(model):
    table = model.sampler("ancestral")
    seed = tf.constant([5, 0])
    x = tf.random.stateless_normal((2, *SHAPE), tf.random.experimental.stateless_fold_in(seed, 0))
    for step, (time, signal, clean, current, sigma) in enumerate(table):
        found = model.average.predict({"image": x, "time": np.full(2, time, "int32")}, verbose=0)
        image = np.clip((x.numpy() - np.sqrt(1 - signal) * found) / np.sqrt(signal), -1, 1)
        drawn = tf.random.stateless_normal(
            x.shape, tf.random.experimental.stateless_fold_in(seed, step + 1)
        )
        x = clean * image + current * x.numpy() + sigma * drawn.numpy()
        x = tf.constant(x, tf.float32)
    expected = np.round((x + 1) * 127.5)
    assert np.abs(model.sample(5, 2).numpy() - expected).max() <= 1


def test_saved_and_loaded_it_answers_the_same(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.betas == model.betas and loaded.decay == model.decay
    np.testing.assert_array_equal(loaded(images(3)), model(images(3)))
    np.testing.assert_array_equal(loaded.sample(1, 3), model.sample(1, 3))


def test_an_answer_does_not_depend_on_its_place_in_the_batch(model):
    given = images(5)
    np.testing.assert_allclose(model(given)[3:], model(given[3:]), atol=1e-3)
    assert float(tf.reduce_min(model(given))) >= 0 and float(tf.reduce_max(model(given))) <= 255


def test_two_replicas_average_alike():
    place = distribute.strategy("mirrored")
    with place.scope():
        model = make(decay=0.5)
        compiled(model, keras.optimizers.SGD(0.1))
    old = [w.numpy() for w in model.average.weights]
    batches = tf.data.Dataset.from_tensors((images(8), np.zeros(8))).repeat(2)
    step = tf.function(lambda batch: place.run(model.train_step, args=(batch,)))
    (batch,) = place.experimental_distribute_dataset(batches.take(1))
    step(batch)
    for before, average, weight in zip(
        old, model.average.weights, model.network.weights, strict=True
    ):
        np.testing.assert_allclose(average, 0.5 * before + 0.5 * weight.numpy(), atol=1e-6)


def test_bad_arguments(model):
    with pytest.raises(RecipeError, match=r"`decay` of Diffusion must be in \[0, 1\)"):
        make(decay=1.0)
    with pytest.raises(RecipeError, match=r"inside \(0, 1\), one a step. Received: 1.0"):
        Diffusion(model.network, [0.5, 1.0])
    with pytest.raises(RecipeError, match=r"must be 'ancestral' or 'implicit'. Received: 'ddim'"):
        model.sampler("ddim")
    with pytest.raises(RecipeError, match=r"at least 1. Received: count=0"):
        model.sample(0, 0)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"schedule": "quadratic"}, "must be 'linear' or 'cosine'. Received: 'quadratic'"),
        ({"sampler": "ddim"}, "must be 'ancestral' or 'implicit'"),
        ({"decay": 1.0}, "`decay` of a denoising diffusion"),
        ({"sampling_steps": 1001}, r"\[1, 1000\]. Received: sampling_steps=1001"),
        ({"compared_steps": (10, 0)}, r"\[1, 1000\]. Received: compared_steps=\(10, 0\)"),
        ({"num_measured": 1}, "at least 2. Received: num_measured=1"),
    ],
)
def test_bad_arguments_of_the_task(change, part):
    with pytest.raises(RecipeError, match=part):
        DenoisingDiffusion(**change)


@pytest.fixture(scope="module")
def trained(data_dir):
    """A task and its model on digits, as a recipe puts them together; hardly trained."""
    recipe = dataclasses.replace(ddpm.RECIPES[0], build=partial(ddpm.build, **TINY))
    task = DenoisingDiffusion(num_steps=8, sampling_steps=4, compared_steps=(2, 8), num_measured=40)
    splits = data.load("digits", data_dir=data_dir)
    return task, splits, stirred(task.assemble(recipe, splits))


def test_the_task_measures_loss_and_distance(trained):
    task, splits, model = trained
    figures, outcome = task.evaluate(model, splits, splits.test.first(64).ordered(32))
    assert set(figures) == set(task.figures)
    assert figures["training_frechet_distance"] < figures["baseline_frechet_distance"]
    assert figures["baseline_loss"] == pytest.approx(1, abs=0.1)
    assert outcome["samples"].shape == (40, 8, 8, 1)
    titles = [title for title, _, _ in task.pictures(splits, splits.test, outcome)]
    assert titles == ["Samples", "Real images", "From noise to images", "In fewer steps"]
    ((_, _, rows),) = task.tables(model, splits, outcome)
    assert [steps for steps, _, _ in rows] == ["2", "8"]
    again, _ = task.evaluate(model, splits, splits.test.first(64).ordered(32))
    assert again == figures


def test_the_signature_draws_what_python_draws(trained):
    task, splits, model = trained
    endpoints = task.endpoints(model, splits)
    assert set(endpoints) == {"serving_default", "predict_noise", "sample"}
    endpoint = endpoints["sample"]
    count = samplers.CHUNK + 3
    drawn = tf.function(endpoint.function, endpoint.inputs)(9, count)["image"].numpy().astype(int)
    expected = model.sample(9, count, model.sampler(task.sampler, task.sampling_steps)).numpy()
    assert drawn.shape == (count, 8, 8, 1) and np.abs(drawn - expected).max() <= 1


def test_data_that_cannot_be_drawn(trained):
    task, splits, _ = trained
    recipe = dataclasses.replace(ddpm.RECIPES[0], normalize=keras.layers.Identity)
    with pytest.raises(RecipeError, match=r"must be None, since a diffusion takes raw images"):
        task.core(recipe, splits)
    with pytest.raises(RecipeError, match="must have classes"):
        task.core(ddpm.RECIPES[0], dataclasses.replace(splits, class_names=None))
    recipe = dataclasses.replace(ddpm.RECIPES[0], build=lambda shape: ddpm.build((16, 16, 1)))
    with pytest.raises(RecipeError, match="must return a network from 'image' and 'time'"):
        task.core(recipe, splits)
