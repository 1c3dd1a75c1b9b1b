import doctest
import time

import keras
import numpy as np
import pytest

from kerasrecipes.recipes.data import reach
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import SubtractImageNetMean
from kerasrecipes.recipes.vision import pretrained, resnet

SHAPE = (64, 40, 3)
NUM_CLASSES = 10
# Bottlenecks, and soon built; not in the paper.
SHALLOW, LESS_SHALLOW = 14, 17


@pytest.fixture(autouse=True)
def shallow_ones(monkeypatch):
    monkeypatch.setitem(resnet.BLOCKS, SHALLOW, ((1, 1, 1, 1), True))
    monkeypatch.setitem(resnet.BLOCKS, LESS_SHALLOW, ((1, 1, 2, 1), True))


def randomize(model, seed=0):
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            values = [rng.uniform(0.4, 0.8, w.shape) for w in weights]
        else:
            values = [rng.normal(0, np.sqrt(1 / w[..., 0].size), w.shape) for w in weights]
        layer.set_weights(values)
    return model


@pytest.fixture(scope="module")
def source():
    """Return keras.applications' own network, every weight and statistic at random."""
    return randomize(
        keras.applications.ResNet50(
            weights=None, input_shape=SHAPE, classes=NUM_CLASSES, classifier_activation=None
        )
    )


@pytest.fixture(scope="module")
def target():
    return resnet.build(SHAPE, NUM_CLASSES, conv_bias=True)


def images(seed=1, shape=SHAPE):
    return np.random.default_rng(seed).normal(size=(3, *shape)).astype("float32")


def test_a_copy_answers_as_its_source(source, target):
    assert pretrained.copy(source, target) is target
    theirs, ours = (np.array(model(images(), training=False)) for model in (source, target))
    assert np.ptp(theirs, axis=0).min() > 1e-3  # or nothing would be compared
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


def shallow(num_classes=NUM_CLASSES, *, depth=SHALLOW, **arguments):
    arguments = {"conv_bias": True, **arguments}
    return resnet.build(SHAPE, num_classes, depth=depth, **arguments)


def test_a_copy_of_ours_into_a_model_with_a_normalisation_in_front():
    source, other = randomize(shallow(conv_bias=False)), shallow(conv_bias=False)
    image = keras.Input(SHAPE, name="image")
    normalize = keras.layers.Normalization(axis=-1)
    normalize.adapt(images())
    whole = keras.Model(image, other.call(normalize(image)))
    pretrained.copy(source, whole)
    np.testing.assert_allclose(
        whole(images(), training=False),
        source(np.array(normalize(images())), training=False),
        rtol=1e-5,
        atol=1e-5,
    )


def test_without_the_head_other_classes_keep_theirs():
    source, target = randomize(shallow()), shallow(7)
    kept = target.get_layer("logits").get_weights()
    pretrained.copy(source, target, head=False)
    for before, after in zip(kept, target.get_layer("logits").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    name = "conv5_block1_conv3"
    np.testing.assert_array_equal(target.get_layer(name).kernel, source.get_layer(name).kernel)


def test_layers_that_do_not_fit_are_named_and_nothing_is_copied():
    source, target = shallow(), shallow(7)
    before = target.get_weights()
    with pytest.raises(RecipeError) as caught:
        pretrained.copy(source, target)
    assert str(caught.value) == (
        "Layer 'logits' must be like the source's 'logits', with kernel (2048, 10), bias (10,). "
        "Received: kernel (2048, 7), bias (7,). Build the target like the source."
    )
    for old, new in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"conv_bias": False},
            "Layer 'conv1' must be like the source's 'conv1_conv', with bias (64,). Received: "
            "bias none. Build the target with `conv_bias=True`.",
        ),
        (
            {"depth": 18},
            "Layer 'conv2_block1_conv1' must be like the source's 'conv2_block1_1_conv', with "
            "kernel (1, 1, 64, 64). Received: kernel (3, 3, 64, 64). Build the target like the "
            "source.",
        ),
        (
            {"depth": SHALLOW},
            "The layers of 'resnet50' must all have their like in model 'resnet14'. Received: "
            "'conv2_block2_1_conv', which nothing takes. Build the target with `resnet.build` and "
            "the depth of the source.",
        ),
    ],
    ids=["bias", "other blocks", "fewer"],
)
def test_another_network_is_one_sentence(source, arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        pretrained.copy(source, shallow(**arguments))
    assert str(caught.value) == sentence


def test_a_layer_that_the_source_lacks_is_named():
    with pytest.raises(RecipeError) as caught:
        pretrained.copy(shallow(), shallow(depth=LESS_SHALLOW))
    assert str(caught.value) == (
        "Layer 'conv4_block2_conv1' of model 'resnet17' must have its like in the source. "
        "Received: 'resnet14', which has no layer 'conv4_block2_1_conv'. Build the target with "
        "the depth of the source."
    )


def test_the_stride_must_be_where_it_was():
    # The same weights in the other convention would fit and answer otherwise.
    ours, other = shallow(), shallow()
    other.get_layer("conv3_block1_conv1").strides = (1, 1)
    with pytest.raises(RecipeError, match=r"with strides \(1, 1\)\. Received: strides \(2, 2\)"):
        pretrained.copy(other, ours)


def test_without_a_network_the_real_weights_are_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = resnet.build((32, 32, 3), 1000, conv_bias=True)
    monkeypatch.setattr(reach, "_address", lambda url: ("127.0.0.1", 9))  # where nobody listens
    begin = time.monotonic()
    with pytest.raises(RecipeError) as caught:
        pretrained.load(model, "imagenet")
    assert time.monotonic() - begin < 2
    assert str(caught.value).startswith(
        "The ImageNet weights of ResNet-50 are not on this machine and their host "
        "storage.googleapis.com cannot be reached. Load them once where there is a network, and "
        "copy "
    )
    assert "resnet50_weights_tf_dim_ordering_tf_kernels.h5" in str(caught.value)


def test_with_a_network_they_are_copied(monkeypatch, source):
    asked = {}

    def application(**arguments):
        asked.update(arguments)
        return source

    monkeypatch.setattr(reach, "unreachable", lambda urls: [])
    monkeypatch.setattr(keras.applications, "ResNet50", application)
    model = resnet.build(SHAPE, 7, conv_bias=True)
    assert pretrained.load(model, "imagenet", head=False) is model
    assert asked["weights"] == "imagenet" and asked["include_top"] is False
    np.testing.assert_array_equal(
        model.get_layer("conv1").kernel, source.get_layer("conv1_conv").kernel
    )


def test_a_broken_download_is_one_sentence(monkeypatch, target):
    def application(**arguments):
        raise OSError("the line went dead\nand more")

    monkeypatch.setattr(reach, "unreachable", lambda urls: [])
    monkeypatch.setattr(keras.applications, "ResNet50", application)
    with pytest.raises(RecipeError, match="could not be loaded: the line went dead Remove"):
        pretrained.load(target, head=False)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"depth": 18, "conv_bias": True}, "of depth 50, 101 and 152. Received: model 'resnet18'"),
        ({}, "Received: conv_bias=False, 3 channels, 1000 classes."),
        ({"conv_bias": True, "num_classes": 10}, "conv_bias=True, 3 channels, 10 classes."),
        ({"conv_bias": True, "input_shape": (64, 64, 1)}, "conv_bias=True, 1 channels"),
    ],
)
def test_a_model_that_cannot_take_them_is_told_before_anything_is_fetched(
    monkeypatch, arguments, words
):
    def never(urls):
        raise AssertionError("asked the network")

    monkeypatch.setattr(reach, "unreachable", never)
    monkeypatch.setitem(pretrained._APPLICATIONS, SHALLOW, "ResNet50")
    arguments = {"input_shape": SHAPE, "num_classes": 1000, "depth": SHALLOW, **arguments}
    with pytest.raises(RecipeError) as caught:
        pretrained.load(resnet.build(**arguments))
    assert words in str(caught.value)


def test_other_weights_there_are_none(target):
    with pytest.raises(RecipeError, match=r"`weights` of pretrained.load must be 'imagenet'"):
        pretrained.load(target, "places365")


def test_other_models_are_not_taken():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    with pytest.raises(RecipeError, match=r"which `resnet.build` did not make"):
        pretrained.load(model)


def test_the_layer_in_front_is_the_preprocessing_of_keras_applications(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    expected = keras.applications.resnet.preprocess_input(pixels.astype("float32"))
    model = keras.Sequential(
        [keras.Input((5, 4, 3), dtype="uint8", name="image"), SubtractImageNetMean()]
    )
    np.testing.assert_allclose(model(pixels), expected, rtol=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(pixels), model(pixels))
    with pytest.raises(RecipeError, match="three channels"):
        SubtractImageNetMean()(np.zeros((1, 2, 2, 1)))


def test_the_examples_run():
    assert doctest.testmod(pretrained).failed == 0
