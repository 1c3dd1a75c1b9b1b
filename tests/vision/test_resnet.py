import doctest

import keras
import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import BatchNormalization
from kerasrecipes.recipes.vision import resnet

# Bottlenecks, and soon built; not in the paper.
SHALLOW = 17


def trainable(model, prefix=""):
    return sum(
        int(np.prod(weight.shape))
        for layer in model.layers
        if layer.name.startswith(prefix)
        for weight in layer.trainable_weights
    )


@pytest.fixture(scope="module")
def resnet50():
    return resnet.build((224, 224, 3), 1000)


@pytest.mark.parametrize(
    "depth, conv_bias, num_trainable, num_all",
    [
        (18, False, 11_689_512, None),  # torchvision
        (34, False, 21_797_672, None),  # torchvision
        (50, True, 25_583_592, 25_636_712),  # keras.applications
        (101, True, None, 44_707_176),  # keras.applications
        (152, False, 60_192_808, None),  # torchvision
        (152, True, None, 60_419_944),  # keras.applications
    ],
)
def test_the_parameters_and_the_depth_are_those_of_the_reference(
    depth, conv_bias, num_trainable, num_all
):
    # They do not depend on the size of the image.
    model = resnet.build((7, 7, 3), 1000, depth=depth, conv_bias=conv_bias)
    assert num_trainable in (None, trainable(model))
    assert num_all in (None, model.count_params())
    with_weights = [
        layer
        for layer in model.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
        and not layer.name.endswith("shortcut")
    ]
    assert len(with_weights) == depth


def test_resnet50_is_the_table_of_the_docstring(resnet50):
    assert trainable(resnet50) == 25_557_032
    rows = {
        "conv1": ((112, 112, 64), 9_408),
        "bn1": ((112, 112, 64), 128),
        "pool1": ((56, 56, 64), 0),
        "conv2": ((56, 56, 256), 215_808),
        "conv3": ((28, 28, 512), 1_219_584),
        "conv4": ((14, 14, 1024), 7_098_368),
        "conv5": ((7, 7, 2048), 14_964_736),
        "pool5": ((2048,), 0),
        "logits": ((1000,), 2_049_000),
    }
    for name, (shape, count) in rows.items():
        assert trainable(resnet50, name) == count
        assert [x for x in resnet50.layers if x.name.startswith(name)][-1].output.shape[1:] == shape
        if count > 0:
            assert f"{count:,}" in resnet.__doc__
    assert sum(count for _, count in rows.values()) == 25_557_032


def test_where_a_bottleneck_halves_the_sides_is_said_by_the_convention(monkeypatch):
    monkeypatch.setitem(resnet.BLOCKS, SHALLOW, ((1, 1, 1, 1), True))
    # torchvision: the 3x3 convolution; keras.applications: the first 1x1.
    for conv_bias, expected in ((False, [1, 2, 1]), (True, [2, 1, 1])):
        model = resnet.build((64, 64, 3), 10, depth=SHALLOW, conv_bias=conv_bias)
        convolutions = [model.get_layer(f"conv3_block1_conv{n}") for n in (1, 2, 3)]
        assert [layer.strides[0] for layer in convolutions] == expected
        assert all(layer.use_bias == conv_bias for layer in convolutions)
        assert model.get_layer("conv3_block1_shortcut").strides == (2, 2)
        assert model.get_layer("conv2_block1_conv1").strides == (1, 1)


def randomize(model, seed=0):
    """Give every weight a value of its own, the statistics of the normalisation too."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if isinstance(layer, BatchNormalization):
            # gamma, beta, mean, variance
            values = [rng.uniform(0.4, 0.8, w.shape) for w in weights]
        else:
            values = [rng.normal(0, np.sqrt(1 / w[..., 0].size), w.shape) for w in weights]
        layer.set_weights(values)


def forward_in_torch(model, image, depth):
    """Return the logits of torchvision's ResNet, written with PyTorch's functions."""
    torch = pytest.importorskip("torch")
    from torch.nn import functional

    def tensor(variable):
        return torch.from_numpy(np.array(variable))

    def convolution(x, name, stride):
        kernel = tensor(model.get_layer(name).kernel).permute(3, 2, 0, 1)
        return functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)

    def normalize(x, name):
        layer = model.get_layer(name)
        mean, variance, gamma, beta = map(
            tensor, (layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta)
        )
        return functional.batch_norm(x, mean, variance, gamma, beta, eps=1e-5)

    bottleneck = resnet.BLOCKS[depth][1]
    strides_of = (lambda s: (1, s, 1)) if bottleneck else (lambda s: (s, 1))
    x = torch.from_numpy(image).permute(0, 3, 1, 2)
    x = functional.relu(normalize(convolution(x, "conv1", 2), "bn1"))
    x = functional.max_pool2d(x, 3, 2, padding=1)
    for stage, count in enumerate(resnet.BLOCKS[depth][0], start=2):
        for number in range(1, count + 1):
            name, shortcut = f"conv{stage}_block{number}", x
            stride = 2 if stage > 2 and number == 1 else 1
            if number == 1 and (stage > 2 or bottleneck):
                shortcut = convolution(x, f"{name}_shortcut", stride)
                shortcut = normalize(shortcut, f"{name}_shortcut_bn")
            for place, step in enumerate(strides_of(stride), start=1):
                x = normalize(convolution(x, f"{name}_conv{place}", step), f"{name}_bn{place}")
                if place < len(strides_of(stride)):
                    x = functional.relu(x)
            x = functional.relu(x + shortcut)
    head = model.get_layer("logits")
    return (x.mean((2, 3)) @ tensor(head.kernel) + tensor(head.bias)).numpy()


@pytest.mark.parametrize("depth, shape", [(18, (28, 28, 1)), (SHALLOW, (33, 64, 3))])
def test_without_biases_it_computes_what_pytorch_does(monkeypatch, depth, shape):
    monkeypatch.setitem(resnet.BLOCKS, SHALLOW, ((1, 2, 1, 1), True))
    model = resnet.build(shape, 10, depth=depth)
    randomize(model)
    image = np.random.default_rng(1).normal(size=(2, *shape)).astype("float32")
    theirs = forward_in_torch(model, image, depth)
    ours = np.array(model(image, training=False))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def test_weight_decay_is_half_the_square_of_the_kernels():
    model = resnet.build((28, 28, 1), 10, depth=18, conv_bias=True)
    kernels = [w.numpy() for w in model.weights if w.name == "kernel"]
    expected = 1e-4 / 2 * sum(float((kernel**2).sum()) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)
    assert resnet.build((28, 28, 1), 10, depth=18, weight_decay=0).losses == []


def test_mixed_precision_trains_it_in_16_bits_with_weights_and_statistics_in_32():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = resnet.build((28, 28, 1), 4, depth=18)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert model.get_layer("conv5_block2_bn2").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss)
    images = np.random.default_rng(0).normal(size=(8, 28, 28, 1)).astype("float32")
    before = model.get_layer("bn1").moving_mean.numpy()
    history = model.fit(images, np.arange(8) % 4, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    after = model.get_layer("bn1").moving_mean.numpy()
    assert after.dtype == "float32" and np.isfinite(after).all() and (after != before).any()


def test_it_comes_back_from_a_file(tmp_path):
    model = resnet.build((28, 28, 1), 3, depth=18)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    image = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(model(image), again(image))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"depth": 20},
            "`depth` of resnet.build must be 18, 34, 50, 101 or 152. Received: depth=20.",
        ),
        (
            {"input_shape": (6, 28, 1)},
            "`input_shape` of resnet.build must be (height, width, channels) with sides of at "
            "least 7. Received: input_shape=(6, 28, 1).",
        ),
        (
            {"num_classes": 1},
            "`num_classes` of resnet.build must be at least 2. Received: num_classes=1.",
        ),
        (
            {"weight_decay": -1},
            "`weight_decay` of resnet.build must be at least 0. Received: weight_decay=-1.",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        resnet.build(**{"input_shape": (224, 224, 3), "num_classes": 10, **arguments})
    assert str(caught.value) == sentence


def test_the_examples_run():
    assert doctest.testmod(resnet).failed == 0
