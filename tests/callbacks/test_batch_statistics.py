import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.callbacks.batch_statistics import expect_batches, recompute_batch_statistics
from kerasrecipes.recipes.layers import BatchNormalization

X = np.random.default_rng(0).normal(2.0, 3.0, size=(50, 6, 6, 2)).astype("float32")


def make(layer=keras.layers.BatchNormalization):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layer(name="first"),
            keras.layers.Conv2D(3, 3, name="conv"),
            layer(name="second"),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


@pytest.mark.parametrize("layer", [keras.layers.BatchNormalization, BatchNormalization])
@pytest.mark.parametrize(
    "data",
    [X, [X[:7], X[7:41], X[41:]], tf.data.Dataset.from_tensor_slices((X, X[:, 0, 0])).batch(16)],
    ids=["array", "list", "dataset"],
)
def test_the_statistics_are_those_of_all_the_data_however_they_are_cut(layer, data):
    model = make(layer)
    momentum = model.get_layer("first").momentum
    assert recompute_batch_statistics(model, data) == 2
    first = model.get_layer("first")
    np.testing.assert_allclose(first.moving_mean, X.mean((0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(first.moving_variance, X.var((0, 1, 2)), rtol=1e-4)
    assert first.momentum == momentum


def test_a_deeper_layer_sees_what_training_shows_it():
    model = make()
    # The reference: one batch with a momentum of 0 leaves exactly that batch's statistics.
    reference = make()
    for layer in reference.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    reference(X, training=True)
    recompute_batch_statistics(model, [X])
    for name in ("first", "second"):
        ours, theirs = model.get_layer(name), reference.get_layer(name)
        np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)


def test_nothing_else_changes_and_frozen_layers_are_left_alone():
    model = make()
    model.get_layer("second").trainable = False
    before = {variable.path: variable.numpy() for variable in model.variables}
    assert recompute_batch_statistics(model, X) == 1
    changed = [v.path for v in model.variables if not np.array_equal(v.numpy(), before[v.path])]
    assert [path.partition("/")[2] for path in changed] == [
        "first/moving_mean",
        "first/moving_variance",
    ]


def test_a_model_without_normalisation_does_not_even_look_at_the_data():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    def never():
        raise AssertionError("passed over")
        yield

    assert recompute_batch_statistics(model, never()) == 0


@pytest.mark.parametrize(
    ("data", "received"),
    [
        (tf.data.Dataset.from_tensors(1.0).repeat(), "a data set without an end"),
        (iter([X]), "list_iterator"),
        ((X, X), "tuple"),
        (3, "int"),
    ],
)
def test_what_cannot_be_passed_over(data, received):
    with pytest.raises(ValueError, match=f"`data` of Owner must be .* Received: {received}"):
        expect_batches("Owner", data)


def test_no_batch_at_all():
    with pytest.raises(ValueError, match="must hold at least one batch"):
        recompute_batch_statistics(make(), [])
