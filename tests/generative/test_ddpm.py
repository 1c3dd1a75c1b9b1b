"""The U-Net of DDPM against the paper's counts; schedules and samplers against arithmetic."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative.ddpm import build
from kerasrecipes.recipes.layers import PixelAttention, TimeEmbedding
from kerasrecipes.recipes.models import samplers
from kerasrecipes.recipes.models.noise_schedules import cosine, linear, signal_levels

SMALL = {"width": 8, "multipliers": (1, 2), "attention": (4,), "dropout": 0.0, "groups": 4}


@pytest.fixture(scope="module")
def paper():
    return build((32, 32, 3))


def test_the_paper_s_number_of_parameters(paper):
    assert paper.count_params() == 35_746_307


def test_the_table_of_the_docstring(paper):
    def counts(*prefixes):
        found = [layer for layer in paper.layers if layer.name.startswith(prefixes)]
        return sum(layer.count_params() for layer in found)

    assert counts("time1", "time2") == 66_048 + 262_656
    assert counts("down2_block") == 2_890_240
    assert counts("down2_half") == counts("up3_double") == 3 * 3 * 256 * 256 + 256
    assert counts("middle") == 2_888_704
    assert counts("up1_block") == 1_789_952
    shapes = {layer.name: layer.output.shape[1:] for layer in paper.layers}
    assert shapes["down1_block2_add"] == (32, 32, 128)
    assert shapes["middle_block2_add"] == (4, 4, 256)
    assert shapes["up2_block3_attention"] == (16, 16, 256)
    attention = [layer.name for layer in paper.layers if isinstance(layer, PixelAttention)]
    assert len(attention) == 2 + 1 + 3  # at 16x16 on both ways, and in the middle


def test_the_parameters_of_the_form_for_256_pixels():
    network = build((256, 256, 3), multipliers=(1, 1, 2, 2, 4, 4))
    assert network.count_params() == 113_673_219


def test_it_begins_by_answering_no_noise():
    network = build((8, 12, 2), **SMALL)
    image = np.random.default_rng(0).standard_normal((3, 8, 12, 2)).astype("float32")
    noise = network({"image": image, "time": np.array([0, 5, 999])})
    assert noise.shape == (3, 8, 12, 2)
    np.testing.assert_array_equal(noise, np.zeros_like(image))


def test_it_knows_the_time():
    network = build((8, 8, 1), **SMALL)
    rng = np.random.default_rng(0)
    network.set_weights([rng.standard_normal(w.shape) * 0.1 for w in network.get_weights()])
    image = np.repeat(rng.standard_normal((1, 8, 8, 1)), 2, axis=0)
    early, late = network({"image": image, "time": np.array([10, 900])})
    assert np.abs(early - late).max() > 1e-3


@pytest.mark.parametrize(
    ("shape", "change", "part"),
    [
        ((30, 32, 3), {}, "must have sides that 8 divides, for 4 levels; the nearest are 32 and"),
        ((32, 3), {}, r"must be \(height, width, channels\)"),
        ((32, 32, 3), {"width": 100}, "a multiple of the 32 groups"),
        ((32, 32, 3), {"multipliers": ()}, "`multipliers` of ddpm.build"),
        ((32, 32, 3), {"num_blocks": 0}, "`num_blocks` of ddpm.build must be at least 1"),
        ((32, 32, 3), {"dropout": 1.0}, r"`dropout` of ddpm.build must be in \[0, 1\)"),
    ],
)
def test_bad_arguments_of_build(shape, change, part):
    with pytest.raises(RecipeError, match=part):
        build(shape, **change)


def test_the_embedding_of_time_by_hand():
    embedded = TimeEmbedding(6)(np.array([0, 7]))
    rates = [1, 10_000**-0.5, 10_000**-1]
    angles = [7 * rate for rate in rates]
    expected = [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
    np.testing.assert_allclose(embedded[0], [0, 0, 0, 1, 1, 1], atol=1e-7)
    np.testing.assert_allclose(embedded[1], expected, atol=1e-6)


def test_attention_as_pytorch_computes_it():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    layer = PixelAttention(groups=4)
    image = rng.standard_normal((2, 4, 3, 8)).astype("float32")
    layer(image)
    for weight in layer.weights:
        weight.assign(rng.standard_normal(weight.shape) * 0.5)
    weights = {
        weight.path.split("/", 1)[1]: torch.tensor(weight.numpy()) for weight in layer.weights
    }
    x = torch.tensor(image).permute(0, 3, 1, 2)
    normal = torch.nn.functional.group_norm(
        x, 4, weights["norm/gamma"], weights["norm/beta"], eps=1e-6
    )
    pixels = normal.permute(0, 2, 3, 1).reshape(2, 12, 8)
    parts = pixels @ weights["query_key_value/kernel"] + weights["query_key_value/bias"]
    mixed = torch.nn.functional.scaled_dot_product_attention(*parts.split(8, dim=-1))
    mixed = mixed @ weights["output/kernel"] + weights["output/bias"]
    expected = image + mixed.reshape(2, 4, 3, 8).numpy()
    np.testing.assert_allclose(layer(image), expected, rtol=1e-5, atol=1e-5)


def test_the_linear_schedule_is_the_paper_s():
    betas = linear()
    assert len(betas) == 1000 and betas[0] == 1e-4 and betas[-1] == 0.02
    np.testing.assert_allclose(np.diff(betas), (0.02 - 1e-4) / 999)
    # "so that the prior differs from a standard normal by 1e-5 bits a dimension", section 4.
    level = signal_levels(betas)[-1]
    assert level == pytest.approx(math.exp(sum(math.log1p(-beta) for beta in betas)), rel=1e-9)
    # Of data in [-1, 1] with a square mean of at most 1.
    assert 0.5 * (-math.log1p(-level)) / math.log(2) < 1e-4


def test_the_cosine_schedule_is_equation_17():
    num_steps, offset = 200, 0.008

    def f(t):
        return math.cos((t / num_steps + offset) / (1 + offset) * math.pi / 2) ** 2

    levels = signal_levels(cosine(num_steps))
    # The last betas are cut off at 0.999, so that the very last level is not 0.
    expected = [f(t) / f(0) for t in range(1, num_steps)]
    np.testing.assert_allclose(levels[:-1], expected, rtol=1e-9)
    assert cosine(num_steps)[-1] == 0.999


@pytest.mark.parametrize("betas", [linear(50), cosine(50), linear(4, first=0.5, last=0.1)])
def test_less_and_less_is_left_of_the_image(betas):
    levels = signal_levels(betas)
    assert (levels > 0).all() and levels[0] < 1 and (np.diff(levels) < 0).all()


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: linear(1000, first=0.0), r"`first` .* inside \(0, 1\). Received: first=0.0"),
        (lambda: linear(1000, last=1.0), r"`last` .* inside \(0, 1\). Received: last=1.0"),
        (lambda: linear(1000, last=float("nan")), "Received: last=nan"),
        (lambda: linear(1), "at least 2. Received: num_steps=1"),
        (lambda: linear(10.0), "Received: num_steps=10.0"),
        (lambda: cosine(10, offset=-0.1), "Received: offset=-0.1"),
        (lambda: signal_levels([0.1, 1.5]), r"inside \(0, 1\), one a step. Received: 1.5"),
        (lambda: signal_levels([]), "Received: an array of shape"),
        (lambda: samplers.ancestral(np.ones(5), 6), "trained, 5. Received: num_steps=6"),
        (lambda: samplers.ancestral(np.ones(5), variance="huge"), "'large' or 'small'"),
        (lambda: samplers.implicit(np.ones(5), eta=2), r"`eta` .* \[0, 1\]. Received: eta=2"),
    ],
)
def test_what_is_outside(call, part):
    with pytest.raises(RecipeError, match=part):
        call()


def test_the_ancestral_table_is_algorithm_2():
    betas = linear(40, first=0.01, last=0.3)
    levels = signal_levels(betas)
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 7))
    for row, t in zip(samplers.ancestral(levels), range(39, -1, -1), strict=True):
        time, signal, clean, current, sigma = row
        assert time == t and signal == levels[t]
        image = (x - np.sqrt(1 - signal) * noise) / np.sqrt(signal)
        expected = (x - betas[t] / np.sqrt(1 - levels[t]) * noise) / np.sqrt(1 - betas[t])
        np.testing.assert_allclose(clean * image + current * x, expected, rtol=1e-9)
        assert sigma == pytest.approx(np.sqrt(betas[t]) if t else 0)


def test_eta_1_is_the_ancestral_sampler_with_the_small_variance():
    levels = signal_levels(cosine(60))
    for num_steps in (60, 7, 1):
        np.testing.assert_allclose(
            samplers.implicit(levels, num_steps, eta=1.0),
            samplers.ancestral(levels, num_steps, variance="small"),
            rtol=1e-6,
            atol=1e-9,
        )


def test_fewer_steps_begin_at_the_last_and_end_at_the_image():
    levels = signal_levels(linear())
    table = samplers.implicit(levels, 20)
    assert [int(time) for time in table[:, 0]] == list(range(999, 0, -50))
    # What the last step gives is the estimated image alone.
    np.testing.assert_allclose(table[-1, 2:], [1, 0, 0], atol=1e-12)


MEAN, DEVIATION = 0.4, 0.3


def sampled(table, levels, count=20_000):
    """Sample Gaussian data with the predictor that is right for it, in closed form."""
    signal = tf.constant(np.sqrt(levels), tf.float32)
    level = tf.constant(levels, tf.float32)

    def predict(x, time):
        # x = sqrt(a) x0 + sqrt(1 - a) e is normal, and E[e | x] is linear in x.
        a, root = tf.gather(level, time), tf.gather(signal, time)
        return tf.sqrt(1 - a) * (x - root * MEAN) / (a * DEVIATION**2 + 1 - a)

    start = tf.random.stateless_normal((count,), (1, 2))
    run = tf.function(lambda: samplers.denoise(predict, table, start, (3, 4), clip=False))
    return run().numpy()


@pytest.mark.parametrize(
    ("make", "tolerance"),
    [
        (lambda levels: samplers.ancestral(levels), 0.02),
        (lambda levels: samplers.ancestral(levels, variance="small"), 0.02),
        (lambda levels: samplers.implicit(levels), 0.02),
        (lambda levels: samplers.implicit(levels, eta=0.5), 0.02),
        # The predictor is exact and the steps are not: few of them err in the deviation.
        (lambda levels: samplers.implicit(levels, 50), 0.10),
        (lambda levels: samplers.ancestral(levels, 100), 0.10),
    ],
)
@pytest.mark.parametrize("schedule", [linear, cosine])
def test_gaussian_data_come_back_with_mean_and_deviation(schedule, make, tolerance):
    levels = signal_levels(schedule(1000))
    drawn = sampled(make(levels), levels)
    error = 4 / math.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(MEAN, abs=0.01 + DEVIATION * error)
    assert drawn.std() == pytest.approx(DEVIATION, rel=tolerance + error)


def test_one_step_of_the_implicit_sampler_is_the_mean():
    # From nothing but noise the best guess is the mean, and one step is that guess.
    levels = signal_levels(linear())
    drawn = sampled(samplers.implicit(levels, 1), levels, 1000)
    assert drawn.mean() == pytest.approx(MEAN, abs=0.01)
    assert drawn.std() < 0.01


def test_an_image_is_kept_within_its_bounds():
    table = samplers.implicit(signal_levels(linear(10)))
    start = tf.constant([[-3.0], [3.0]])
    run = tf.function(lambda: samplers.denoise(lambda x, _: -5 * x, table, start, (0, 0)))
    np.testing.assert_allclose(run(), [[-1.0], [1.0]])


def test_the_way_is_kept():
    table = samplers.ancestral(signal_levels(linear(10)))
    start = tf.random.stateless_normal((4, 2), (0, 0))

    @tf.function
    def run(table):
        return samplers.denoise(lambda x, _: 0.1 * x, table, start, (5, 6), keep=(0, 4, 10))

    end, kept = run(table)
    first, _ = run(table[:4])
    np.testing.assert_array_equal(kept[0], start)
    np.testing.assert_array_equal(kept[1], first)
    np.testing.assert_array_equal(kept[2], end)


def test_half_precision_keeps_the_noise_in_32_bits():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        network = build((8, 8, 1), **SMALL)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    noise = network({"image": np.ones((2, 8, 8, 1), "float32"), "time": np.array([1, 999])})
    assert noise.dtype == "float32" and network.get_layer("conv_in").compute_dtype == "float16"
