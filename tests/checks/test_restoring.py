"""What is looked at is left as it was, to the bit."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes import recipes
from kerasrecipes.recipes.rehearsals import random_state


def data():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(96, 4)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


def made(*, fitted):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    if fitted:
        model.fit(*data(), epochs=1, verbose=0)
    return model


def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [np.array(variable) for variable in variables]


def drawn():
    numbers = keras.random.normal((2,)), tf.random.normal((2,))
    return [random.random(), np.random.rand(), *(float(n[0]) for n in numbers)]


LOOKS = {
    "check": lambda model: recipes.check(model=model, data=data(), test=data()),
    "find": lambda model: recipes.find_learning_rate(model=model, data=data(), num_steps=30),
}


@pytest.mark.parametrize("look", LOOKS)
def test_weights_optimizer_metrics_and_random_states(look):
    model = made(fitted=True)
    optimizer, before = model.optimizer, state(model)
    random.seed(1), np.random.seed(1), keras.utils.set_random_seed(11)
    keras.random.normal((1,))
    expected_model = made(fitted=True)
    keras.utils.set_random_seed(11)
    keras.random.normal((1,))
    expected = drawn()
    keras.utils.set_random_seed(11)
    keras.random.normal((1,))
    LOOKS[look](model)
    assert drawn() == expected
    assert model.optimizer is optimizer
    after = state(model)
    assert len(after) == len(before)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)
    # And so it goes on as one that nobody has looked at.
    for each in (model, expected_model):
        keras.utils.set_random_seed(5)
        each.fit(*data(), epochs=2, verbose=0)
    for one, two in zip(state(model), state(expected_model), strict=True):
        np.testing.assert_array_equal(one, two)


def test_an_optimizer_that_was_not_built_stays_so():
    model = made(fitted=False)
    recipes.check(model=model, data=data(), quick=True)
    assert not model.optimizer.built
    assert model.steps_per_execution == 1


def test_it_is_given_back_after_an_error():
    model = made(fitted=True)
    before = state(model)
    with pytest.raises(recipes.RecipeError, match="cannot take a training step on these data"):
        recipes.check(model=model, data=(data()[0], np.full((96, 3, 2), "a")))
    for one, two in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(one, two)


def test_random_states_are_kept_where_nobody_has_drawn():
    keras.utils.set_random_seed(4)
    expected = drawn()
    keras.utils.set_random_seed(4)
    with random_state.kept():
        keras.utils.set_random_seed(9)
        drawn()
    assert drawn() == expected
