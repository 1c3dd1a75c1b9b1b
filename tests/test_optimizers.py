import functools

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.optimizers import clipped_after_reduction, fused

OPTIMIZERS = {
    "sgd": functools.partial(keras.optimizers.SGD, 0.1),
    "momentum": functools.partial(keras.optimizers.SGD, 0.1, momentum=0.9),
    "clipped": functools.partial(keras.optimizers.SGD, 0.1, momentum=0.9, global_clipnorm=0.5),
    "nesterov": functools.partial(keras.optimizers.SGD, 0.1, momentum=0.9, nesterov=True),
    "adam": functools.partial(keras.optimizers.Adam, 0.01),
    "adam_average": functools.partial(keras.optimizers.Adam, 0.01, use_ema=True),
    "amsgrad": functools.partial(keras.optimizers.Adam, 0.01, amsgrad=True),
    "adamw": functools.partial(keras.optimizers.AdamW, 0.01, weight_decay=0.1),
    "rmsprop": functools.partial(keras.optimizers.RMSprop, 0.01),
    "rmsprop_momentum": functools.partial(keras.optimizers.RMSprop, 0.01, momentum=0.5),
    "schedule": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.5)
    ),
    "adadelta": functools.partial(keras.optimizers.Adadelta, 1.0),
}
INPUTS = np.random.default_rng(0).integers(0, 20, (16, 3))
TARGETS = np.random.default_rng(1).normal(size=(16, 2)).astype("float32")


def trained(optimizer):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int64"),
            keras.layers.Embedding(20, 4),  # its gradient is sparse
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="tanh"),
            keras.layers.Dense(2),
        ]
    )
    model.compile(optimizer, "mse", jit_compile=False)
    model.fit(INPUTS, TARGETS, batch_size=8, epochs=10, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_kernel_computes_what_keras_writes_out(name):
    ours, expected = trained(fused(OPTIMIZERS[name]())), trained(OPTIMIZERS[name]())
    for a, b in zip(ours.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    for a, b in zip(ours.optimizer.variables, expected.optimizer.variables, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop"])
def test_two_replicas_compute_what_one_does(name):
    with distribute.strategy("mirrored").scope():
        ours = trained(fused(OPTIMIZERS[name]()))
    expected = trained(OPTIMIZERS[name]())
    for a, b in zip(ours.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_it_stays_the_optimizer_it_was():
    optimizer = fused(keras.optimizers.AdamW(0.5, weight_decay=0.1))
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is keras.optimizers.AdamW
    assert again.get_config() == optimizer.get_config()


CLIPPED = {
    "sgd_global": functools.partial(keras.optimizers.SGD, 0.1, momentum=0.9, global_clipnorm=0.3),
    "adam_global": functools.partial(keras.optimizers.Adam, 0.01, global_clipnorm=0.3),
    "each": functools.partial(keras.optimizers.SGD, 0.1, clipnorm=0.2),
    "value": functools.partial(keras.optimizers.SGD, 0.1, clipvalue=0.05),
    "nesterov": functools.partial(
        keras.optimizers.SGD, 0.1, momentum=0.9, nesterov=True, global_clipnorm=0.3
    ),
}


def largest_difference(ours, expected):
    pairs = zip(ours.get_weights(), expected.get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


# Each kind of clipping by several replicas is a cell of tests/distribute; this is what it is for.
@pytest.mark.parametrize("name", ["each", "nesterov"])
def test_two_replicas_clip_the_gradients_of_the_whole_batch(name):
    expected = trained(CLIPPED[name]())
    with distribute.strategy("mirrored").scope():
        ours = trained(fused(clipped_after_reduction(CLIPPED[name]())))
        before_reduction = trained(CLIPPED[name]())
    assert largest_difference(ours, expected) < 1e-5
    # Keras clips each replica's share.
    assert largest_difference(before_reduction, expected) > 1e-3


@pytest.mark.parametrize("name", CLIPPED)
def test_one_device_clips_as_it_did(name):
    ours, expected = trained(clipped_after_reduction(CLIPPED[name]())), trained(CLIPPED[name]())
    assert largest_difference(ours, expected) == 0


def test_an_optimizer_that_clips_nothing_is_left_alone():
    optimizer = keras.optimizers.Adam()
    assert "_clip_gradients" not in vars(clipped_after_reduction(optimizer))
