import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import AverageLastEpochs


@pytest.mark.parametrize(
    ("num_epochs", "epochs", "num_averaged"),
    [(1, 5, 1), (3, 6, 3), (9, 5, 2), (3, 2, 1), (2, 1, 1)],
)
def test_the_weights_are_the_mean_of_the_last_epochs(
    num_epochs, epochs, num_averaged, make_model, data, kept
):
    model = make_model()
    model.fit(*data, epochs=epochs, callbacks=[kept, AverageLastEpochs(num_epochs)], verbose=0)
    for weight, *after in zip(model.get_weights(), *kept.epochs, strict=True):
        np.testing.assert_allclose(weight, np.mean(after[-num_averaged:], axis=0), rtol=1e-6)


def test_resumed_within_the_last_epochs_it_ends_with_the_same_weights(make_model, data):
    whole = make_model()
    whole.fit(*data, epochs=8, callbacks=[AverageLastEpochs(4)], verbose=0, shuffle=False)

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 5:  # two of the four are summed
                self.saved = [weight.numpy() for weight in self.model.weights]
                self.state = callback.get_state()
                self.model.stop_training = True

    callback, stop = AverageLastEpochs(4), Stop()
    first = make_model()
    first.fit(*data, epochs=8, callbacks=[callback, stop], verbose=0, shuffle=False)
    assert stop.state["num_averaged"] == 2

    class Restore(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.set_weights(stop.saved)
            callback.set_state(stop.state)

    second, callback = make_model(), AverageLastEpochs(4)
    second.fit(
        *data,
        initial_epoch=6,
        epochs=8,
        callbacks=[callback, Restore()],
        verbose=0,
        shuffle=False,
    )
    for got, expected in zip(second.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_run_that_stops_early_keeps_its_weights(make_model, data, kept):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    model = make_model()
    model.fit(*data, epochs=9, callbacks=[kept, AverageLastEpochs(2), Stop()], verbose=0)
    for got, expected in zip(model.get_weights(), kept.epochs[-1], strict=True):
        np.testing.assert_array_equal(got, expected)


def test_whole_numbers_are_left_alone(data):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    seed = [v for v in model.variables if "seed" in v.path]
    assert seed
    model.fit(*data, epochs=2, callbacks=[AverageLastEpochs()], verbose=0)
    # What they counted is there still: two steps of 32 in each of the two epochs.
    assert int(seed[0].numpy()[1]) == 4


@pytest.mark.parametrize("num_epochs", [0, 2.5, True])
def test_a_wrong_number_of_epochs(num_epochs):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        AverageLastEpochs(num_epochs)
