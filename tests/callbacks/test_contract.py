"""What every callback of the package keeps to, in a plain `model.fit` with no recipe in sight."""

import copy
import functools
import io
import pathlib
import shutil

import keras
import numpy as np
import pytest

from kerasrecipes import callbacks

GENERATOR = np.random.default_rng(1)
X = GENERATOR.normal(size=(48, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int32")
SAMPLE = (X[:16], Y[:16])

# Every class with what a state or a picture could make it forget.
EVERY = {
    "ActivationStatistics": lambda: callbacks.ActivationStatistics(X[:16], 2, "board"),
    "AdversarialBalance": lambda: callbacks.AdversarialBalance("accuracy", "loss", low=-1),
    "AverageLastEpochs": lambda: callbacks.AverageLastEpochs(4, X),
    "ConfusionMatrix": lambda: callbacks.ConfusionMatrix(SAMPLE, "abc", 4, "board"),
    "Diagnosis": lambda: callbacks.Diagnosis(
        SAMPLE, 2, thresholds=callbacks.Thresholds(patience=1, flat=5.0), stream=io.StringIO()
    ),
    "EarlyStopping": lambda: callbacks.EarlyStopping("loss", restore_best_weights=True),
    "ExponentialMovingAverage": lambda: callbacks.ExponentialMovingAverage(X),
    "GradientStatistics": lambda: callbacks.GradientStatistics(SAMPLE, 2, "board"),
    "MCDropout": lambda: callbacks.MCDropout(SAMPLE, 2, 3),
    "MaxNorm": lambda: callbacks.MaxNorm(0.7),
    "Progress": lambda: callbacks.Progress(io.StringIO()),
    "ReduceLearningRateOnPlateau": lambda: callbacks.ReduceLearningRateOnPlateau("loss"),
    "Samples": lambda: callbacks.Samples(lambda model: np.zeros((2, 4, 4, 1)), "board", every=2),
    "SnapshotEnsemble": lambda: callbacks.SnapshotEnsemble(2),
    "StochasticWeightAveraging": lambda: callbacks.StochasticWeightAveraging(1, 2, [(X, Y)]),
    "TensorBoard": lambda: callbacks.TensorBoard("board", sample=SAMPLE),
    "Timing": callbacks.Timing,
    "Unfreeze": lambda: callbacks.Unfreeze(1),
}
NO_CALLBACK = ("Resumable", "Thresholds", "WeightAveraging")
# What `Timing` keeps is the clock's, and differs from fit to fit.
OF_NO_CLOCK = [name for name in EVERY if name != "Timing"]
LOOKING = (
    "ActivationStatistics",
    "ConfusionMatrix",
    "Diagnosis",
    "GradientStatistics",
    "Samples",
    "SnapshotEnsemble",
    "TensorBoard",
)


class Gate(keras.layers.Layer):
    """Something for `Unfreeze` to open."""

    def build(self, shape):
        self.opening = self.add_weight(shape=(), initializer="ones", trainable=False)

    def call(self, x):
        return x * self.opening


def make_classifier():
    """Return one of equal models with all that has state, whose optimizer keeps an average."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.BatchNormalization(name="norm"),
            Gate(name="gate"),
            keras.layers.Dropout(0.2, name="dropout"),
            keras.layers.Dense(3, name="logits"),
        ],
        name="net",
    )
    model.compile(
        keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.7),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # Tracing would take most of the time; the callbacks' own tests run traced steps.
        run_eagerly=True,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def fit(model, *given, epochs=6, initial_epoch=0):
    return model.fit(
        *(X, Y),
        batch_size=16,
        shuffle=False,
        validation_data=SAMPLE,
        epochs=epochs,
        initial_epoch=initial_epoch,
        callbacks=list(given),
        verbose=0,
    )


def variables(model):
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


def snapshots():
    """Return the files in the folder of `SnapshotEnsemble`, as bytes by name."""
    return {path.name: path.read_bytes() for path in sorted(pathlib.Path("snapshots").glob("*"))}


class Save(keras.callbacks.Callback):
    """Stands last, as whoever saves a run does, and keeps what a killed fit leaves: 3 epochs."""

    def __init__(self, callback):
        super().__init__()
        self.callback = callback

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            self.variables = variables(self.model)
            self.state = self.callback.get_state()
            self.copy = copy.deepcopy(self.callback)
            self.snapshots = snapshots()


class TakeUp(keras.callbacks.Callback):
    """Puts everything back as whoever resumes a fit does: after everybody's `on_train_begin`."""

    def __init__(self, callback, save):
        super().__init__()
        self.callback, self.save = callback, save

    def on_train_begin(self, logs=None):
        own = (*self.model.variables, *self.model.optimizer.variables)
        for variable, value in zip(own, self.save.variables, strict=True):
            variable.assign(value)
        self.callback.set_state(self.save.state)


def end(callback, *others, **arguments):
    """Fit a fresh model, and return all that is left: state, variables, snapshots, history."""
    model = make_classifier()
    history = fit(model, callback, *others, **arguments)
    return callback.get_state(), variables(model), snapshots(), history


@functools.cache
def whole(name):
    """Return a callback after an uninterrupted fit, its `Save`, and what `end` returns."""
    callback = EVERY[name]()
    save = Save(callback)
    return callback, save, end(callback, save)


def assert_same(found, expected):
    np.testing.assert_equal(found[:2], expected[:2])
    assert found[2] == expected[2]


def test_every_callback_is_here():
    assert sorted([*EVERY, *NO_CALLBACK]) == sorted(callbacks.__all__)


@pytest.mark.parametrize("name", OF_NO_CLOCK)
def test_a_resumed_fit_ends_as_an_uninterrupted_one(name):
    _, save, expected = whole(name)
    assert len(expected[3].epoch) > 3, "It must go on for longer than it is interrupted."
    # What a killed fit has left in its folder, and nothing later.
    shutil.rmtree("snapshots", ignore_errors=True)
    for file, content in save.snapshots.items():
        pathlib.Path("snapshots").mkdir(exist_ok=True)
        pathlib.Path("snapshots", file).write_bytes(content)
    callback = EVERY[name]()
    assert_same(end(callback, TakeUp(callback, save), initial_epoch=3), expected)


@pytest.mark.parametrize("name", OF_NO_CLOCK)
def test_a_second_fit_knows_nothing_of_the_first(name):
    callback, _, expected = whole(name)
    assert_same(end(callback), expected)


@pytest.mark.parametrize("name", EVERY)
def test_a_copy_made_during_a_fit_fits_as_the_original(name):
    callback, save, expected = whole(name)
    assert save.copy.model is None
    assert copy.deepcopy(callback).model is None
    found = end(save.copy)
    if name in OF_NO_CLOCK:
        assert_same(found, expected)


@pytest.mark.parametrize("name", EVERY)
def test_the_state_is_plain_and_goes_into_a_fresh_callback(name):
    state = whole(name)[0].get_state()
    for value in state.values():
        assert value is None or isinstance(value, (bool, int, float, str, np.ndarray, list))
        if isinstance(value, list):
            assert all(isinstance(each, np.ndarray) for each in value)
    # Through a file without pickles, as checkpoints are.
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    np.savez("state.npz", **arrays)
    fresh = EVERY[name]()
    with np.load("state.npz", allow_pickle=False) as read:
        fresh.set_state({**state, **{key: read[key] for key in arrays}})
    np.testing.assert_equal(fresh.get_state(), state)


@pytest.mark.parametrize("name", EVERY)
def test_a_state_of_another_class_is_refused(name):
    with pytest.raises(ValueError, match=f"`state` of {name} must hold .*Received: .'another'"):
        EVERY[name]().set_state({"another": 1})


@pytest.mark.parametrize("name", LOOKING)
def test_looking_changes_nothing_to_the_bit(name):
    _, watched, _, history = whole(name)[2]
    _, plain, _, expected = whole("Progress")[2]
    assert history.history == expected.history
    for got, wanted in zip(watched, plain, strict=True):
        np.testing.assert_array_equal(got, wanted)
