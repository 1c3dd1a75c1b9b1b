"""A small classifier that is sound, its data, and what is said of it."""

import keras
import numpy as np
import pytest

from kerasrecipes import recipes


def classes(num_examples=256, seed=0):
    """Return features `(examples, 8)` and which of three directions each lies along."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(num_examples, 8)).astype("float32")
    y = (x @ np.random.default_rng(7).normal(size=(8, 3))).argmax(axis=1)
    return x, y


def sound_model(
    *behind,
    activation=None,
    from_logits=True,
    learning_rate=0.01,
    hidden="relu",
    optimizer=keras.optimizers.Adam,
    **settings,
):
    """Return a compiled classifier; `behind` are layers after the hidden one."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((8,), name="features"),
            keras.layers.Dense(32, activation=hidden, name="hidden", **settings),
            *behind,
            keras.layers.Dense(3, activation=activation, name="answer", **settings),
        ],
        name="small",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(optimizer(learning_rate), loss, metrics=["accuracy"])
    return model


def verdicts(found):
    """Return the verdicts by check; the worst where a check says several things."""
    from kerasrecipes.recipes.checks.finding import worst

    names = {finding.check for finding in found}
    return {name: worst([f for f in found if f.check == name]) for name in names}


@pytest.fixture(scope="session")
def sound():
    """What is found about the sound classifier, with test data of its own."""
    return recipes.check(
        model=sound_model(), data=classes(), test=classes(64, seed=1), batch_size=32, epochs=10
    )
