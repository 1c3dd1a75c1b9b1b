"""How far steps go, and which layers they do not move, where the answer is known by arithmetic."""

import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.recipes.layers.gradient_gate import GradientGate


def found_of(model, data, name):
    found = recipes.check(model=model, data=data, quick=True)
    return next(finding for finding in found if finding.check == name)


def line(weight, optimizer):
    """Return a model w x with one weight, and data of the line 10 x at x = -1 and 1."""
    x = np.tile([[-1.0], [1.0]], (64, 1)).astype("float32")
    kernel = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=keras.initializers.Constant(weight), name="line"
    )
    model = keras.Sequential([keras.Input((1,)), kernel], name="model")
    model.compile(optimizer, "mse")
    return model, (x, 10 * x)


def test_long_steps_that_lead_nowhere_are_too_long():
    # At a rate of 1, w becomes 20 - w: from 8 to 12 and back, with a loss of 4 for ever.
    finding = found_of(*line(8.0, keras.optimizers.SGD(1.0)), "update to weight")
    assert finding.verdict == "warn"
    assert finding.found == (
        "5.0e-01 in 'model/line'; 40 such steps take the loss of other batches from 4 to 4"
    )


def test_long_steps_of_a_weight_that_has_yet_to_grow_are_not():
    # Ten steps with momentum bring it from 0.1 to 1; the eleventh is a seventh of that.
    finding = found_of(*line(0.1, keras.optimizers.SGD(0.001, momentum=0.9)), "update to weight")
    assert finding.verdict == "pass"
    assert finding.found.startswith("1.4e-01 in 'model/line'; 40 such steps take the loss of other")
    assert "from 98 to " in finding.found


@pytest.fixture
def classes():
    x = np.random.default_rng(0).normal(size=(128, 4)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int32")


def classifier(*between, frozen=False):
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(8, "relu", name="hidden", trainable=not frozen)
    layers = [hidden, *between, keras.layers.Dense(2, name="answer")]
    model = keras.Sequential([keras.Input((4,)), *layers], name="model")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    return model


def test_what_stands_before_a_shut_gate_moves_once_it_is_open(classes):
    model = classifier(GradientGate(name="gate"))
    finding = found_of(model, classes, "every layer moves")
    assert finding.verdict == "pass"
    assert "or do once a gate is open: 'model/hidden'" in finding.found
    assert model.get_layer("gate").opening.numpy() == 0  # as it was


def test_a_gate_excuses_nothing_that_has_no_gradient_at_all(classes):
    cut = keras.layers.Lambda(lambda x: 0.0 * x)
    finding = found_of(classifier(cut, GradientGate()), classes, "every layer moves")
    assert (finding.verdict, "'model/hidden'" in finding.found) == ("warn", True)


def test_a_frozen_layer_passes_where_its_weights_are_not_new(classes):
    finding = found_of(classifier(frozen=True), classes, "every layer moves")
    assert (finding.verdict, "with weights as new: 'hidden'" in finding.found) == ("warn", True)
    trained = classifier()
    trained.fit(*classes, verbose=0)
    model = classifier(frozen=True)
    model.get_layer("hidden").set_weights(trained.get_layer("hidden").get_weights())
    finding = found_of(model, classes, "every layer moves")
    assert (finding.verdict, "trained ones: 'hidden'" in finding.found) == ("pass", True)


def test_one_input_alone_cannot_be_blanked(classes):
    x, y = (array[:1] for array in classes)
    found = recipes.check(model=classifier(), data=(np.repeat(x, 32, 0), np.repeat(y, 32, 0)))
    finding = next(f for f in found if f.check == "better than on blank input")
    assert finding.verdict == "not applicable"
