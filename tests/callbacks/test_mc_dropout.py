import copy

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasrecipes.callbacks import MCDropout, predictive_figures
from kerasrecipes.callbacks.dropout_passes import DropoutPasses


@pytest.fixture(scope="module")
def classes():
    generator = np.random.default_rng(0)
    labels = generator.integers(3, size=90)
    x = generator.normal(size=(90, 5)) + 1.5 * np.eye(3, 5)[labels]
    return x.astype("float32"), labels.astype("int32")


def classifier(dropout=0.4, ends=()):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(16, activation="relu"),
            layers.BatchNormalization(),
            *([layers.Dropout(dropout)] if dropout is not None else []),
            layers.Dense(3),
            *ends,
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=not ends))
    return model


def fitted(callback, classes, epochs=4, **keywords):
    model = classifier(**keywords)
    history = model.fit(*classes, epochs=epochs, verbose=0, callbacks=[callback], shuffle=False)
    return model, history.history


def test_the_figures_are_those_of_the_passes(classes):
    callback = MCDropout(classes, every=2, num_passes=20, seed=7)
    model, history = fitted(callback, classes)
    np.testing.assert_array_equal(callback.epochs, [1, 3])
    passes = predictive_figures.probabilities_of(DropoutPasses(model, 20)(classes[0], 7))
    plain = predictive_figures.probabilities_of(model.predict(classes[0], verbose=0))
    mean, labels = passes.mean(axis=0), classes[1]
    expected = {
        "val_mc_accuracy": predictive_figures.accuracy(mean, labels),
        "val_mc_nll": predictive_figures.negative_log_likelihood(mean, labels),
        "val_mc_ece": predictive_figures.expected_calibration_error(mean, labels),
        "val_mc_entropy": predictive_figures.entropy(mean).mean(),
        "val_mc_mutual_information": predictive_figures.mutual_information(passes).mean(),
        "val_mc_deterministic_accuracy": predictive_figures.accuracy(plain, labels),
        "val_mc_deterministic_nll": predictive_figures.negative_log_likelihood(plain, labels),
        "val_mc_deterministic_ece": predictive_figures.expected_calibration_error(plain, labels),
        "val_mc_deterministic_entropy": predictive_figures.entropy(plain).mean(),
    }
    for name, value in expected.items():
        assert len(history[name]) == 2
        assert history[name][-1] == pytest.approx(value, rel=1e-5), name
        assert callback.history[name][-1] == history[name][-1]
    assert history["val_mc_mutual_information"][-1] > 0


def test_the_training_is_the_same_with_and_without_it(classes):
    watched, _ = fitted(MCDropout(classes, num_passes=3), classes)
    alone, _ = fitted(keras.callbacks.Callback(), classes)
    for got, expected in zip(watched.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_data_set_and_one_hot_targets_and_probabilities(classes):
    x, labels = classes
    arrays = MCDropout((x, labels), num_passes=4, batch_size=32)
    fitted(arrays, classes, epochs=1)
    batches = tf.data.Dataset.from_tensor_slices((x, np.eye(3)[labels])).batch(32)
    streamed = MCDropout(batches, num_passes=4)
    fitted(streamed, classes, epochs=1)
    np.testing.assert_allclose(streamed.measured, arrays.measured)
    ended = MCDropout((x, labels), num_passes=4, batch_size=32, from_logits=False)
    fitted(ended, classes, epochs=1, ends=[layers.Softmax()])
    np.testing.assert_allclose(ended.measured, arrays.measured, rtol=0.02)


def test_it_is_resumed_copied_and_reset(classes):
    callback = MCDropout(classes, num_passes=3)
    fitted(callback, classes, epochs=2)
    duplicate = copy.deepcopy(callback)
    assert duplicate.data is callback.data
    np.testing.assert_array_equal(duplicate.measured, callback.measured)
    state = callback.get_state()
    fitted(callback, classes, epochs=1)
    assert len(callback.epochs) == 1
    assert len(state["epochs"]) == len(duplicate.epochs) == 2

    class Restore(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            duplicate.set_state(state)

    model = classifier()
    model.fit(*classes, initial_epoch=2, epochs=3, verbose=0, callbacks=[duplicate, Restore()])
    np.testing.assert_array_equal(duplicate.epochs, [0, 1, 2])
    np.testing.assert_array_equal(duplicate.measured[:2], state["measured"])


def test_it_is_logged_for_tensorboard_and_early_stopping(classes, tmp_path):
    from kerasrecipes.callbacks import EarlyStopping

    stop = EarlyStopping(monitor="val_mc_nll", patience=0, mode="max")  # a falling loss stops it
    model = classifier()
    board = keras.callbacks.TensorBoard(tmp_path)
    history = model.fit(
        *classes,
        epochs=9,
        verbose=0,
        callbacks=[MCDropout(classes, num_passes=3), stop, board],
    )
    assert len(history.history["val_mc_nll"]) < 9
    events = b"".join(path.read_bytes() for path in tmp_path.rglob("*tfevents*"))
    assert b"mc_mutual_information" in events


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"every": 0}, "`every` of MCDropout must be a whole number of at least 1"),
        ({"num_passes": 0}, "`num_passes` of MCDropout must be a whole number of at least 1"),
        ({"batch_size": 1.5}, "`batch_size` of MCDropout"),
        ({"data": np.zeros(3)}, "`data` of MCDropout must be a pair"),
    ],
)
def test_wrong_arguments(arguments, words, classes):
    with pytest.raises(ValueError, match=words):
        MCDropout(**{"data": classes, **arguments})


def test_a_model_without_dropout_or_classes(classes):
    with pytest.raises(ValueError, match="must have a dropout layer"):
        fitted(MCDropout(classes), classes, dropout=None)
    model = keras.Sequential([keras.Input((5,)), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"must give one output of classes.*\(90, 1\)"):
        model.fit(*classes, verbose=0, callbacks=[MCDropout(classes, num_passes=2)])
