import keras
import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import (
    CachedAttention,
    DecoderBlock,
    EncoderBlock,
    SinusoidalPositions,
)
from kerasrecipes.recipes.sequence import transformer


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return transformer.build(23, 17, variant="small", shared_embedding=False, positions=40)


@pytest.fixture(scope="module")
def texts():
    generator = np.random.default_rng(0)
    source = generator.integers(1, 23, (3, 9)).astype("int32")
    target = generator.integers(1, 17, (3, 6)).astype("int32")
    return source, target


def layer_sum(variant, vocabulary):
    """Count from the paper's sections 3.2 to 3.4 and its table 3."""
    blocks, width, hidden = {"base": (6, 512, 2048), "big": (6, 1024, 4096)}[variant]
    attention = 4 * (width * width + width)
    feed_forward = (width * hidden + hidden) + (hidden * width + width)
    encoder = attention + feed_forward + 2 * 2 * width
    decoder = 2 * attention + feed_forward + 3 * 2 * width
    return vocabulary * width + blocks * (encoder + decoder)


def test_the_base_model_has_the_parameters_of_the_paper():
    assert layer_sum("base", 37_000) == 63_082_496
    assert transformer.build(37_000, 37_000, variant="base").count_params() == 63_082_496


def test_the_big_model_has_the_parameters_of_the_paper():
    assert layer_sum("big", 37_000) == 214_245_376
    blocks, width, hidden, heads, _ = transformer.VARIANTS["big"]
    assert (blocks, width, hidden, heads) == (6, 1024, 4096, 16)
    encoder, decoder = EncoderBlock(heads, hidden), DecoderBlock(heads, hidden)
    encoder.build((None, None, width))
    decoder.build((None, None, width), (None, None, width))
    whole = blocks * (encoder.count_params() + decoder.count_params()) + 37_000 * width
    assert whole == 214_245_376


@pytest.mark.slow
def test_the_big_model_is_built():
    assert transformer.build(37_000, 37_000, variant="big").count_params() == 214_245_376


def test_pre_norm_has_one_normalisation_more_at_the_end_of_each_stack(model):
    pre = transformer.build(23, 17, variant="small", shared_embedding=False, pre_norm=True)
    assert pre.count_params() == model.count_params() + 2 * 2 * transformer.VARIANTS["small"][1]


def test_logits_of_each_target_position(model, texts):
    source, target = texts
    assert [tensor.name for tensor in model.inputs] == ["source", "target"]
    assert model({"source": source, "target": target}).shape == (3, 6, 17)


def test_a_shared_embedding_begins_within_1_of_ln_n(texts):
    keras.utils.set_random_seed(0)
    source, target = (np.tile(text, (8, 3)) for text in texts)
    shared = transformer.build(23, 23, variant="small")
    logits = shared({"source": source, "target": target % 23})
    truth = np.random.default_rng(1).integers(0, 23, target.shape)
    nll = keras.losses.sparse_categorical_crossentropy(truth, logits, from_logits=True)
    # Logits of variance 1 add a half; that of the token itself, which shares its row, adds more.
    assert np.log(23) < float(np.mean(nll)) < np.log(23) + 1


@pytest.mark.parametrize("pre_norm", [False, True])
def test_a_later_token_does_not_change_earlier_logits(pre_norm, texts):
    source, target = texts
    causal = transformer.build(
        23, 17, variant="small", shared_embedding=False, pre_norm=pre_norm, positions=40
    )
    changed = target.copy()
    changed[:, 4] = changed[:, 4] % 16 + 1
    before = causal({"source": source, "target": target}).numpy()
    after = causal({"source": source, "target": changed}).numpy()
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (np.abs(before[:, 4:] - after[:, 4:]).max(axis=-1) > 1e-4).all()


def test_padding_does_not_change_the_logits(model, texts):
    source, target = texts
    plain = model({"source": source, "target": target})
    padded = model(
        {
            "source": np.pad(source, [(0, 0), (0, 5)]),
            "target": np.pad(target, [(0, 0), (0, 3)]),
        }
    )
    np.testing.assert_allclose(padded[:, :6], plain, atol=1e-5)


def test_an_empty_source_gives_finite_logits(model, texts):
    _, target = texts
    logits = model({"source": np.zeros((3, 9), "int32"), "target": target})
    assert np.isfinite(logits).all()


def test_the_order_of_the_source_counts(model, texts):
    source, target = texts
    forwards = model({"source": source, "target": target})
    backwards = model({"source": source[:, ::-1], "target": target})
    assert np.abs(forwards - backwards).max() > 1e-3


def test_saved_and_loaded_it_answers_the_same(model, texts, tmp_path):
    given = dict(zip(("source", "target"), texts, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(given), model(given))


def test_positions_are_the_waves_of_the_paper():
    keras.utils.set_random_seed(0)
    layer = SinusoidalPositions(50)
    got = layer(np.ones((1, 50, 6), "float32")).numpy()[0]
    for position in (0, 1, 7, 49):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            assert got[position, 2 * i] == pytest.approx(np.sqrt(6) + np.sin(angle), abs=1e-5)
            assert got[position, 2 * i + 1] == pytest.approx(np.sqrt(6) + np.cos(angle), abs=1e-5)


def test_a_text_longer_than_the_positions(model, texts):
    _, target = texts
    with pytest.raises(RecipeError, match=r"positions, 40 tokens. Received: 41 tokens. Shorten"):
        model({"source": np.ones((3, 41), "int32"), "target": target})


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((20, 20), {"variant": "bas"}, r"'base', 'big', 'small'. Received: variant='bas'.*'base'"),
        ((20, 21), {}, r"Received: 20 and 21 tokens. Share the vocabulary, or build"),
        ((1, 20), {"shared_embedding": False}, r"source_vocabulary=1"),
        ((20, 2.5), {"shared_embedding": False}, r"target_vocabulary=2.5"),
        ((20, 20), {"positions": 0}, r"positions=0"),
    ],
)
def test_arguments_out_of_range(arguments, settings, message):
    with pytest.raises(RecipeError, match=message):
        transformer.build(*arguments, **settings)


def test_heads_that_do_not_divide_the_width():
    with pytest.raises(RecipeError, match=r"its input, 10. Received: num_heads=4"):
        CachedAttention(4)(np.ones((1, 2, 10), "float32"))


# The same weights in PyTorch: its input projection is ours one below the other, each transposed.


def set_attention(theirs, ours):
    import torch

    projections = [ours.query_projection, ours.key_projection, ours.value_projection]
    with torch.no_grad():
        kernels = [np.asarray(p.kernel).T for p in projections]
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate(kernels)))
        biases = [np.asarray(p.bias) for p in projections]
        theirs.in_proj_bias.copy_(torch.tensor(np.concatenate(biases)))
    set_dense(theirs.out_proj, ours.output_projection)


def set_dense(theirs, ours):
    import torch

    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(np.asarray(ours.kernel).T))
        theirs.bias.copy_(torch.tensor(np.asarray(ours.bias)))


def set_norm(theirs, ours):
    import torch

    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(np.asarray(ours.gamma)))
        theirs.bias.copy_(torch.tensor(np.asarray(ours.beta)))


def randomise(layer):
    """Give every weight, biases too, a value that a mistake would show."""
    generator = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(generator.normal(0.3, 0.3, weight.shape))


WIDTH, HEADS, HIDDEN = 24, 4, 40


@pytest.fixture
def inputs():
    generator = np.random.default_rng(5)
    hidden = generator.normal(size=(2, 7, WIDTH)).astype("float32")
    memory = generator.normal(size=(2, 5, WIDTH)).astype("float32")
    padding = np.array([[False] * 5, [False] * 3 + [True] * 2])
    return hidden, memory, padding


def test_attention_is_that_of_pytorch(inputs):
    torch = pytest.importorskip("torch")
    hidden, memory, padding = inputs
    ours = CachedAttention(HEADS)
    ours.build(hidden.shape, memory.shape)
    randomise(ours)
    theirs = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    set_attention(theirs, ours)
    expected, weights = theirs(
        torch.tensor(hidden),
        torch.tensor(memory),
        torch.tensor(memory),
        key_padding_mask=torch.tensor(padding),
        average_attn_weights=False,
    )
    mask = ~padding[:, None, None, :]
    np.testing.assert_allclose(ours(hidden, memory, mask), expected.detach(), rtol=1e-5, atol=1e-5)
    keys, _ = ours.keys_and_values(hidden, memory)
    got = ours.weights_of(hidden, keys, mask)
    np.testing.assert_allclose(got, weights.detach(), atol=1e-5)


@pytest.mark.parametrize("pre_norm", [False, True])
def test_an_encoder_block_is_that_of_pytorch(pre_norm, inputs):
    torch = pytest.importorskip("torch")
    _, memory, padding = inputs
    ours = EncoderBlock(HEADS, HIDDEN, pre_norm=pre_norm)
    ours.build(memory.shape)
    randomise(ours)
    theirs = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, 0.0, layer_norm_eps=1e-6, batch_first=True, norm_first=pre_norm
    )
    set_attention(theirs.self_attn, ours.self_attention)
    set_dense(theirs.linear1, ours.widen)
    set_dense(theirs.linear2, ours.narrow)
    set_norm(theirs.norm1, ours.self_attention_norm)
    set_norm(theirs.norm2, ours.feed_forward_norm)
    expected = theirs(torch.tensor(memory), src_key_padding_mask=torch.tensor(padding)).detach()
    got = ours(memory, ~padding[:, None, None, :])
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pre_norm", [False, True])
def test_a_decoder_block_is_that_of_pytorch(pre_norm, inputs):
    torch = pytest.importorskip("torch")
    hidden, memory, padding = inputs
    ours = DecoderBlock(HEADS, HIDDEN, pre_norm=pre_norm)
    ours.build(hidden.shape, memory.shape)
    randomise(ours)
    theirs = torch.nn.TransformerDecoderLayer(
        WIDTH, HEADS, HIDDEN, 0.0, layer_norm_eps=1e-6, batch_first=True, norm_first=pre_norm
    )
    set_attention(theirs.self_attn, ours.self_attention)
    set_attention(theirs.multihead_attn, ours.cross_attention)
    set_dense(theirs.linear1, ours.widen)
    set_dense(theirs.linear2, ours.narrow)
    set_norm(theirs.norm1, ours.self_attention_norm)
    set_norm(theirs.norm2, ours.cross_attention_norm)
    set_norm(theirs.norm3, ours.feed_forward_norm)
    expected = theirs(
        torch.tensor(hidden),
        torch.tensor(memory),
        tgt_mask=torch.nn.Transformer.generate_square_subsequent_mask(7),
        memory_key_padding_mask=torch.tensor(padding),
    ).detach()
    got = ours(hidden, memory, ~padding[:, None, None, :])
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_dropout_is_on_in_training_alone(inputs):
    _, memory, _ = inputs
    block = EncoderBlock(HEADS, HIDDEN, dropout=0.5)
    still = block(memory)
    np.testing.assert_array_equal(block(memory, training=False), still)
    assert np.abs(block(memory, training=True) - still).max() > 0.1


def test_half_precision_stays_near(inputs):
    _, memory, padding = inputs
    full = EncoderBlock(HEADS, HIDDEN)
    full.build(memory.shape)
    half = EncoderBlock(HEADS, HIDDEN, dtype="mixed_float16")
    half.build(memory.shape)
    half.set_weights(full.get_weights())
    mask = ~padding[:, None, None, :]
    answer = half(memory, mask)
    assert keras.backend.standardize_dtype(answer.dtype) == "float16"
    np.testing.assert_allclose(answer, full(memory, mask), atol=0.03)
