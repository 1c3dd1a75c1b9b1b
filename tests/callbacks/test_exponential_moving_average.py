import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import ExponentialMovingAverage
from kerasrecipes.recipes import distribute


def make(make_model, momentum=0.8, **settings):
    model = make_model(**settings)
    model.compile(
        keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=momentum), "mse", **settings
    )
    return model


class Steps(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.after = []

    def on_train_batch_end(self, batch, logs=None):
        self.after.append(self.model.get_weights())


def test_it_ends_with_the_average_by_step_and_validates_with_it(make_model, data):
    model, steps = make(make_model), Steps()
    history = model.fit(
        *data,
        batch_size=12,
        epochs=2,
        validation_data=data,
        callbacks=[ExponentialMovingAverage(), steps],
        verbose=0,
    ).history
    assert len(steps.after) == 8
    average = [np.float64(weight) for weight in steps.after[0]]
    for weights in steps.after[1:]:
        average = [0.8 * a + 0.2 * w for a, w in zip(average, weights, strict=True)]
    for got, expected in zip(model.get_weights(), average, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    x, y = data
    kernel, bias = average
    assert history["val_loss"][-1] == pytest.approx(np.mean((x @ kernel + bias - y) ** 2), rel=1e-4)


def test_weights_come_back_from_validation_and_prediction_to_the_bit(make_model, data):
    callback, model = ExponentialMovingAverage(), make(make_model)
    model.fit(*data, callbacks=[callback], verbose=0)
    # 1 and 1e-9 cannot be swapped by way of their sum.
    values = [np.full(w.shape, 1e-9, "float32") for w in model.get_weights()]
    for look in (model.evaluate, lambda x, y, **given: model.predict(x, **given)):
        model.set_weights(values)
        look(*data, callbacks=[callback], verbose=0)
        for got, expected in zip(model.get_weights(), values, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_it_counts_every_step_however_many_one_call_takes(make_model, data):
    def end(**settings):
        model = make(make_model, **settings)
        model.fit(
            *data,
            batch_size=12,
            epochs=2,
            shuffle=False,
            callbacks=[ExponentialMovingAverage()],
            verbose=0,
        )
        return model.get_weights()

    for one, four in zip(end(), end(steps_per_execution=4), strict=True):
        np.testing.assert_allclose(one, four, rtol=1e-6)


def test_two_replicas_average_what_one_does(make_model, data):
    def end(place):
        with distribute.strategy(place).scope():
            model = make(make_model)
        model.fit(
            *data,
            batch_size=12,
            epochs=2,
            shuffle=False,
            validation_data=data,
            callbacks=[ExponentialMovingAverage()],
            verbose=0,
        )
        return model.get_weights()

    for one, two in zip(end("none"), end("mirrored"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_an_optimizer_without_an_average_is_refused_before_the_first_step(make_model, data):
    with pytest.raises(ValueError, match=r"must keep one. Received: SGD with use_ema=False"):
        make_model().fit(*data, callbacks=[ExponentialMovingAverage()], verbose=0)
