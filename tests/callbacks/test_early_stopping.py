import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import EarlyStopping

WATCHED = [5.0, 4.0, 4.5, 4.4, 4.3, 4.2, 1.0, 1.0]


class TakeUp(keras.callbacks.Callback):
    """Puts the state back as whoever resumes a fit does: after everybody's `on_train_begin`."""

    def __init__(self, callback, state):
        super().__init__()
        self.callback, self.state = callback, state

    def on_train_begin(self, logs=None):
        self.callback.set_state(self.state)


def test_a_resumed_fit_stops_where_an_uninterrupted_one_does(make_model, data, scripted):
    def make():
        return EarlyStopping("watched", mode="min", patience=3, restore_best_weights=True)

    def fit(model, callback, *others, **arguments):
        callbacks = [scripted(watched=WATCHED), callback, *others]
        return model.fit(*data, shuffle=False, callbacks=callbacks, verbose=0, **arguments)

    whole, whole_callback = make_model(), make()
    fit(whole, whole_callback, epochs=8)
    assert whole_callback.stopped_epoch == 4

    first_callback, second_callback = make(), make()
    model = make_model()
    last = {}

    class Save(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            last.update(state=first_callback.get_state(), weights=model.get_weights())

    fit(model, first_callback, Save(), epochs=3)
    # The first fit ends by itself and restores; a killed one leaves what was saved.
    model.set_weights(last["weights"])
    history = fit(
        model, second_callback, TakeUp(second_callback, last["state"]), initial_epoch=3, epochs=8
    )
    assert history.epoch == [3, 4]
    assert second_callback.get_state()["best_epoch"] == 1
    assert second_callback.get_state()["best"] == 4.0
    for resumed, expected in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(resumed, expected)


def test_two_fits_do_not_know_of_each_other(make_model, data, scripted):
    callback = EarlyStopping("watched", mode="min", patience=2)
    for _ in range(2):
        model = make_model()
        history = model.fit(
            *data, epochs=8, callbacks=[scripted(watched=WATCHED), callback], verbose=0
        )
        assert len(history.epoch) == 4


def test_an_unknown_monitor_names_those_that_exist(make_model, data):
    with pytest.raises(ValueError, match=r"must be one of 'loss', 'mae'.*monitor='val_los'.*valid"):
        make_model().fit(*data, callbacks=[EarlyStopping("val_los")], verbose=0)


def test_epochs_without_validation_are_passed_over(make_model, data):
    callback = EarlyStopping("val_loss", patience=5, start_from_epoch=1)
    make_model().fit(
        *data, epochs=4, validation_split=0.25, validation_freq=2, callbacks=[callback], verbose=0
    )
    assert callback.best is not None
