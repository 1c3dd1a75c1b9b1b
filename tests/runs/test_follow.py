"""What follows a run lends its batches, so that averaged weights get statistics of their own."""

from functools import partial

import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.callbacks import StochasticWeightAveraging
from kerasrecipes.recipes.data.pipeline import training_batches


class Break(keras.callbacks.Callback):
    """Breaks a run off behind its last epoch, as long as it is armed."""

    armed = False

    def on_train_end(self, logs=None):
        if Break.armed:
            Break.armed = False
            raise KeyboardInterrupt


def build(input_shape, num_classes):
    layers = [
        keras.layers.Flatten(),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Dense(6, name="hidden"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(num_classes),
    ]
    return keras.Sequential([keras.Input(input_shape), *layers])


@pytest.fixture
def averaged():
    return recipes.replace(
        recipes.get("mlp_digits"),
        build=build,
        normalize=None,
        epochs=2,
        callbacks=(Break, partial(StochasticWeightAveraging, 0)),
    )


@pytest.fixture
def train(data_dir):
    return partial(recipes.train, saved_models=None, data_dir=data_dir, progress=False)


def test_the_statistics_are_those_of_an_epoch_under_the_averaged_weights(averaged, train):
    result = train(averaged)
    splits, batch_size = result.splits, averaged.batch_size
    batches = training_batches(splits.train, batch_size, seed=0)
    batches = batches.take(splits.train.steps_per_epoch(batch_size))
    x = np.concatenate([x for x, _ in batches])
    kernel, bias = result.model.get_layer("hidden").get_weights()
    hidden = (x.reshape(len(x), -1) / 255) @ kernel.astype("float64") + bias
    norm = result.model.get_layer("norm")
    np.testing.assert_allclose(norm.moving_mean, hidden.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, hidden.var(0), rtol=1e-4)


def test_a_run_that_breaks_off_behind_its_last_epoch_ends_as_the_others(averaged, train, tmp_path):
    whole = train(averaged)
    Break.armed = True
    with pytest.raises(KeyboardInterrupt):
        train(averaged, runs=tmp_path / "broken")
    (folder,) = (tmp_path / "broken" / averaged.name).iterdir()
    resumed = recipes.resume(folder, recipe=averaged, progress=False)
    for got, expected in zip(resumed.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(got, expected, err_msg=got.path)
