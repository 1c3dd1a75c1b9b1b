import keras
import pytest

from kerasrecipes.callbacks import ReduceLearningRateOnPlateau

WATCHED = [5.0, 4.0, 4.5, 4.4, 4.3, 4.2, 4.1, 4.0, 4.0]


def make():
    return ReduceLearningRateOnPlateau(
        "watched", mode="min", factor=0.5, patience=2, cooldown=1, min_delta=0
    )


def test_a_resumed_fit_reduces_where_an_uninterrupted_one_does(make_model, data, scripted):
    model = make_model(learning_rate=1e-3)
    whole = model.fit(*data, epochs=9, callbacks=[scripted(watched=WATCHED), make()], verbose=0)
    rates = whole.history["learning_rate"]
    assert len(set(rates)) == 4

    for interrupted in (1, 3, 4, 6):
        model, first, second = make_model(learning_rate=1e-3), make(), make()
        fit = model.fit(
            *data, epochs=interrupted, callbacks=[scripted(watched=WATCHED), first], verbose=0
        )
        take_up = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs, first=first, second=second: second.set_state(
                first.get_state()
            )
        )
        rest = model.fit(
            *data,
            initial_epoch=interrupted,
            epochs=9,
            callbacks=[scripted(watched=WATCHED), second, take_up],
            verbose=0,
        )
        assert fit.history["learning_rate"] + rest.history["learning_rate"] == rates


def test_two_fits_do_not_know_of_each_other(make_model, data, scripted):
    callback = make()
    rates = [
        make_model()
        .fit(*data, epochs=5, callbacks=[scripted(watched=WATCHED), callback], verbose=0)
        .history["learning_rate"]
        for _ in range(2)
    ]
    assert rates[0] == rates[1]


def test_an_unknown_monitor_names_those_that_exist(make_model, data):
    with pytest.raises(ValueError, match="ReduceLearningRateOnPlateau must be one of 'loss'"):
        make_model().fit(*data, callbacks=[ReduceLearningRateOnPlateau("val_loss")], verbose=0)


def test_a_schedule_is_refused_at_the_start(make_model, data):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    with pytest.raises(ValueError, match="Received: a CosineDecay"):
        make_model(schedule).fit(*data, callbacks=[make()], verbose=0)
