import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.models.decoding import END, START, Decoder, beam, greedy
from kerasrecipes.recipes.sequence import transformer


def make(pre_norm=False, shared_embedding=False, target_vocabulary=9):
    keras.utils.set_random_seed(4)
    source_vocabulary = target_vocabulary if shared_embedding else 11
    model = transformer.build(
        source_vocabulary,
        target_vocabulary,
        variant="small",
        shared_embedding=shared_embedding,
        pre_norm=pre_norm,
        positions=30,
    )
    # Untrained logits hardly differ; these say something, so that a wrong cache shows.
    for weight in model.trainable_variables:
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.08, seed=len(weight.path)))
    if not shared_embedding:
        # So that the answers differ from source to source, and some of many end.
        embedding = model.get_layer("source_embedding").embeddings
        embedding.assign(keras.random.normal(embedding.shape, seed=1))
    return model


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def source():
    ids = np.random.default_rng(0).integers(1, 9, (5, 8)).astype("int32")
    ids[1, 5:] = 0
    ids[3, 2:] = 0
    return tf.constant(ids)


@pytest.mark.parametrize(("pre_norm", "shared"), list(itertools.product([False, True], repeat=2)))
def test_a_step_beside_the_cache_gives_the_logits_of_the_whole_text(pre_norm, shared, source):
    model = make(pre_norm, shared)
    decoder = Decoder(model)
    target = np.random.default_rng(1).integers(4, 9, (5, 7)).astype("int32")
    whole = model({"source": source, "target": tf.constant(target)}).numpy()
    encoded, caches = decoder.encode(source), decoder.empty_cache(5, 12)
    for position in range(7):
        logits, caches = decoder.step(
            tf.constant(target[:, position]), tf.constant(position), caches, encoded
        )
        np.testing.assert_allclose(logits, whole[:, position], rtol=1e-5, atol=1e-5)


def without_cache(model, source, length):
    """Translate greedily by the whole model, again for each token."""
    written = np.zeros((len(source), length + 1), "int32")
    written[:, 0] = START
    ended = np.zeros(len(source), bool)
    for position in range(length):
        logits = model({"source": source, "target": tf.constant(written[:, : position + 1])})
        chosen = np.where(ended, 0, np.argmax(logits[:, -1], axis=-1))
        written[:, position + 1] = chosen
        ended |= chosen == END
    return written[:, 1:]


@pytest.mark.parametrize("graph", [False, True])
def test_greedy_is_the_same_with_and_without_a_cache(model, source, graph):
    decoder = Decoder(model)

    def translate(source):
        return greedy(decoder, source, 10)

    tokens, _ = (tf.function(translate) if graph else translate)(source)
    np.testing.assert_array_equal(tokens, without_cache(model, source, 10))


def log_probabilities(model, source, texts):
    """Sum what the whole model gives each token of texts of one source, up to their ends."""
    length = max(map(len, texts))
    padded = np.array([[*text, *[0] * (length - len(text))] for text in texts], "int32")
    target = np.concatenate([np.full((len(texts), 1), START), padded[:, :-1]], axis=1)
    source = tf.repeat(source[None], len(texts), axis=0)
    logits = model({"source": source, "target": tf.constant(target, tf.int32)}).numpy()
    logits = logits.astype("float64")
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    logs = np.take_along_axis(logs, padded[..., None], axis=-1)[..., 0]
    return [row[: len(text)].sum() for row, text in zip(logs, texts, strict=True)]


def cut(tokens):
    """Return the tokens of one row up to its end."""
    tokens = tokens.tolist()
    return tokens[: tokens.index(END) + 1] if END in tokens else tokens


def test_the_scores_are_those_of_the_whole_model(model, source):
    decoder = Decoder(model)
    tokens, scores = greedy(decoder, source, 6)
    best, best_scores = beam(decoder, source, 6, width=3, penalty=0.6)
    for row in range(5):
        texts = [cut(tokens[row].numpy()), cut(best[row].numpy())]
        expected = log_probabilities(model, source[row], texts)
        assert float(scores[row]) == pytest.approx(expected[0], abs=1e-4)
        expected = expected[1] / ((5 + len(texts[1])) / 6) ** 0.6
        assert float(best_scores[row]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 1.5])
def test_a_beam_that_holds_every_beginning_finds_the_best_text(source, penalty):
    model = make(target_vocabulary=5)
    length, vocabulary = 3, 5
    whole = [
        (*beginning, END)
        for n in range(length)
        for beginning in itertools.product(set(range(vocabulary)) - {END}, repeat=n)
    ]
    tokens, scores = beam(Decoder(model), source, length, width=vocabulary**2, penalty=penalty)
    for row in range(5):
        logs = log_probabilities(model, source[row], whole)
        rated = [
            log / ((5 + len(text)) / 6) ** penalty for log, text in zip(logs, whole, strict=True)
        ]
        assert tuple(cut(tokens[row].numpy())) == whole[np.argmax(rated)]
        assert float(scores[row]) == pytest.approx(max(rated), abs=1e-4)


@pytest.mark.parametrize("width", [1, 3])
def test_a_beam_is_never_worse_than_greedy(model, width):
    decoder = Decoder(model)
    many = np.random.default_rng(3).integers(1, 11, (400, 8)).astype("int32")
    source = tf.constant(many)
    tokens, scores = greedy(decoder, source, 12)
    ends = (tokens.numpy() == END).any(axis=1)
    _, best_scores = beam(decoder, source, 12, width=width, penalty=0.0)
    assert 3 < ends.sum() < 400
    # A beam of one sees the likeliest token too, and the second one where that is an end.
    assert (best_scores.numpy()[ends] >= scores.numpy()[ends] - 1e-5).all()


def test_texts_of_a_batch_do_not_touch_one_another(model, source):
    decoder = Decoder(model)
    together, _ = beam(decoder, source, 8, width=3)
    for row in range(5):
        alone, _ = beam(decoder, source[row : row + 1], 8, width=3)
        np.testing.assert_array_equal(alone[0], together[row])


def test_a_map_of_attention_has_rows_that_sum_to_one_and_looks_at_no_padding(model, source):
    target = np.full((5, 4), START, "int32")
    seen = Decoder(model).attention_map(source, target).numpy()
    assert seen.shape == (5, 4, 4, 8)  # texts, heads, target, source
    np.testing.assert_allclose(seen.sum(axis=-1), 1, atol=1e-5)
    assert seen[1, :, :, 5:].max() == 0


def test_a_saved_model_is_decoded_like_the_one_that_was_saved(model, source, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    tokens, _ = greedy(Decoder(loaded), source, 8)
    np.testing.assert_array_equal(tokens, greedy(Decoder(model), source, 8)[0])


def test_mistakes_are_told(model, source):
    decoder = Decoder(model)
    with pytest.raises(RecipeError, match="width=0"):
        beam(decoder, source, 5, width=0)
    with pytest.raises(RecipeError, match=r"positions, 30 tokens. Received: 31 tokens"):
        greedy(decoder, source, 31)
    with pytest.raises(RecipeError, match="must be a Transformer"):
        Decoder(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="only")]))
