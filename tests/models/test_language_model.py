"""The memory that goes on, what is written with it, and the figures."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.models.language_model import LanguageModel
from kerasrecipes.recipes.models.sampling import Sampler
from kerasrecipes.recipes.sequence import char_rnn
from kerasrecipes.recipes.serving import saved_model
from kerasrecipes.recipes.serving.saved_model_check import differences
from kerasrecipes.recipes.tasks import ngram
from kerasrecipes.recipes.tasks.next_character import BitsPerCharacter, NextCharacter
from kerasrecipes.recipes.training import resume, train

CELLS = ("lstm", "gru", "simple")
VOCABULARY_SIZE = 13
BATCH_SIZE = 3


def made(cell, *, layers=2, dropout=0.0):
    """Return a model of random weights, large enough that a memory is seen in the logits."""
    keras.utils.set_random_seed(1)
    network = char_rnn.build(
        VOCABULARY_SIZE, cell=cell, units=8, layers=layers, embedding=5, dropout=dropout
    )
    generator = np.random.default_rng(1)
    network.set_weights([generator.normal(0, 0.7, w.shape) for w in network.weights])
    return LanguageModel(network, BATCH_SIZE)


def some_ids(*shape):
    return np.random.default_rng(2).integers(1, VOCABULARY_SIZE, shape).astype("int32")


@pytest.mark.parametrize("cell", CELLS)
def test_read_in_pieces_it_says_what_it_says_in_one_pass(cell):
    model, ids = made(cell), some_ids(BATCH_SIZE, 30)
    whole = model(ids, training=False).numpy()
    pieces = [model(part, training=True).numpy() for part in np.split(ids, 3, axis=1)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-5)
    # What was carried is no part of an answer.
    np.testing.assert_array_equal(model(ids, training=False).numpy(), whole)


def test_the_memory_is_saved_with_the_variables_and_is_not_trained():
    model = made("lstm")
    memory = [variable for layer in model.memory for variable in layer]
    assert [tuple(variable.shape) for variable in memory] == [(BATCH_SIZE, 8)] * 4
    paths = {variable.path for variable in model.non_trainable_variables}
    assert {variable.path for variable in memory} <= paths
    model(some_ids(BATCH_SIZE, 5), training=True)
    assert all(np.abs(variable.numpy()).max() > 0 for variable in memory)


def test_now_and_then_a_row_forgets_and_the_others_go_on():
    model, ids = made("lstm"), some_ids(BATCH_SIZE, 6)
    model.forgetting = 0.25
    anew, forgot = model(ids, training=False).numpy(), []
    for _ in range(40):
        going_on, _ = model.advance(ids, model.memory)
        logits = model(ids, training=True).numpy()
        forgot.append([np.allclose(*rows, atol=1e-5) for rows in zip(logits, anew, strict=True)])
        expected = np.where(np.array(forgot[-1])[:, None, None], anew, going_on)
        np.testing.assert_allclose(logits, expected, atol=1e-5)
    # The first call begins with an empty memory, whoever forgets.
    share = np.mean(forgot[1:])
    assert share == pytest.approx(0.25, abs=4 * math.sqrt(0.25 * 0.75 / (39 * BATCH_SIZE)))
    assert any(len(set(rows)) == 2 for rows in forgot)


def test_dropout_is_active_in_training_alone():
    model, ids = made("lstm", dropout=0.5), some_ids(BATCH_SIZE, 5)
    np.testing.assert_array_equal(model(ids), model(ids))
    assert np.abs(model(ids, training=True) - model(ids, training=True)).max() > 0


@pytest.mark.parametrize("cell", CELLS)
def test_saved_and_loaded_it_is_the_same(cell, tmp_path):
    model, ids = made(cell), some_ids(BATCH_SIZE, 9)
    model(ids, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded(ids), model(ids))
    for here, there in zip(model.variables, loaded.variables, strict=True):
        # Keras saves no state of a cell's own random generator, which is not used.
        if "seed_generator" not in here.path:
            np.testing.assert_array_equal(here.numpy(), there.numpy())


@pytest.mark.parametrize("cell", CELLS)
def test_without_temperature_it_writes_the_most_probable(cell):
    model, prompt = made(cell), some_ids(4)
    written = Sampler(model).sample(prompt, 40, temperature=0.0)
    read = np.concatenate([prompt, written])[None]
    logits = model(read).numpy()[0]
    logits[:, 0] = -np.inf  # the unknown character is never written
    np.testing.assert_array_equal(written, logits.argmax(axis=-1)[3:-1])


@pytest.mark.parametrize("top_k", [0, 5])
def test_in_pieces_it_writes_what_it_writes_in_one_go(top_k):
    sampler, prompt = Sampler(made("lstm")), some_ids(6)
    whole = sampler.sample(prompt, 60, temperature=0.9, top_k=top_k, seed=5)
    np.testing.assert_array_equal(
        sampler.sample(prompt, 60, temperature=0.9, top_k=top_k, seed=5), whole
    )
    ids, memory, pieces, position = prompt, tf.zeros(sampler.memory_shape), [], 0
    for length in (1, 7, 20, 32):
        ids, memory = sampler.write(
            *map(tf.constant, (ids, memory, position, length, 0.9, top_k)),
            tf.constant(5, tf.int64),
        )
        pieces.append(ids.numpy())
        ids, position = pieces[-1][-1:], position + length
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    other = sampler.sample(prompt, 60, temperature=0.9, top_k=top_k, seed=6)
    assert (other != whole).any()


@pytest.mark.parametrize(("temperature", "top_k"), [(0.5, 0), (1.0, 4)])
def test_it_draws_from_the_softmax(temperature, top_k):
    model = made("simple", layers=1)
    logits = model(np.array([[3]], "int32")).numpy()[0, -1].astype("float64")
    logits[0] = -np.inf
    if top_k:
        logits[logits < np.sort(logits)[-top_k]] = -np.inf
    wanted = np.exp((logits - logits.max()) / temperature)
    wanted /= wanted.sum()
    sampler = Sampler(model)
    drawn = [
        sampler.sample([3], 1, temperature=temperature, top_k=top_k, seed=seed)[0]
        for seed in range(500)
    ]
    shares = np.bincount(drawn, minlength=VOCABULARY_SIZE) / len(drawn)
    # Four standard deviations of a share.
    assert (np.abs(shares - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / len(drawn))).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt_ids": []}, "The prompt must hold at least one character"),
        ({"length": -1}, "`length` must be at least 0. Received: length=-1"),
        ({"temperature": -0.5}, "`temperature` must be at least 0.*Received: temperature=-0.5"),
        ({"temperature": math.nan}, "`temperature` must be at least 0"),
        ({"top_k": 13}, r"`top_k` must be in \[1, 12\].*Received: top_k=13"),
        ({"seed": -1}, "`seed` must be in"),
    ],
)
def test_bad_arguments_are_told_in_one_sentence(arguments, words):
    sampler = Sampler(made("lstm", layers=1))
    with pytest.raises(RecipeError, match=words):
        sampler.sample(**{"prompt_ids": [1], "length": 3, **arguments})


def test_bits_leave_out_what_is_not_counted():
    metric = BitsPerCharacter()
    logits = np.log([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]]).astype("float32")
    metric.update_state(np.array([[1, -1]]), logits)
    metric.update_state(np.array([[0, 0]]), logits)
    assert float(metric.result()) == pytest.approx((2 + 1 - math.log2(0.1)) / 3, abs=1e-5)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Return the data name of a text that a tiny model learns at once."""
    path = tmp_path_factory.mktemp("text") / "story.txt"
    path.write_text("".join(f"Once there were {n % 7} bears.\n" for n in range(200)), "utf-8")
    return f"text:{path}#8"


def tiny(story, **changes):
    recipe = dataclasses.replace(
        char_rnn.RECIPES[0],
        name="tiny",
        data=story,
        build=lambda size: char_rnn.build(size, units=16, embedding=8, dropout=0.1),
        batch_size=4,
        epochs=2,
        learning_rate=0.02,
        num_parameters=None,
    )
    return dataclasses.replace(recipe, **changes)


def test_a_run_that_was_killed_goes_on_to_the_bit(story, tmp_path):
    killed = []

    def kill(epoch, logs):
        if epoch == 1 and not killed:
            killed.append(epoch)
            raise KeyboardInterrupt

    recipe = tiny(
        story, callbacks=(lambda: keras.callbacks.LambdaCallback(on_epoch_begin=kill),), epochs=2
    )
    settings = {"saved_models": None, "checkpoint_seconds": 0.0, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        train(recipe, runs=tmp_path / "killed", **settings)
    (folder,) = (tmp_path / "killed" / "tiny").iterdir()
    gone_on = resume(folder, recipe=recipe, progress=False)
    whole = train(recipe, runs=tmp_path / "whole", **settings)
    for here, there in zip(whole.model.variables, gone_on.model.variables, strict=True):
        np.testing.assert_array_equal(here.numpy(), there.numpy())
    assert gone_on.figures == whole.figures


def test_its_figures_are_those_of_one_pass_over_the_text(story):
    splits = data.load(story)
    recipe = tiny(story)
    model = recipe.task.assemble(recipe, splits)
    figures, outcome = NextCharacter().evaluate(model, splits, splits.test.ordered(2))
    logits = model(splits.test.ids[None].astype("int32")).numpy()[0].astype("float64")
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    bits = -log_p[np.arange(len(logits) - 1), splits.test.ids[1:]] / math.log(2)
    # The memory of an untrained network forgets within the 64 characters that warm it up.
    assert figures["bits_per_character"] == pytest.approx(bits.mean(), abs=1e-4)
    assert figures["perplexity"] == pytest.approx(2 ** bits.mean(), abs=1e-3)
    np.testing.assert_allclose(outcome["bits"], bits[:1_000], atol=1e-2)
    gram = ngram.chosen(splits.train.ids, splits.validation.ids, len(splits.vocabularies["text"]))
    expected = gram.bits_per_character(splits.test.ids)
    assert figures["baseline_bits_per_character"] == pytest.approx(expected)


def test_characters_that_it_never_saw_are_counted_and_drawn(tmp_path):
    (tmp_path / "new.txt").write_text("Once there were bears.\n" * 200 + "ß" * 40, "utf-8")
    splits = data.load(f"text:{tmp_path / 'new.txt'}")
    recipe = tiny(splits.name)
    model = recipe.task.assemble(recipe, splits)
    figures, outcome = recipe.task.evaluate(model, splits, splits.test.ordered(2))
    assert all(np.isfinite(list(figures.values())))
    assert len(recipe.task.pictures(splits, splits.test, outcome)) == 2


def test_a_step_of_fit_leaves_the_memory_that_reading_leaves(story):
    splits, recipe = data.load(story), tiny(story)
    model = recipe.task.assemble(recipe, splits)
    recipe.task.compile(model, lambda: keras.optimizers.SGD(0.0))
    batches = training_batches(splits.train, recipe.batch_size, seed=0)
    inputs = np.concatenate([x for x, _ in batches.take(3).as_numpy_iterator()], axis=1)
    model.fit(batches, steps_per_epoch=3, shuffle=False, verbose=0)
    # Nothing was learned at a rate of 0, and dropout does not reach the memory of one layer.
    _, expected = model.advance(inputs, model.empty_memory(recipe.batch_size))
    for variables, values in zip(model.memory, expected, strict=True):
        for variable, value in zip(variables, values, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, atol=1e-5)


def test_exported_it_writes_what_python_writes(story, tmp_path):
    splits, recipe = data.load(story), tiny(story)
    model = recipe.task.assemble(recipe, splits)
    endpoints = recipe.task.endpoints(model, splits)
    assert set(endpoints) == {"serving_default", "sample", "write"}
    saved_model.write(model, endpoints, tmp_path / "1")
    assert differences(tmp_path / "1", saved_model.expected(endpoints)) == []
    sample = tf.saved_model.load(str(tmp_path / "1")).signatures["sample"]
    prompt = splits.test.ids[:9].astype("int32")
    answer = sample(
        ids=tf.constant(prompt),
        length=tf.constant(100),
        temperature=tf.constant(0.7),
        top_k=tf.constant(6),
        seed=tf.constant(3, tf.int64),
    )
    expected = Sampler(model).sample(prompt, 100, temperature=0.7, top_k=6, seed=3)
    np.testing.assert_array_equal(answer["ids"].numpy(), expected)


def test_who_always_forgets_learns_nothing_to_carry():
    with pytest.raises(RecipeError, match=r"`forgetting` of the next character must be in \[0, 1"):
        NextCharacter(forgetting=1.0)


def test_other_data_is_told(story):
    recipe = tiny("digits")
    with pytest.raises(RecipeError, match="Data set 'line' must be a text for the next"):
        recipe.task.core(recipe, data.load("line"))
