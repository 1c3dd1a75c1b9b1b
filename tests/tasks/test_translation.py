import dataclasses
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasrecipes.recipes import data, distribute
from kerasrecipes.recipes.data import tokens
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.drawings.attention import attention_heads
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.losses import SmoothedCrossEntropy
from kerasrecipes.recipes.metrics import ExactMatch, TokenAccuracy
from kerasrecipes.recipes.models.decoding import Decoder, greedy
from kerasrecipes.recipes.pictures import png
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import Figure, Recipe, replace
from kerasrecipes.recipes.sequence import transformer
from kerasrecipes.recipes.tasks.translation import Translation

# Turned round: three letters of four.
WORDS = [f"{a}{b}{c}" for a in "abcd" for b in "abcd" for c in "abcd"]


@pytest.fixture(scope="module")
def recipe():
    return Recipe(
        name="turn_round",
        summary="Words turned round.",
        data="pairs:words.tsv",
        task=Translation(),
        build=partial(transformer.build, variant="small", shared_embedding=False),
        optimizer=keras.optimizers.Adam,
        learning_rate=0.003,
        batch_size=16,
        epochs=1,
        expected=Figure("exact_match", 0.9),
    )


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    path = tmp_path_factory.mktemp("words") / "words.tsv"
    path.write_text("".join(f"{word}\t{word[::-1]}\n" for word in WORDS), "utf-8")
    return data.load(f"pairs:{path}")


@pytest.fixture(scope="module")
def model(recipe, splits):
    untrained = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    # So that the answers differ from source to source.
    embedding = untrained.get_layer("source_embedding").embeddings
    embedding.assign(keras.random.normal(embedding.shape, seed=1))
    return untrained


@pytest.fixture(scope="module")
def answered(splits, model):
    """Make a split whose truths are what the model answers, but for a wrong one in every four."""
    inputs, _ = splits.train.examples(range(24))
    answers, _ = greedy(Decoder(model), tf.constant(inputs["source"]), 4)
    truth = answers.numpy()
    truth[::4, 0] = np.where(truth[::4, 0] == 6, 5, 6)
    for row in truth:  # behind its end there is nothing
        row[(np.cumsum(row == tokens.END) - (row == tokens.END)) > 0] = -1
    shifted = np.concatenate([np.full((24, 1), tokens.START), truth[:, :-1]], axis=1)
    given = {"source": inputs["source"], "target": np.maximum(shifted, 0).astype("int32")}
    return IndexedSplit(inputs=given, targets=truth)


@pytest.fixture(scope="module")
def evaluated(recipe, splits, model, answered):
    return recipe.task.evaluate(model, splits, answered.ordered(16))


def test_the_figures_are_those_of_answers_that_are_known(recipe, model, answered, evaluated):
    figures, outcome = evaluated
    assert set(figures) == set(recipe.task.figures)
    assert figures["exact_match"] == 0.75
    assert sum(a == b for a, b in zip(outcome["answer"], outcome["truth"], strict=True)) == 18
    # That of the true tokens before each, which training is measured by, is the same.
    exact, accuracy = ExactMatch(), TokenAccuracy()
    logits = model(answered.inputs)
    exact.update_state(answered.targets, logits)
    accuracy.update_state(answered.targets, logits)
    assert figures["exact_match"] == float(exact.result())
    assert figures["token_accuracy"] == pytest.approx(float(accuracy.result()))
    assert len(set(outcome["answer"])) > 3


def test_the_baseline_is_the_source_as_it_stands(recipe, splits, model):
    figures, outcome = recipe.task.evaluate(model, splits, splits.train.ordered(16))
    words = outcome["source"]
    assert outcome["truth"] == [word[::-1] for word in words]
    assert figures["baseline_exact_match"] == np.mean([word == word[::-1] for word in words]) > 0


def test_bleu_is_that_of_perfect_and_of_foreign_answers(recipe, splits, model):
    task = dataclasses.replace(recipe.task, bleu=True, beam_width=2)
    figures, _ = task.evaluate(model, splits, splits.validation.ordered(8))
    assert set(figures) == set(task.figures)
    from kerasrecipes.recipes.tasks import translation

    sentences = ["the cat sat on the mat today", "a second sentence of words stands here"]
    assert translation._bleu(sentences, sentences) == pytest.approx(100)
    # Papineni et al. 2002: precisions 5/6, 3/5, 1/4 and half of 1/3 (smoothed), no brevity penalty.
    got = translation._bleu(["the cat sat on the mat"], ["the cat sat on a mat"])
    by_hand = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert got == pytest.approx(by_hand)


def test_pictures_and_tables(recipe, splits, model, evaluated):
    _, outcome = evaluated
    shown = recipe.task.pictures(splits, splits.train, outcome)
    assert len(shown) == 2
    assert all(
        title and caption and png(figure)[:4] == b"\x89PNG" for title, caption, figure in shown
    )
    weights, source, answer = outcome["attention"][0]
    assert weights.shape == (4, len(answer), len(source))
    assert [*source[:-1]] == [*outcome["source"][0]] and source[-1] == "<end>"
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    (_, header, rows), (title, _, wrong) = recipe.task.tables(model, splits, outcome)
    assert header == ("source", "answer", "truth") and len(rows) == 12
    assert title.startswith("The first of") and all(answer != truth for _, answer, truth in wrong)


def test_an_export_offers_greedy_and_beam(recipe, splits, model):
    endpoints = recipe.task.endpoints(model, splits)
    assert set(endpoints) == {"serving_default", "translate", "translate_beam"}
    inputs, _ = splits.test.examples(range(5))
    got = endpoints["translate"].function(tf.constant(inputs["source"]))
    wanted, score = greedy(Decoder(model), tf.constant(inputs["source"]), 4)
    np.testing.assert_array_equal(got["target"], wanted)
    np.testing.assert_array_equal(got["score"], score)
    # A text shorter than any in training, with a letter that nobody knows.
    ids = tf.constant([[*tokens.spell("cz", splits.vocabularies["source"]), tokens.END]])
    assert endpoints["translate_beam"].function(ids)["target"].shape == (1, 4)


def test_data_that_is_no_pair_of_texts(recipe, data_dir):
    with pytest.raises(RecipeError, match=r"'digits' must be pairs of texts .*inputs image"):
        recipe.task.core(recipe, data.load("digits", data_dir=data_dir))


def test_texts_longer_than_the_positions(recipe, splits):
    short = replace(recipe, **{"build.positions": 3})
    with pytest.raises(RecipeError, match=r"positions, 3 tokens. Received: 4 tokens"):
        recipe.task.core(short, splits)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ({"beam_width": 0}, "Received: 0 and 0.6"),
        ({"length_penalty": -1.0}, "Received: 1 and -1.0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(RecipeError, match=message):
        Translation(**arguments)


def test_public_sentences_become_subwords_of_a_fixed_number(data_dir):
    with tfds.testing.mock_data(num_examples=30):
        splits = data.load("ted_hrlr_translate/pt_to_en", data_dir=data_dir)
    vocabulary = splits.vocabularies["source"]
    assert vocabulary == splits.vocabularies["target"] and len(vocabulary) == 8192
    assert [getattr(splits, s).num_examples for s in ("train", "validation", "test")] == [30] * 3
    inputs, targets = splits.train.examples(range(3))
    for row in range(3):
        assert tokens.decode(inputs["source"][row], vocabulary)
        shifted = inputs["target"][row][1:]
        np.testing.assert_array_equal(shifted[shifted > 0], targets[row][:-1][shifted > 0])


@pytest.fixture
def scores():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4, 6, 5)).astype("float32")
    targets = generator.integers(0, 5, (4, 6))
    targets[1, 3:] = -1
    targets[2] = -1
    return logits, targets


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_label_smoothing_is_that_of_pytorch(scores, share):
    torch = pytest.importorskip("torch")
    logits, targets = scores
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits).reshape(-1, 5),
        torch.tensor(targets).reshape(-1),
        label_smoothing=share,
        ignore_index=-1,
    )
    assert float(SmoothedCrossEntropy(share)(targets, logits)) == pytest.approx(float(expected))


def test_a_batch_without_a_target_has_no_loss(scores):
    logits, targets = scores
    assert float(SmoothedCrossEntropy()(np.full_like(targets, -1), logits)) == 0


def test_a_loss_is_serialised(scores):
    loss = SmoothedCrossEntropy(0.3)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(*scores[::-1])) == float(loss(*scores[::-1]))


def test_metrics_count_what_is_there(scores):
    logits, targets = scores
    right = logits.argmax(axis=-1)
    mended = np.where(targets == -1, -1, right)
    mended[0, 0] = (right[0, 0] + 1) % 5
    accuracy, exact = TokenAccuracy(), ExactMatch()
    accuracy.update_state(mended, logits)
    exact.update_state(mended, logits)
    # 6 + 3 + 0 + 6 targets count and one is wrong; an empty text is met.
    assert float(accuracy.result()) == pytest.approx(14 / 15)
    assert float(exact.result()) == pytest.approx(3 / 4)


def test_a_map_must_fit_its_tokens():
    with pytest.raises(ValueError, match=r"shape \(heads, 2, 3\). Received: \(4, 3, 2\)"):
        attention_heads(np.zeros((4, 3, 2)), "abc", "xy")
    figure = attention_heads(np.full((8, 2, 70), 1 / 70), ["word"] * 70, ["$x", "_y"])
    assert png(figure).startswith(b"\x89PNG")


def test_mixed_precision_decodes(splits):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = transformer.build(8, 8, variant="small", shared_embedding=True)
    finally:
        keras.config.set_dtype_policy("float32")
    tokens_written, scores = greedy(Decoder(model), tf.constant([[4, 5, 3]]), 4)
    assert tokens_written.shape == (1, 4) and np.isfinite(scores).all()
