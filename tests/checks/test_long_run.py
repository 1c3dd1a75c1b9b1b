"""The short form runs by itself before a long run, and leaves a short one alone."""

import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.recipes.checks import long_run
from kerasrecipes.recipes.rehearsals.rehearsal import Rehearsal
from kerasrecipes.recipes.rehearsals.subject import of_model


def subject(*, activation=None, epochs=1):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation=activation)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return of_model(model, (x, (x[:, 0] > 0).astype("int64")), epochs=epochs)


def test_a_short_run_compiles_nothing(monkeypatch):
    def compiled(self):
        raise AssertionError("a training step was compiled")

    monkeypatch.setattr(Rehearsal, "steps", property(compiled))
    long_run.look_before_a_long_run(subject(activation="softmax"))
    with pytest.warns(UserWarning, match="broke off: AssertionError"):
        long_run.look_before_a_long_run(subject(activation="softmax", epochs=10_000_000))


def test_a_long_run_is_told_what_is_wrong_and_nothing_else():
    with pytest.warns(UserWarning) as caught:
        long_run.look_before_a_long_run(subject(activation="softmax", epochs=50_000_000))
    # Keras warns of it too, where it can see it.
    said = [str(one.message) for one in caught if str(one.message).startswith("Before a run of ")]
    assert any("logits or probabilities, fail: the loss takes logits" in one for one in said)
    assert all(", fail: " in one or ", warn: " in one for one in said)
    assert not any("first loss" in one for one in said)


def test_a_sound_run_is_not_changed_by_being_looked_at(monkeypatch, data_dir):
    def trained():
        settings = {"epochs": 2, "saved_models": None, "progress": False, "data_dir": data_dir}
        result = recipes.train("mlp_digits", **settings)
        return np.concatenate([weight.ravel() for weight in result.model.get_weights()])

    expected = trained()
    looked = []
    whole = long_run.findings
    monkeypatch.setattr(long_run, "LONG", 0.0)
    monkeypatch.setattr(long_run, "findings", lambda *a, **k: looked.append(True) or whole(*a, **k))
    np.testing.assert_array_equal(trained(), expected)
    assert looked == [True]
