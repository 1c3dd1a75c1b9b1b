import pathlib

import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import SnapshotEnsemble


class Predictions(keras.callbacks.Callback):
    """Keeps what the model predicts after each epoch."""

    def __init__(self, x):
        super().__init__()
        self.x, self.after = x, []

    def on_epoch_end(self, epoch, logs=None):
        self.after.append(self.model.predict(self.x, verbose=0))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def test_the_prediction_is_the_mean_of_those_at_the_ends_of_the_cycles(make_model, data):
    x, _ = data
    model, ensemble, kept = make_model(), SnapshotEnsemble(2), Predictions(x)
    model.fit(*data, epochs=7, callbacks=[kept, ensemble], verbose=0)
    names = ["snapshot-0001.npz", "snapshot-0002.npz", "snapshot-0003.npz"]
    assert sorted(path.name for path in pathlib.Path("snapshots").iterdir()) == names
    before = model.get_weights()
    for last, epochs in ((None, [1, 3, 5]), (2, [3, 5]), (1, [5])):
        expected = np.mean([kept.after[epoch] for epoch in epochs], axis=0)
        np.testing.assert_allclose(ensemble.predict(x, last=last), expected, rtol=1e-5)
    for got, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_probabilities_are_averaged_and_not_logits(data):
    x, _ = data
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ensemble, kept = SnapshotEnsemble(1, "kept"), Predictions(x)
    model.fit(x, np.arange(48) % 3, epochs=2, callbacks=[kept, ensemble], verbose=0)
    got = ensemble.predict(x, activation=keras.ops.softmax)
    np.testing.assert_allclose(got, np.mean([softmax(e) for e in kept.after], 0), rtol=1e-5)
    np.testing.assert_allclose(got.sum(-1), 1, rtol=1e-6)


def test_another_process_predicts_with_the_folder_alone(make_model, data):
    trained, first = make_model(), SnapshotEnsemble(1)
    trained.fit(*data, epochs=2, callbacks=[first], verbose=0)
    fresh = SnapshotEnsemble(1)
    expected = first.predict(data[0])
    np.testing.assert_array_equal(fresh.predict(data[0], model=make_model()), expected)
    with pytest.raises(ValueError, match=r"`model` of SnapshotEnsemble.predict must be given"):
        fresh.predict(data[0])


def test_a_shorter_fit_leaves_no_snapshot_of_the_longer_one_before(make_model, data):
    ensemble = SnapshotEnsemble(1)
    for epochs in (3, 2):
        make_model().fit(*data, epochs=epochs, callbacks=[ensemble], verbose=0)
        assert len(ensemble.paths) == epochs


def test_several_outputs_are_averaged_each(data):
    x, y = data
    inputs = keras.Input((4,))
    outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in ("a", "b")}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"a": "mse", "b": "mse"})
    ensemble = SnapshotEnsemble(1)
    model.fit(x, {"a": y, "b": -y}, epochs=2, callbacks=[ensemble], verbose=0)
    got = ensemble.predict(x)
    assert {name: value.shape for name, value in got.items()} == {"a": (48, 1), "b": (48, 1)}


def test_a_write_that_fails_leaves_what_was_there(make_model, data, monkeypatch):
    ensemble = SnapshotEnsemble(1)
    make_model().fit(*data, callbacks=[ensemble], verbose=0)
    before = ensemble.paths[0].read_bytes()

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        make_model().fit(*data, callbacks=[ensemble], verbose=0)
    assert [path.name for path in pathlib.Path("snapshots").iterdir()] == ["snapshot-0001.npz"]
    assert ensemble.paths[0].read_bytes() == before


def test_weights_of_another_architecture_are_refused_and_none_is_set(make_model, data):
    ensemble = SnapshotEnsemble(1)
    make_model().fit(*data, callbacks=[ensemble], verbose=0)
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"must be of the architecture of its snapshots. Rec.* 4 "):
        ensemble.predict(data[0], model=other)
    for got, expected in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_mistakes_are_said_in_a_sentence(make_model, data):
    with pytest.raises(ValueError, match=r"`epochs_per_cycle` of SnapshotEnsemble must be a whole"):
        SnapshotEnsemble(0)
    with pytest.raises(
        ValueError, match=r"at most the 2 epochs of the fit. Received: epochs_per_c"
    ):
        make_model().fit(*data, epochs=2, callbacks=[SnapshotEnsemble(3)], verbose=0)
    ensemble = SnapshotEnsemble(1)
    with pytest.raises(ValueError, match="`folder` of SnapshotEnsemble must hold snapshots"):
        ensemble.predict(data[0], model=make_model())
    make_model().fit(*data, callbacks=[ensemble], verbose=0)
    with pytest.raises(ValueError, match=r"number of snapshots, 1. Received: last=2"):
        ensemble.predict(data[0], last=2)
