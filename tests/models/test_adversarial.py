import dataclasses
import json
import math
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.callbacks import AdversarialBalance, observe
from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import dcgan
from kerasrecipes.recipes.models.adversarial import (
    Adversarial,
    discriminator_loss,
    generator_loss,
    noise,
    to_bytes,
    to_symmetric,
)
from kerasrecipes.recipes.recipe import Figure, Recipe
from kerasrecipes.recipes.serving import saved_model
from kerasrecipes.recipes.serving.prediction import predict
from kerasrecipes.recipes.tasks.adversarial import AdversarialGeneration

SHAPE = (8, 8, 1)
LOGS = ["discriminator_loss", "fake_score", "generator_loss", "real_score"]
Adam = partial(keras.optimizers.Adam, beta_1=0.5)
RECIPE = Recipe(
    name="tiny_dcgan",
    summary="A tiny pair of players.",
    data="digits",
    task=AdversarialGeneration(),
    build=partial(dcgan.build, latent=5, width=3),
    optimizer=Adam,
    learning_rate=0.01,
    batch_size=8,
    epochs=1,
    expected=Figure("frechet_distance", 1.0, better="lower"),
)


def make(seed=0, generator_rate=0.01, discriminator_rate=0.01, **settings):
    keras.utils.set_random_seed(seed)
    model = dcgan.build(SHAPE, latent=5, width=3)
    model.compile(Adam(generator_rate), Adam(discriminator_rate), **settings)
    for optimizer, variables in model.optimizers():
        optimizer.build(variables)
    return model


def images(count=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE)).astype("uint8")


def step(model, batch):
    return {name: float(log) for name, log in model.train_step((batch, None)).items()}


def values(variables):
    return [np.array(variable) for variable in variables]


def moved(before, after):
    return [not np.array_equal(b, a) for b, a in zip(before, after, strict=True)]


def test_the_losses_are_those_of_the_equations():
    real, fake = np.array([[2.0], [-1.0]]), np.array([[0.5], [-3.0]])

    def log_sigmoid(x):
        return -math.log(1 + math.exp(-x))

    expected = -(log_sigmoid(2) + log_sigmoid(-1)) / 2 - (log_sigmoid(-0.5) + log_sigmoid(3)) / 2
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected)
    expected = -(log_sigmoid(0.5) + log_sigmoid(-3)) / 2
    assert float(generator_loss(fake)) == pytest.approx(expected)


def test_whoever_cannot_tell_has_two_ln_two():
    assert float(discriminator_loss(np.zeros((4, 1)), np.zeros((4, 1)))) == pytest.approx(
        2 * math.log(2)
    )
    assert float(generator_loss(np.zeros((4, 1)))) == pytest.approx(math.log(2))


def test_smoothing_is_on_the_real_side_alone():
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    real, fake = np.array([[2.0], [-1.0]]), np.array([[0.5], [-3.0]])
    expected = float(bce(np.full((2, 1), 0.9), real)) + float(bce(np.zeros((2, 1)), fake))
    assert float(discriminator_loss(real, fake, 0.1)) == pytest.approx(expected, rel=1e-6)


def test_the_losses_stay_finite_for_large_logits():
    large = np.array([[1e4], [-1e4]], "float32")
    assert float(discriminator_loss(large, large)) == pytest.approx(1e4)
    assert float(generator_loss(large)) == pytest.approx(5e3)


def test_a_move_of_one_player_leaves_the_weights_of_the_other():
    for generator_rate, discriminator_rate in ((0.01, 0.0), (0.0, 0.01)):
        model = make(generator_rate=generator_rate, discriminator_rate=discriminator_rate)
        networks = (model.generator, model.discriminator)
        before = [values(network.trainable_variables) for network in networks]
        step(model, images())
        after = [values(network.trainable_variables) for network in networks]
        assert all(moved(before[0], after[0])) == (generator_rate > 0)
        assert any(moved(before[0], after[0])) == (generator_rate > 0)
        assert any(moved(before[1], after[1])) == (discriminator_rate > 0)


def plain_step(model, batch, drawn, rate):
    """Return the weights after one step as the papers write it, by plain gradient descent."""
    real = to_symmetric(batch)
    with tf.GradientTape() as tape:
        fake = model.generator(drawn, training=True)
        loss = tf.reduce_mean(-tf.math.log(tf.sigmoid(model.discriminator(real, training=True))))
        judged = tf.sigmoid(model.discriminator(fake, training=True))
        loss += tf.reduce_mean(-tf.math.log(1 - judged))
    variables = model.discriminator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(rate * gradient)
    variables = model.generator.trainable_variables
    with tf.GradientTape() as tape:
        fake = model.generator(drawn, training=True)
        judged = tf.sigmoid(model.discriminator(fake, training=True))
        deceived = tf.reduce_mean(-tf.math.log(judged))
    for variable, gradient in zip(variables, tape.gradient(deceived, variables), strict=True):
        variable.assign_sub(rate * gradient)
    return float(loss), float(deceived)


def test_a_step_is_the_step_of_the_papers():
    keras.utils.set_random_seed(1)
    ours = dcgan.build(SHAPE, latent=5, width=3)
    ours.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    theirs = dcgan.build(SHAPE, latent=5, width=3)
    theirs.set_weights(ours.get_weights())
    drawn = noise(16, 5, ours.seed_generator.state.numpy())
    loss, deceived = plain_step(theirs, images(), drawn, 0.1)
    logs = step(ours, images())
    assert logs["discriminator_loss"] == pytest.approx(loss, rel=1e-5)
    assert logs["generator_loss"] == pytest.approx(deceived, rel=1e-5)
    for mine, other in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_the_scores_are_means_of_the_discriminators_probabilities():
    model = make()
    real = images()
    drawn = noise(16, 5, model.seed_generator.state.numpy())
    fake = model.generator(drawn, training=True)
    expected = {
        "real_score": keras.ops.sigmoid(model.discriminator(to_symmetric(real), training=True)),
        "fake_score": keras.ops.sigmoid(model.discriminator(fake, training=True)),
    }
    logs = step(model, real)
    assert sorted(logs) == LOGS
    for name, scores in expected.items():
        assert logs[name] == pytest.approx(float(np.mean(scores)), rel=1e-5)


def test_gradients_can_be_looked_at_and_are_each_players_own():
    model = make(label_smoothing=0.1)
    step(model, images())
    found = observe.gradients(model, images(), np.zeros(16))
    real, drawn = to_symmetric(images()), noise(16, 5, (0, 0))
    with tf.GradientTape(persistent=True) as tape:
        fake = model.discriminator(model.generator(drawn))
        judged = discriminator_loss(model.discriminator(real), fake, 0.1)
        deceived = generator_loss(fake)
    for network, loss in ((model.generator, deceived), (model.discriminator, judged)):
        variables = network.trainable_variables
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            np.testing.assert_allclose(found[variable.path], gradient, rtol=1e-4, atol=1e-6)
    both = model.compute_loss(x=images(), training=False)
    assert float(both) == pytest.approx(float(judged + deceived), rel=1e-5)


def test_it_fits_and_its_logs_are_finite_means_over_an_epoch():
    model = make(generator_rate=0.0, discriminator_rate=0.0, steps_per_execution=2)
    x = images(64)
    history = model.fit(x, x, batch_size=16, epochs=2, verbose=0, validation_data=(x, x)).history
    assert sorted(history) == sorted([*LOGS, *(f"val_{name}" for name in LOGS)])
    assert all(np.isfinite(scores).all() for scores in history.values())
    again = make(generator_rate=0.0, discriminator_rate=0.0)
    last = again.fit(x, x, batch_size=64, verbose=0).history
    assert history["real_score"][0] == pytest.approx(last["real_score"][0], abs=0.1)


@pytest.mark.parametrize(
    ("rates", "winner"), [((0.0, 0.1), "discriminator"), ((0.02, 0.0), "generator")]
)
def test_a_player_whose_opponent_stands_still_wins_and_that_is_said(rates, winner):
    model = make(generator_rate=rates[0], discriminator_rate=rates[1])
    for layer in model.discriminator.layers:
        if "conv" in layer.name:
            # A discriminator that says something about images from the start.
            layer.kernel.assign(10 * layer.kernel)
    x = images(64)
    balance = AdversarialBalance(high=0.9, low=0.0, patience=2)
    with pytest.warns(UserWarning, match=f"The {winner} has won: for 2 epochs"):
        history = model.fit(x, x, batch_size=16, epochs=15, verbose=0, callbacks=[balance]).history
    assert (history["score_gap"][-1] > 0.9) == (winner == "discriminator")


def test_validation_neither_moves_anything_nor_depends_on_what_was_drawn_before():
    model = make()
    step(model, images())
    before = values(model.variables)
    tracked = {id(variable) for metric in model.metrics for variable in metric.variables}
    first = model.evaluate(images(32), images(32), batch_size=16, verbose=0, return_dict=True)
    assert first == model.evaluate(
        images(32), images(32), batch_size=16, verbose=0, return_dict=True
    )
    kept = [
        not changed or id(variable) in tracked
        for variable, changed in zip(
            model.variables, moved(before, values(model.variables)), strict=True
        )
    ]
    assert all(kept)


def test_seeds_decide_everything():
    def trained(seed):
        model = make(seed)
        for number in range(3):
            step(model, images(seed=number))
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


def test_every_step_draws_other_noise():
    model = make()
    before = model.seed_generator.state.numpy()
    step(model, images())
    assert not np.array_equal(model.seed_generator.state.numpy(), before)


def test_saved_and_loaded_it_goes_on_as_if_nothing_had_been(tmp_path):
    model = make(label_smoothing=0.1)
    step(model, images())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.label_smoothing == 0.1
    np.testing.assert_array_equal(loaded(images()), model(images()))
    for (mine, _), (other, _) in zip(loaded.optimizers(), model.optimizers(), strict=True):
        assert int(mine.iterations) == 1
        assert len(mine.variables) == len(other.variables)
        for a, b in zip(mine.variables, other.variables, strict=True):
            np.testing.assert_array_equal(a, b)
    # A file of Keras leaves out the states of random generators; a checkpoint of a run has them.
    loaded.seed_generator.state.assign(model.seed_generator.state)
    step(loaded, images(seed=1))
    step(model, images(seed=1))
    for mine, other in zip(loaded.trainable_weights, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_an_uncompiled_one_is_saved_too(tmp_path):
    model = dcgan.build(SHAPE, latent=5, width=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(images()), model(images()))


def test_two_replicas_take_the_step_of_one_and_draw_noise_of_their_own():
    place = distribute.strategy("mirrored")
    assert place.num_replicas_in_sync == 2
    keras.utils.set_random_seed(1)
    with place.scope():
        shared = dcgan.build(SHAPE, latent=5, width=3)
        shared.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        for optimizer, variables in shared.optimizers():
            optimizer.build(variables)
    alone = dcgan.build(SHAPE, latent=5, width=3)
    alone.set_weights(shared.get_weights())
    seed = shared.seed_generator.state.numpy()
    drawn = noise(16, 5, seed).numpy()  # of the whole batch: each has rows of its own
    halves = [images(8, seed=replica) for replica in range(2)]
    batches = place.experimental_distribute_values_from_function(
        lambda context: tf.constant(halves[context.replica_id_in_sync_group])
    )
    logs = place.run(tf.function(lambda batch: shared.train_step((batch, None))), args=(batches,))
    logs = {name: float(place.reduce("MEAN", log, axis=None)) for name, log in logs.items()}
    loss, deceived = plain_step(alone, np.concatenate(halves), drawn, 0.1)
    assert logs["discriminator_loss"] == pytest.approx(loss, rel=1e-4)
    assert logs["generator_loss"] == pytest.approx(deceived, rel=1e-4)
    for mine, other in zip(shared.trainable_weights, alone.trainable_weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


def test_a_model_knows_all_that_a_checkpoint_must_hold():
    model = make()
    held = {id(variable) for variable in model.variables}
    networks = (model.generator, model.discriminator)
    for network in networks:
        assert {id(variable) for variable in network.variables} <= held
    assert id(model.seed_generator.state) in held


def test_networks_and_settings_that_do_not_fit_are_told():
    with pytest.raises(RecipeError, match=r"must agree about the images. Received: .*8, 8, 1.*16"):
        Adversarial(dcgan.generator(SHAPE), dcgan.discriminator((16, 16, 1)))
    model = dcgan.build(SHAPE, latent=5, width=3)
    optimizer = Adam(0.01)
    with pytest.raises(RecipeError, match="must be an optimizer of its own"):
        model.compile(optimizer, optimizer)
    for call in (
        lambda: model.compile(Adam(0.01), Adam(0.01), label_smoothing=1.0),
        lambda: AdversarialGeneration(label_smoothing=1.0),
    ):
        with pytest.raises(RecipeError, match=r"must be in .0, 1.. Received: label_smoothing=1.0"):
            call()


def test_bytes_and_back():
    every = np.arange(256, dtype="uint8")
    np.testing.assert_array_equal(to_bytes(to_symmetric(every)), every)
    assert to_symmetric(every).numpy()[[0, 255]].tolist() == [-1.0, 1.0]
    np.testing.assert_array_equal(to_bytes(np.array([-1.1, 1.1], "float32")), [0, 255])


# The task, on three classes of striped images that a classifier tells apart.


@pytest.fixture(scope="module")
def splits():
    random = np.random.default_rng(0)
    labels = np.arange(360) % 3
    stripes = np.zeros((3, 8, 8, 1))
    stripes[0, ::2], stripes[1, :, ::2], stripes[2, 2:6, 2:6] = 200, 200, 200
    pictures = (stripes[labels] + random.uniform(0, 55, (360, 8, 8, 1))).astype("uint8")
    parts = {
        name: IndexedSplit(inputs=pictures[rows], targets=labels[rows])
        for name, rows in {
            "train": slice(0, 240), "validation": slice(240, 300), "test": slice(300, 360)
        }.items()
    }  # fmt: skip
    return Splits(
        name="stripes",
        inputs=Spec("image", SHAPE, "uint8"),
        class_names=("rows", "columns", "square"),
        licence="CC0-1.0",
        source="here",
        fingerprint="stripes of test_adversarial",
        **parts,
    )


@pytest.fixture(scope="module")
def trained(splits):
    keras.utils.set_random_seed(0)
    task = RECIPE.task
    model = task.assemble(RECIPE, splits)
    task.compile(model, partial(Adam, 0.01))
    for optimizer, variables in task.optimizers(model):
        optimizer.build(variables)
    model.fit(splits.train.ordered(60), verbose=0, shuffle=False)
    return model


@pytest.fixture(scope="module")
def evaluated(trained, splits):
    before = values(trained.variables)
    answer = RECIPE.task.evaluate(trained, splits, splits.test.ordered(32))
    assert not any(moved(before, values(trained.variables)))
    return answer


def test_the_figures_are_those_promised_and_mean_what_they_say(evaluated):
    figures, outcome = evaluated
    assert tuple(figures) == RECIPE.task.figures
    assert all(math.isfinite(value) for value in figures.values())
    # Real images are nearer to real ones than a generator of one step or a heap of pixels.
    assert figures["training_frechet_distance"] < figures["frechet_distance"]
    assert figures["training_frechet_distance"] < figures["baseline_frechet_distance"]
    assert 1 / 3 <= figures["class_balance"] <= 1
    shares = outcome["shares"]
    assert shares.sum() == pytest.approx(1)
    entropy = keras.losses.CategoricalCrossentropy()(shares[None], np.maximum(shares, 1e-9)[None])
    assert figures["class_balance"] == pytest.approx(math.exp(float(entropy)) / 3, rel=1e-3)
    assert figures["confidence"] <= 1
    assert figures["test_confidence"] > 0.9


def test_a_generator_of_real_images_scores_like_them(splits, evaluated):
    class Memory:
        latent = 5

        def generate(self, drawn):
            return tf.constant(splits.train.inputs[: len(drawn)])

    figures, _ = RECIPE.task.evaluate(Memory(), splits, splits.test.ordered(60))
    assert figures["frechet_distance"] < 2 * figures["training_frechet_distance"]
    assert figures["class_balance"] == pytest.approx(1, abs=0.02)
    assert figures["confidence"] == pytest.approx(figures["test_confidence"], abs=0.05)


def test_pictures_and_tables(trained, splits, evaluated):
    _, outcome = evaluated
    drawn = RECIPE.task.pictures(splits, splits.test, outcome)
    assert [title for title, _, _ in drawn] == ["Samples", "From one sample to another"]
    names = [label.get_text() for label in drawn[0][2].axes[0].get_xticklabels()]
    assert [name for name in names if name] == ["samples", "real"]
    assert outcome["between"].shape == (64, *SHAPE)
    # A row begins and ends with samples of drawn noise.
    np.testing.assert_array_equal(outcome["between"][0], outcome["samples"][0])
    ((_, header, rows),) = RECIPE.task.tables(trained, splits, outcome)
    assert len(header) == 2
    assert [name for name, _ in rows] == ["rows", "columns", "square"]


def test_endpoints_answer(trained, splits):
    endpoints = RECIPE.task.endpoints(trained, splits)
    assert set(endpoints) == {"serving_default", "sample", "discriminate"}
    answers = {name: endpoint.answer() for name, endpoint in endpoints.items()}
    assert answers["serving_default"]["image"].shape == (16, *SHAPE)
    assert answers["serving_default"]["image"].dtype == np.uint8
    assert answers["sample"]["image"].shape == (4, *SHAPE)
    assert answers["discriminate"]["score"].shape == (16,)
    assert ((answers["discriminate"]["score"] > 0) & (answers["discriminate"]["score"] < 1)).all()
    sample = endpoints["sample"].function
    first, again, other = (
        sample(tf.constant(seed), tf.constant(3))["image"].numpy() for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.fixture(scope="module")
def exported(trained, splits, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "1"
    saved_model.write(trained, RECIPE.task.endpoints(trained, splits), path)
    return path


def test_an_export_answers_as_python_does(trained, splits, exported):
    endpoints = RECIPE.task.endpoints(trained, splits)
    signatures = tf.saved_model.load(str(exported)).signatures
    for name, endpoint in endpoints.items():
        given = zip(endpoint.inputs, endpoint.example, strict=True)
        answer = signatures[name](**{s.name: tf.constant(a, s.dtype) for s, a in given})
        for output, expected in endpoint.answer().items():
            # A value that lies between two greys may be rounded to either.
            got, wanted = answer[output].numpy().astype(float), expected.astype(float)
            np.testing.assert_allclose(got, wanted, atol=1 if output == "image" else 1e-5)


def test_an_export_that_draws_does_not_answer_for_files(splits, exported):
    (exported / saved_model.RECORD).parent.mkdir()
    inputs = splits.describe()["inputs"]
    record = {"inputs": inputs, "class_names": splits.class_names, "feature_names": None}
    (exported / saved_model.RECORD).write_text(json.dumps(record))
    np.save("images.npy", splits.test.inputs[:2])
    with pytest.raises(RecipeError, match=r"must take 'image' to answer .* takes 'noise'\. Call"):
        predict(exported, ["images.npy"])


def test_data_and_recipes_that_do_not_fit_are_told(splits):
    task = RECIPE.task
    for changed, sentence in (
        ({"inputs": Spec("features", (4,), "float32")}, "must be images"),
        ({"class_names": None}, "must have classes"),
    ):
        with pytest.raises(RecipeError, match=sentence):
            task.assemble(RECIPE, dataclasses.replace(splits, **changed))
    scaled = dataclasses.replace(RECIPE, normalize=partial(keras.layers.Rescaling, 1 / 255))
    with pytest.raises(RecipeError, match="`normalize` of recipe 'tiny_dcgan' must be None"):
        task.assemble(scaled, splits)
    other = dataclasses.replace(RECIPE, build=lambda shape: dcgan.discriminator(shape, width=2))
    with pytest.raises(
        RecipeError, match=r"must return an Adversarial model. Received: Functional"
    ):
        task.assemble(other, splits)
