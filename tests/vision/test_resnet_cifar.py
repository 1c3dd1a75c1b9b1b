import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.vision import resnet_cifar


def trainable(model, prefix=""):
    return sum(
        int(np.prod(weight.shape))
        for layer in model.layers
        if layer.name.startswith(prefix)
        for weight in layer.trainable_weights
    )


@pytest.fixture(scope="module")
def resnet20():
    return resnet_cifar.build((32, 32, 3), 10)


@pytest.mark.parametrize("depth, expected", [(20, 269_722), (56, 853_018), (110, 1_727_962)])
def test_parameters(depth, expected):
    assert trainable(resnet_cifar.build((32, 32, 3), 10, depth=depth)) == expected


def test_the_stages_are_those_of_the_table(resnet20):
    assert trainable(resnet20, "conv1") == 432 and trainable(resnet20, "bn1") == 32
    assert trainable(resnet20, "stage1") == 13_824 + 192
    assert trainable(resnet20, "stage2") == 50_688 + 384
    assert trainable(resnet20, "stage3") == 202_752 + 768
    assert trainable(resnet20, "logits") == 650
    shapes = [resnet20.get_layer(f"stage{i}_block3_relu2").output.shape[1:] for i in (1, 2, 3)]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]


def test_the_depth_counts_the_layers_with_weights(resnet20):
    counted = [
        layer
        for layer in resnet20.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
    ]
    assert len(counted) == 20
    shortcuts = [layer.name for layer in resnet20.layers if layer.name.endswith("shortcut")]
    assert shortcuts == ["stage2_block1_shortcut", "stage3_block1_shortcut"]


def test_a_block_whose_convolutions_are_silent_is_its_shortcut(resnet20):
    model = keras.models.clone_model(resnet20)
    for layer in model.layers:
        if layer.name.endswith("_bn2"):
            layer.gamma.assign(keras.ops.zeros_like(layer.gamma))
    inner = keras.Model(
        model.input,
        [model.get_layer(name).output for name in ("relu1", "stage3_block3_relu2")],
    )
    image = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    first, last = (np.array(output) for output in inner(image, training=False))
    np.testing.assert_allclose(last[..., :16], first[:, ::4, ::4], rtol=1e-6)
    np.testing.assert_array_equal(last[..., 16:], 0)


def test_weight_decay_is_half_the_square_of_the_kernels(resnet20):
    kernels = [
        weight.numpy()
        for layer in resnet20.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
        for weight in layer.weights
        if weight.name == "kernel"
    ]
    expected = 1e-4 / 2 * sum(float((kernel**2).sum()) for kernel in kernels)
    assert float(sum(resnet20.losses)) == pytest.approx(expected, rel=1e-4)
    assert resnet_cifar.build((32, 32, 3), 10, weight_decay=0).losses == []


def test_kernels_start_with_the_deviation_of_he_et_al(resnet20):
    kernel = resnet20.get_layer("stage3_block2_conv1").kernel.numpy()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.05)


def test_two_replicas_compute_what_one_device_does():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 8, 8, 1)).astype("float32")
    labels = rng.integers(0, 3, 8)

    def statistics_and_loss(strategy):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = resnet_cifar.build((8, 8, 1), 3, depth=8)
        data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(8)

        def step(batch):
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                batch[1], model(batch[0], training=True)
            )
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


@pytest.mark.parametrize("shape", [(4, 4, 1), (28, 28, 1), (33, 17, 3)])
def test_other_shapes_and_numbers_of_classes(shape):
    model = resnet_cifar.build(shape, 7, depth=8)
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 7)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_comes_back_from_a_file(tmp_path):
    model = resnet_cifar.build((8, 8, 1), 3, depth=8)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    image = np.random.default_rng(0).uniform(size=(2, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(model(image), again(image))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"depth": 21},
            "`depth` of resnet_cifar.build must be 6n + 2 with n >= 1. Received: depth=21.",
        ),
        (
            {"depth": 2},
            "`depth` of resnet_cifar.build must be 6n + 2 with n >= 1. Received: depth=2.",
        ),
        (
            {"input_shape": (3, 3, 1)},
            "`input_shape` of resnet_cifar.build must be (height, width, channels) with sides of "
            "at least 4. Received: input_shape=(3, 3, 1).",
        ),
        (
            {"num_classes": 1},
            "`num_classes` of resnet_cifar.build must be at least 2. Received: num_classes=1.",
        ),
        (
            {"weight_decay": -1},
            "`weight_decay` of resnet_cifar.build must be at least 0. Received: weight_decay=-1.",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        resnet_cifar.build(**{"input_shape": (32, 32, 3), "num_classes": 10, **arguments})
    assert str(caught.value) == sentence
