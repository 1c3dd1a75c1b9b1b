import copy
import doctest

import keras
import numpy as np
import pytest
from PIL import Image

from kerasrecipes.callbacks import Unfreeze
from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.embedded import glyphs
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import GradientGate, gradient_gate
from kerasrecipes.recipes.vision import pretrained, resnet, resnet_cifar, transfer

SHAPE = (12, 12, 1)


def make_base(path, shape=SHAPE, num_classes=4):
    """Save what a run would leave: a normalisation, a network, statistics that are not new."""
    keras.utils.set_random_seed(5)
    core = resnet_cifar.build(shape, num_classes, depth=8)
    rng = np.random.default_rng(0)
    for layer in core.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    image = keras.Input(shape, dtype="uint8", name="image")
    normalize = keras.layers.Normalization(axis=-1)
    normalize.adapt(images(32, shape))
    model = keras.Model(image, core.call(normalize(image)), name="resnet8")
    model.save(path)


def images(count, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "base.keras"
    make_base(path)
    return path


def kernels(model):
    return {
        layer.name: [weight.numpy() for weight in layer.weights]
        for layer in model.layers
        if layer.weights and layer.name not in ("gate", "logits")
    }


def moved(before, after):
    return {
        name
        for name, weights in before.items()
        if any((old != new).any() for old, new in zip(weights, after[name], strict=True))
    }


def compiled(model, optimizer):
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# --- the gate


def test_a_gate_gives_its_input_on_to_the_bit_and_scales_the_gradient():
    import tensorflow as tf

    gate = GradientGate()
    values = tf.constant(np.random.default_rng(0).normal(size=(64, 33)), "float32")
    gate(values)
    for opening in (0.0, 0.1, 1.0):
        gate.opening.assign(opening)
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = gate(values)
            loss = tf.reduce_sum(outputs**2)
        np.testing.assert_array_equal(outputs, values)
        expected = np.float32(opening) * 2 * values
        np.testing.assert_allclose(tape.gradient(loss, values), expected, rtol=1e-6)


def test_a_gate_is_saved_as_it_stands(tmp_path):
    model = keras.Sequential([keras.Input((3,)), GradientGate(0.5, name="gate")])
    assert float(model.get_layer("gate").opening) == 0.5
    model.get_layer("gate").opening.assign(0.25)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert float(again.get_layer("gate").opening) == 0.25
    assert again.get_layer("gate").initial_opening == 0.5
    assert model.trainable_weights == []


# --- the callback, in a plain fit


def gated():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="tanh", name="bottom"),
            GradientGate(name="gate"),
            keras.layers.Dense(2, name="logits"),
        ]
    )


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_the_base_stays_to_the_bit_until_its_epoch(optimizer):
    model = compiled(gated(), getattr(keras.optimizers, optimizer)(0.1))
    x, y = np.random.default_rng(0).normal(size=(16, 3)), np.arange(16) % 2
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.get_layer("bottom").kernel.numpy())
    )
    before = model.get_layer("bottom").kernel.numpy()
    model.fit(x, y, epochs=4, verbose=0, callbacks=[Unfreeze(2), watch])
    np.testing.assert_array_equal(seen[0], before)
    np.testing.assert_array_equal(seen[1], before)
    assert (seen[2] != seen[1]).any() and (seen[3] != seen[2]).any()
    assert float(model.get_layer("gate").opening) == np.float32(0.1)


def test_the_opening_is_a_part_of_the_rate_of_momentum_sgd():
    def bottom(rate, opening):
        # The head is held still, so that the base sees the same gradients.
        model = gated()
        model.get_layer("logits").trainable = False
        compiled(model, keras.optimizers.SGD(rate, momentum=0.9))
        x, y = np.random.default_rng(0).normal(size=(16, 3)), np.arange(16) % 2
        callback = Unfreeze(0, opening)
        model.fit(x, y, epochs=5, batch_size=16, verbose=0, callbacks=[callback])
        return model.get_layer("bottom").kernel.numpy()

    np.testing.assert_allclose(bottom(0.5, 0.1), bottom(0.05, 1.0), rtol=1e-5, atol=1e-7)


def test_it_has_nothing_to_remember_and_finds_gates_in_models_in_models():
    callback = Unfreeze(3)
    assert callback.get_state() == {} and copy.deepcopy(callback).epoch == 3
    inner = gated()
    model = keras.Sequential([keras.Input((3,)), inner])
    compiled(model, "sgd")
    x, y = np.zeros((4, 3)), np.zeros(4)
    # Taken up again behind its epoch, it is open at once.
    model.fit(x, y, initial_epoch=4, epochs=5, verbose=0, callbacks=[callback])
    assert float(inner.get_layer("gate").opening) == np.float32(0.1)


def test_a_model_without_a_gate_is_refused():
    model = compiled(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), "sgd")
    with pytest.raises(ValueError, match=r"must have a gate, a layer with a variable `opening`"):
        model.fit(np.zeros((4, 3)), np.zeros(4), verbose=0, callbacks=[Unfreeze(1)])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"epoch": -1}, "`epoch` of Unfreeze must be a whole number of at least 0."),
        ({"epoch": 1.5}, "Received: epoch=1.5."),
        ({"epoch": 1, "opening": 0}, "`opening` of Unfreeze must be a number above 0."),
    ],
)
def test_arguments_out_of_range(arguments, words):
    with pytest.raises(ValueError) as caught:
        Unfreeze(**arguments)
    assert words in str(caught.value)


# --- the builder


def test_it_is_the_base_with_another_head(base):
    trained = keras.models.load_model(base, safe_mode=True)
    model = transfer.build(SHAPE, 7, base=base)
    features = keras.Model(trained.inputs[0], trained.get_layer("pool").output)
    given = images(5)
    head = model.get_layer("logits")
    expected = np.array(features(given, training=False)) @ head.kernel.numpy() + head.bias.numpy()
    np.testing.assert_allclose(model(given, training=False), expected, rtol=1e-5, atol=1e-5)
    # The statistics of the base are used and not moved, in training as well.
    np.testing.assert_array_equal(model(given, training=True), model(given, training=False))
    assert model.losses == []
    assert not model.compiled


def test_the_head_learns_first_and_then_the_top_and_nothing_else(base):
    model = compiled(transfer.build(SHAPE, 3, base=base), keras.optimizers.SGD(0.1, momentum=0.9))
    trainable = [f"{w.path}" for w in model.trainable_weights]
    assert sorted(trainable) == [
        "logits/bias",
        "logits/kernel",
        "stage3_block1_conv1/kernel",
        "stage3_block1_conv2/kernel",
    ]
    x, y = images(24), np.arange(24) % 3
    before, head = kernels(model), model.get_layer("logits").kernel.numpy()
    model.fit(x, y, epochs=2, verbose=0, callbacks=[Unfreeze(2)])
    assert moved(before, kernels(model)) == set()
    assert (model.get_layer("logits").kernel.numpy() != head).any()
    model.fit(x, y, initial_epoch=2, epochs=4, verbose=0, callbacks=[Unfreeze(2)])
    assert moved(before, kernels(model)) == {"stage3_block1_conv1", "stage3_block1_conv2"}


@pytest.mark.parametrize("unfrozen, count", [(0, 0), (1, 1), (7, 7)])
def test_as_many_layers_as_are_asked_for_can_move(base, unfrozen, count):
    model = transfer.build(SHAPE, 3, base=base, unfrozen=unfrozen)
    assert len(model.trainable_weights) == 2 + count


@pytest.mark.parametrize("shape", [(12, 12, 3), (24, 24, 1), (30, 16, 3)])
def test_other_sizes_and_colours_are_fitted_to_the_base(base, shape, tmp_path):
    model = transfer.build(shape, 3, base=base)
    image = keras.Input(shape, dtype="uint8", name="image")
    whole = keras.Model(image, model.call(image))
    assert whole(images(2, shape)).shape == (2, 3)
    whole.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(images(2, shape)), whole(images(2, shape)))


def test_a_picture_in_grey_is_one_whether_it_has_one_channel_or_three(base):
    grey = images(3)
    one = transfer.build(SHAPE, 3, base=base)
    three = transfer.build((12, 12, 3), 3, base=base)
    three.set_weights(one.get_weights())
    # Keras's weights of the colours add up to 0.9999.
    np.testing.assert_allclose(three(np.repeat(grey, 3, axis=-1)), one(grey), atol=5e-3)


def test_the_folder_of_a_run_is_a_base(base, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.keras").write_bytes(base.read_bytes())
    ours = transfer.build(SHAPE, 3, base=str(tmp_path / "run"))
    theirs = transfer.build(SHAPE, 3, base=base)
    kernel = "stage1_block1_conv1"
    np.testing.assert_array_equal(ours.get_layer(kernel).kernel, theirs.get_layer(kernel).kernel)


def test_what_was_moved_can_be_moved_on(base, tmp_path):
    image = keras.Input((24, 24, 3), dtype="uint8", name="image")
    first = transfer.build((24, 24, 3), 3, base=base)
    keras.Model(image, first.call(image)).save(tmp_path / "first.keras")
    second = transfer.build((30, 30, 3), 4, base=tmp_path / "first.keras", unfrozen=1)
    gates = [layer.name for layer in second.layers if isinstance(layer, GradientGate)]
    assert gates == ["gate"] and len(second.trainable_weights) == 3
    again = keras.Input((30, 30, 3), dtype="uint8", name="image")
    assert keras.Model(again, second.call(again))(images(2, (30, 30, 3))).shape == (2, 4)


def test_imagenet_is_a_base(monkeypatch):
    loaded = []
    monkeypatch.setitem(resnet.BLOCKS, 50, ((1, 1, 1, 1), True))
    monkeypatch.setattr(pretrained, "load", lambda model, name, head: loaded.append((name, head)))
    model = transfer.build((32, 40, 3), 5, base="imagenet", unfrozen=3)
    assert loaded == [("imagenet", False)]
    assert model.get_layer("conv1").use_bias and model.losses == []
    kernel_names = [w.path for w in model.trainable_weights if w.name == "kernel"]
    assert len(kernel_names) == 4 and "conv5_block1_conv3/kernel" in kernel_names
    # What stands in front is what the weights expect.
    inner = keras.Model(model.inputs[0], model.get_layer("subtract_mean").output)
    pixels = images(1, (32, 40, 3)).astype("float32")
    expected = keras.applications.resnet.preprocess_input(pixels.copy())
    np.testing.assert_allclose(inner(pixels), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            {"base": "nowhere"},
            "Received: base='nowhere', where there is no nowhere. Train one first with "
            "`kerasrecipes train resnet8_letters`.",
        ),
        ({"input_shape": (12, 12, 2)}, "with 1 or 3 channels. Received: input_shape=(12, 12, 2)."),
        ({"num_classes": 1}, "`num_classes` of transfer.build must be at least 2."),
        ({"unfrozen": 8}, "must lie between 0 and 7, the layers with weights of the base."),
        ({"unfrozen": -1}, "Received: unfrozen=-1."),
    ],
)
def test_a_value_out_of_range_is_one_sentence(base, arguments, words):
    with pytest.raises(RecipeError) as caught:
        transfer.build(**{"input_shape": SHAPE, "num_classes": 3, "base": base, **arguments})
    assert words in str(caught.value)


def test_a_run_that_is_not_finished_and_files_that_are_none(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(RecipeError, match=r"where there is no model\.keras"):
        transfer.build(SHAPE, 3, base=tmp_path / "run")
    (tmp_path / "broken.keras").write_bytes(b"PK not a model")
    with pytest.raises(RecipeError, match=r"broken\.keras' could not be read: "):
        transfer.build(SHAPE, 3, base=tmp_path / "broken.keras")
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), keras.layers.Softmax()])
    other.save(tmp_path / "other.keras")
    with pytest.raises(RecipeError, match="must take one image and end in a dense layer"):
        transfer.build(SHAPE, 3, base=tmp_path / "other.keras")


# --- the data


def test_ten_digits_of_each_class_to_learn_from(data_dir):
    few = data.load("glyphs/digits_few", data_dir=data_dir)
    assert few.num_classes == 10
    counts = [set(np.bincount(s.targets)) for s in (few.train, few.validation, few.test)]
    assert counts == [{10}, {20}, {1000}]
    seen = {image.tobytes() for image in few.train.inputs}
    assert len(seen) == 100 and not seen & {image.tobytes() for image in few.validation.inputs}


def test_the_few_digits_are_tested_on_all_that_the_many_are(data_dir):
    few, many = (data.load(name, data_dir=data_dir) for name in ("glyphs/digits_few", "glyphs"))
    np.testing.assert_array_equal(few.test.inputs, many.test.inputs)


# --- the recipes


def recipe(name):
    return next(recipe for recipe in transfer.RECIPES if recipe.name == name)


def test_the_weights_of_the_package_are_those_of_their_recipe(tmp_path):
    model = keras.models.load_model(transfer.WEIGHTS / "resnet8_letters.keras", safe_mode=True)
    pretraining = recipe("resnet8_letters")
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert count == pretraining.num_parameters
    letters = glyphs.Glyphs(config="letters", data_dir=tmp_path)
    # The first of the test split alone: drawing all 70,000 takes a while.
    drawn = [
        (np.asarray(Image.open(example["image"]))[..., None], example["label"])
        for _, example in letters._generate_examples("test", 1040)
    ]
    inputs, targets = (np.stack(column) for column in zip(*drawn, strict=True))
    accuracy = np.mean(np.argmax(model.predict(inputs, verbose=0), axis=1) == targets)
    assert pretraining.expected.reached(accuracy)


def test_transfer_and_from_nothing_learn_from_the_same_examples_for_as_long():
    moved_on, from_nothing = recipe("transfer_glyphs_few"), recipe("resnet8_glyphs_few")
    for field in ("data", "batch_size", "augment", "epochs"):
        assert getattr(moved_on, field) == getattr(from_nothing, field)
    # The same network: what is new in one is its gate.
    names = [layer.name for layer in moved_on.build((28, 28, 1), 10).layers]
    others = [layer.name for layer in from_nothing.build((28, 28, 1), 10).layers]
    assert [n for n in names if n not in ("gate", "normalization", "image")] == others[1:]


@pytest.mark.parametrize("module", [gradient_gate, transfer])
def test_the_examples_run(module):
    assert doctest.testmod(module).failed == 0
