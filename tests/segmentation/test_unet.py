import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.segmentation import unet


def trainable(model, prefix=""):
    return sum(
        int(np.prod(weight.shape))
        for layer in model.layers
        if layer.name.startswith(prefix)
        for weight in layer.trainable_weights
    )


@pytest.fixture(scope="module")
def paper():
    return unet.build((572, 572, 1), 2, padding="valid", dropout=0.5)


def test_the_network_of_the_paper_has_its_parameters(paper):
    assert paper.count_params() == 31_030_658


def test_the_sizes_are_those_of_figure_1(paper):
    sides = {
        "down1_conv1": 570, "down1_conv2": 568, "down1_pool": 284,
        "down2_conv1": 282, "down2_conv2": 280, "down2_pool": 140,
        "down3_conv1": 138, "down3_conv2": 136, "down3_pool": 68,
        "down4_conv1": 66, "down4_conv2": 64, "down4_pool": 32,
        "bottom_conv1": 30, "bottom_conv2": 28,
        "up4_upconv": 56, "up4_conv1": 54, "up4_conv2": 52,
        "up3_upconv": 104, "up3_conv1": 102, "up3_conv2": 100,
        "up2_upconv": 200, "up2_conv1": 198, "up2_conv2": 196,
        "up1_upconv": 392, "up1_conv1": 390, "up1_conv2": 388, "logits": 388,
    }  # fmt: skip
    found = {name: paper.get_layer(name).output.shape[1:3] for name in sides}
    assert found == {name: (side, side) for name, side in sides.items()}
    assert paper.input_shape == (None, 572, 572, 1)
    assert paper.output_shape == (None, 388, 388, 2)


def test_the_stages_are_those_of_the_table(paper):
    table = {
        "down1": 37_568, "down2": 221_440, "down3": 885_248, "down4": 3_539_968,
        "bottom": 14_157_824, "up4": 9_176_576, "up3": 2_294_528, "up2": 573_824,
        "up1": 143_552, "logits": 130,
    }  # fmt: skip
    assert {name: trainable(paper, name) for name in table} == table


def test_it_has_23_convolutions(paper):
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    assert sum(isinstance(layer, kinds) for layer in paper.layers) == 23


def test_copies_are_the_middle_of_the_path_down(paper):
    inner = keras.Model(paper.get_layer("down4_dropout").output, paper.get_layer("up4_crop").output)
    maps = np.arange(64 * 64, dtype="float32").reshape(1, 64, 64, 1) * np.ones(512, "float32")
    # The paper crops 64 to 56: four pixels off each side.
    np.testing.assert_array_equal(inner(maps), maps[:, 4:60, 4:60])


@pytest.mark.parametrize("shape", [(16, 16, 1), (32, 48, 3)])
def test_with_padding_every_pixel_has_its_logits(shape):
    model = unet.build(shape, 5, width=2)
    assert model(np.zeros((2, *shape), "float32")).shape == (2, *shape[:2], 5)
    assert not any(layer.name.endswith("crop") for layer in model.layers)


def test_a_pixel_sees_its_own_surroundings():
    """The logits of a valid network belong to the middle of the image, pixel by pixel."""
    model = unet.build((64, 64, 1), 2, padding="valid", width=1, depth=2)
    assert model.output_shape == (None, 24, 24, 2)
    for layer in model.layers:
        # All positive: no rectifier stops a gradient, and none cancels another.
        layer.set_weights([np.full_like(weight, 0.1) for weight in layer.get_weights()])
    image = tf.Variable(np.random.default_rng(0).uniform(size=(1, 64, 64, 1)).astype("float32"))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(model(image)[0, 12, 12])
    seen = np.argwhere(tape.gradient(value, image).numpy()[0, ..., 0])
    # Pixel (32, 32) of the image is pixel (12, 12) of the logits. The way through the bottom sees
    # 11x11 of the 4x4 blocks; which pixel of a pooled pair counts is the image's affair.
    assert 12 <= seen.min() <= 12 + 3 and 55 - 3 <= seen.max() <= 55


def test_normalised_convolutions_have_no_bias():
    plain = unet.build((32, 32, 3), 5, width=4, depth=2)
    normal = unet.build((32, 32, 3), 5, width=4, depth=2, batch_normalization=True)
    maps = 2 * (4 + 8 + 16 + 8 + 4)  # of the ten convolutions
    assert trainable(normal) == trainable(plain) - maps + 2 * maps
    names = [layer.name for layer in normal.layers if layer.name.startswith("down1_")]
    assert names == [
        "down1_conv1", "down1_bn1", "down1_relu1", "down1_conv2", "down1_bn2", "down1_relu2",
        "down1_pool",
    ]  # fmt: skip


def test_two_replicas_compute_what_one_device_does():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 8, 8, 1)).astype("float32")
    targets = rng.integers(0, 3, (4, 8, 8))

    def statistics_and_loss(strategy):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = unet.build((8, 8, 1), 3, width=4, depth=1, batch_normalization=True)
        data = tf.data.Dataset.from_tensor_slices((images, targets)).batch(4)

        def step(batch):
            logits = model(batch[0], training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch[1], logits)
            return tf.reduce_sum(losses)

        @tf.function
        def run(batch):
            return strategy.reduce("SUM", strategy.run(step, args=(batch,)), axis=None)

        loss = run(next(iter(strategy.experimental_distribute_dataset(data))))
        return [*(weight.numpy() for weight in model.non_trainable_variables), loss.numpy()]

    alone = statistics_and_loss(tf.distribute.get_strategy())
    shared = statistics_and_loss(distribute.strategy("mirrored"))
    for one, two in zip(alone, shared, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "side, padding, depth, expected",
    [
        (572, "valid", 4, 388),
        (188, "valid", 4, 4),
        (172, "valid", 4, None),
        (570, "valid", 4, None),
        (64, "valid", 2, 24),
        (128, "same", 4, 128),
        (120, "same", 4, None),
        (120, "same", 3, 120),
        (8, "same", 4, None),
    ],
)
def test_output_sides(side, padding, depth, expected):
    assert unet.output_side(side, padding, depth) == expected


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"input_shape": (100, 96, 3)},
            "The height of an image must be divisible by 16 for padding='same' and depth=4 of "
            "unet.build; the nearest that fit are 96 and 112. Received: height=100.",
        ),
        (
            {"input_shape": (96, 8, 3)},
            "The width of an image must be divisible by 16 for padding='same' and depth=4 of "
            "unet.build; the nearest that fit are 16. Received: width=8.",
        ),
        (
            {"input_shape": (572, 576, 1), "padding": "valid"},
            "The width of an image must leave an even side at every pooling for padding='valid' "
            "and depth=4 of unet.build; the nearest that fit are 572 and 588. Received: width=576.",
        ),
        (
            {"input_shape": (96, 96)},
            "`input_shape` of unet.build must be (height, width, channels). "
            "Received: input_shape=(96, 96).",
        ),
        (
            {"padding": "SAME"},
            "`padding` of unet.build must be 'same' or 'valid'. Received: padding='SAME'.",
        ),
        (
            {"num_classes": 1},
            "`num_classes` of unet.build must be at least 2. Received: num_classes=1.",
        ),
        ({"width": 0}, "`width` of unet.build must be at least 1. Received: width=0."),
        ({"depth": 0}, "`depth` of unet.build must lie in [1, 10]. Received: depth=0."),
        ({"dropout": 1}, "`dropout` of unet.build must lie in [0, 1). Received: dropout=1."),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        unet.build(**{"input_shape": (96, 96, 3), "num_classes": 3, **arguments})
    assert str(caught.value) == sentence
