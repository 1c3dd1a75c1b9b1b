"""A tiny model and its data, with no recipe in sight."""

import keras
import numpy as np
import pytest


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(48, 4)).astype("float32")
    y = (x @ generator.normal(size=(4, 1)) + 1).astype("float32")
    return x, y


@pytest.fixture
def make_model():
    """Return a factory of equal models: the same weights every time."""

    def make(learning_rate=0.05, **settings):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="output")])
        model.compile(keras.optimizers.SGD(learning_rate), loss="mse", metrics=["mae"], **settings)
        return model

    return make


class Scripted(keras.callbacks.Callback):
    """Puts values of our choosing into the logs, so that what follows is decided by them."""

    def __init__(self, **values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        for name, values in self.values.items():
            logs[name] = values[epoch]


@pytest.fixture
def scripted():
    return Scripted


class KeptWeights(keras.callbacks.Callback):
    """Keeps the weights after each epoch."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append([weight.numpy() for weight in self.model.weights])


@pytest.fixture
def kept():
    return KeptWeights()
