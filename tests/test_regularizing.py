"""Regularisation by name, on any recipe."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.callbacks import EarlyStopping, MaxNorm
from kerasrecipes.recipes import catalog, distribute, regularizing
from kerasrecipes.recipes.data import soft_targets
from kerasrecipes.recipes.errors import RecipeError, UnknownField
from kerasrecipes.recipes.losses import ClassCrossEntropy
from kerasrecipes.recipes.metrics import ClassAccuracy
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.regularization import Regularization

NUM_CLASSES = 4


def varied(name, **changes):
    return replace(catalog.get(name), **{f"regularization.{k}": v for k, v in changes.items()})


def made(recipe, load_few):
    recipe = replace(recipe, batch_size=min(16, recipe.batch_size))
    return prepare(recipe, load_few(recipe.data), distribute.strategy("none"), seed=0)


# --- the value


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"l2": -1e-4}, r"`l2` of a regularization must be a number of at least 0"),
        ({"dropout": 1.0}, r"`dropout` of a regularization must be in \[0, 1\)"),
        ({"noise": float("nan")}, r"`noise` of a regularization must be a number of at least 0"),
        ({"max_norm": 0}, r"`max_norm` of a regularization must be above 0, or None"),
        ({"early_stopping": 2.5}, r"`early_stopping` of a regularization must be a whole number"),
        ({"weight_decay": True}, r"`weight_decay` of a regularization must be a number"),
    ],
)
def test_numbers_out_of_range_are_told(changes, sentence):
    with pytest.raises(RecipeError, match=sentence):
        varied("mlp_digits", **changes)


def test_a_misspelt_name_is_told_with_the_near_one():
    with pytest.raises(UnknownField, match="Did you mean 'dropout'"):
        varied("mlp_digits", dropuot=0.5)


def test_it_is_written_down_as_what_is_on():
    assert varied("mlp_digits", l2=1e-4).describe()["regularization"] == "Regularization(l2=0.0001)"
    assert repr(Regularization()) == "Regularization()"


# --- layers


def test_layers_stand_where_they_should_and_change_no_answer(load_few):
    recipe = catalog.get("lenet5_digits")
    plain = made(recipe, load_few)
    changes = {"dropout": 0.5, "spatial_dropout": 0.2, "noise": 0.1}
    other = made(varied("lenet5_digits", **changes), load_few)
    names = [layer.name for layer in other.layers]
    for name in ("c5", "f6", "logits"):
        assert names[names.index(name) - 1] == f"{name}_dropout"
    assert (
        names[names.index("c3") - 1] == "c3_spatial_dropout" and "c1_spatial_dropout" not in names
    )
    assert sum(isinstance(layer, keras.layers.GaussianNoise) for layer in other.layers) == 1
    images, _ = load_few(recipe.data).test.examples(range(8))
    answers = plain(images, training=False)
    np.testing.assert_array_equal(other(images, training=False), answers)
    assert np.abs(other(images, training=True) - answers).max() > 0.01


def test_an_unfit_model_is_told(load_few):
    for name, changes, sentence in (
        ("softmax_digits", {"dropout": 0.5}, "has no dense layer behind another layer"),
        ("mlp_digits", {"spatial_dropout": 0.5}, "has no convolution behind another layer"),
        ("lstm_pydoc", {"noise": 0.1}, "whose model takes int32"),
        ("dcgan_glyphs", {"dropout": 0.5}, "must build one chain or graph of layers"),
        ("dcgan_glyphs", {"l2": 0.1}, "adds no penalties. Take `weight_decay`"),
        ("resnet20_glyphs", {"l2": 0.1}, "has a penalty already. Set that of its `build`"),
    ):
        with pytest.raises(RecipeError, match=sentence):
            made(varied(name, **changes), load_few)


# --- penalties and decay


def test_penalties_are_those_of_the_kernels_alone(load_few):
    model = made(varied("mlp_digits", l1=1e-3, l2=1e-2), load_few)
    kernels = [v.numpy() for v in model.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 3
    expected = sum(1e-3 * np.abs(k).sum() + 1e-2 * np.square(k).sum() for k in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def stepped(recipe, load_few):
    model = made(recipe, load_few)
    inputs, targets = load_few(recipe.data).train.examples(range(16))
    model.train_on_batch(inputs, targets)
    return {variable.path: variable.numpy() for variable in model.trainable_variables}


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_decay_is_a_penalty_of_half_its_size_under_sgd_and_not_under_adam(optimizer, load_few):
    common = {"optimizer": optimizer, "learning_rate": 0.1}
    penalty = stepped(replace(varied("mlp_digits", l2=0.05), **common), load_few)
    decay = stepped(replace(varied("mlp_digits", weight_decay=0.1), **common), load_few)
    largest = max(np.abs(penalty[path] - decay[path]).max() for path in penalty)
    assert largest < 1e-6 if optimizer is keras.optimizers.SGD else largest > 1e-3


def test_only_kernels_decay(load_few):
    recipe = replace(varied("mlp_digits", weight_decay=0.5), learning_rate=0.1)
    model = made(recipe, load_few)
    before = {v.path: v.numpy() for v in model.trainable_variables}
    zeros = [tf.zeros(v.shape) for v in model.trainable_variables]
    for variable in model.trainable_variables:
        if variable.name == "bias":
            variable.assign(tf.ones(variable.shape))
    model.optimizer.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    for variable in model.trainable_variables:
        kept = 1.0 if variable.name == "bias" else before[variable.path] * (1 - 0.1 * 0.5)
        np.testing.assert_allclose(variable, np.broadcast_to(kept, variable.shape), rtol=1e-6)


# --- targets


def test_mixed_examples_are_between_two():
    inputs = tf.constant(np.arange(12, dtype="float32").reshape(4, 3))
    targets = tf.constant([0, 1, 2, 3])
    function = soft_targets.mixup(0.4, num_classes=NUM_CLASSES)
    shares = []
    for number in range(400):
        mixed, soft = (part.numpy() for part in function(inputs, targets, tf.constant([7, number])))
        shares.append(soft[0, 0])
        expected = shares[-1] * inputs + (1 - shares[-1]) * np.roll(inputs, 1, axis=0)
        np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-6)
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)).
    assert np.mean(shares) == pytest.approx(0.5, abs=0.07)
    assert np.var(shares) == pytest.approx(1 / (4 * 1.8), abs=0.02)


def test_bytes_stay_bytes_and_a_seed_gives_the_same():
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1)), tf.uint8)
    function = soft_targets.mixup(1.0, num_classes=NUM_CLASSES)
    once, again = (function(images, tf.zeros(6, tf.int32), tf.constant([1, 2]))[0] for _ in "ab")
    assert once.dtype == tf.uint8
    np.testing.assert_array_equal(once, again)


def test_smoothed_targets_are_those_of_keras():
    logits = np.random.default_rng(0).normal(size=(5, NUM_CLASSES)).astype("float32")
    targets = tf.constant([0, 1, 2, 3, 1])
    function = soft_targets.smoothing(0.1, num_classes=NUM_CLASSES)
    _, soft = function(tf.zeros((5, 1)), targets, tf.constant([0, 0]))
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    expected = theirs(keras.ops.one_hot(targets, NUM_CLASSES), logits)
    np.testing.assert_allclose(ClassCrossEntropy()(soft, logits), expected, rtol=1e-6)
    mixed, twice = soft_targets.mixup(0.2, num_classes=NUM_CLASSES), tf.constant([3, 4])
    np.testing.assert_allclose(
        function(*mixed(tf.zeros((5, 1)), targets, twice), twice)[1].numpy().sum(axis=1),
        1,
        rtol=1e-6,
    )


def test_the_loss_and_the_accuracy_take_classes_as_keras_does():
    logits = np.random.default_rng(1).normal(size=(6, NUM_CLASSES)).astype("float32")
    targets = np.array([0, 1, 2, 3, 1, 1])
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(targets, logits)
    np.testing.assert_array_equal(ClassCrossEntropy()(targets, logits), theirs)
    soft = np.eye(NUM_CLASSES, dtype="float32")[targets]
    np.testing.assert_allclose(ClassCrossEntropy()(soft, logits), theirs, rtol=1e-6)
    share = np.mean(logits.argmax(axis=1) == targets)
    for given in (targets, 0.9 * soft + 0.025):
        metric = ClassAccuracy()
        metric.update_state(given, logits)
        assert float(metric.result()) == pytest.approx(share)


def test_targets_that_are_no_classes_are_told(load_few):
    for name in ("linear_diabetes", "unet_shapes"):
        recipe = varied(name, mixup=0.2)
        with pytest.raises(RecipeError, match="its targets are not one class for each example"):
            regularizing.augmentations(recipe, load_few(recipe.data))


# --- callbacks


def test_callbacks_are_those_that_the_names_stand_for():
    recipe = varied("cnn_digits", max_norm=2.0, early_stopping=7)
    bound, stop, *others = (make() for make in regularizing.callbacks(recipe))
    assert isinstance(bound, MaxNorm) and bound.max_value == 2.0
    assert isinstance(stop, EarlyStopping) and stop.patience == 7 and stop.restore_best_weights
    assert (stop.monitor, stop.mode) == ("val_accuracy", "max")
    assert len(others) == len(recipe.callbacks)


@pytest.mark.parametrize("name", ["unet_shapes", "gcn_karate_club", "vae_digits", "dqn_cartpole"])
def test_weights_of_every_kind_can_decay(name, load_few):
    model = made(varied(name, weight_decay=0.01), load_few)
    (optimizer, variables), *_ = varied(name).task.optimizers(model)
    assert optimizer.weight_decay == 0.01
    decays = {v.path for v in variables if optimizer._use_weight_decay(v)}
    assert decays == {v.path for v in variables if regularizing.is_kernel(v)} != set()
