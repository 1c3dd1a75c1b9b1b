"""Which models run a graph, whatever their class is called."""

import keras
import pytest

from kerasrecipes.callbacks.operation_graph import functional_of


class Renamed(keras.Model):
    """A graph under another name, with a training step of its own."""

    def train_step(self, data):
        return super().train_step(data)


class Functional(keras.Model):
    """No graph, for all its name."""

    def call(self, inputs):
        return 2 * inputs


class Changed(keras.Model):
    """A graph that is not all that it does."""

    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


def ends():
    tensor = keras.Input((3,))
    return tensor, keras.layers.Dense(2)(tensor)


@pytest.mark.parametrize("kind", [keras.Model, Renamed])
def test_a_model_of_inputs_and_outputs_is_a_graph(kind):
    model = kind(*ends())
    assert functional_of(model) is model


def test_a_sequential_model_has_one():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert functional_of(model).inputs == model.inputs


@pytest.mark.parametrize("make", [Functional, lambda: Changed(*ends()), keras.layers.ReLU])
def test_what_does_more_or_something_else_is_none(make):
    assert functional_of(make()) is None


def test_asking_changes_no_names_of_layers():
    keras.backend.clear_session()
    functional_of(keras.layers.ReLU())
    assert keras.layers.Dense(2).name == "dense"
    assert keras.Model(*ends()).name == "functional"
