import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import StochasticWeightAveraging


@pytest.mark.parametrize(
    ("start_epoch", "every", "counted"), [(2, 1, [2, 3, 4, 5, 6]), (1, 3, [1, 4]), (6, 2, [6])]
)
def test_the_weights_are_the_mean_of_the_epochs_that_count(
    start_epoch, every, counted, make_model, data, kept
):
    model = make_model()
    average = StochasticWeightAveraging(start_epoch, every)
    model.fit(*data, epochs=7, callbacks=[kept, average], verbose=0)
    for weight, *after in zip(model.get_weights(), *kept.epochs, strict=True):
        np.testing.assert_allclose(weight, np.mean([after[e] for e in counted], 0), rtol=1e-6)


def test_a_run_that_stops_before_the_start_keeps_its_weights(make_model, data, kept):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    model = make_model()
    model.fit(*data, epochs=3, callbacks=[kept, StochasticWeightAveraging(2), Stop()], verbose=0)
    for got, expected in zip(model.get_weights(), kept.epochs[-1], strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_statistics_are_those_of_the_averaged_weights(data):
    x, y = data
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, name="dense"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    average = StochasticWeightAveraging(1, data=[(x[:30], y[:30]), (x[30:], y[30:])])
    model.fit(x, y, epochs=3, callbacks=[average], verbose=0)
    kernel, bias = model.get_layer("dense").get_weights()
    norm = model.get_layer("norm")
    hidden = (x @ kernel + bias).astype("float64")
    np.testing.assert_allclose(norm.moving_mean, hidden.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, hidden.var(0), rtol=1e-4)


def test_a_model_without_normalisation_needs_no_pass(make_model, data):
    model = make_model()
    model.fit(*data, epochs=2, callbacks=[StochasticWeightAveraging(1, data=data[0])], verbose=0)


@pytest.mark.parametrize("arguments", [{"start_epoch": -1}, {"start_epoch": 1, "every": 0}])
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match="of StochasticWeightAveraging must be a whole number of"):
        StochasticWeightAveraging(**arguments)


def test_a_start_behind_the_end_is_refused_before_the_first_step(make_model, data):
    with pytest.raises(ValueError, match=r"must be below the 3 epochs .* Received: start_epoch=3"):
        make_model().fit(*data, epochs=3, callbacks=[StochasticWeightAveraging(3)], verbose=0)
