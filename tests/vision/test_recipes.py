"""One contract over the classical architectures and their recipes."""

import doctest
import inspect

import keras
import numpy as np
import pytest

from kerasrecipes.recipes.foundations import linear, logistic, mlp
from kerasrecipes.recipes.schedules import piecewise
from kerasrecipes.recipes.vision import cnn, lenet, resnet_cifar

MODULES = (linear, logistic, mlp, lenet, cnn, resnet_cifar)
RECIPES = {recipe.name: recipe for module in MODULES for recipe in module.RECIPES}

# The shape of one input and the number of outputs that each data set asks for.
DATA = {
    "line": ((1,), 1),
    "diabetes": ((10,), 1),
    "breast_cancer": ((30,), 2),
    "wine": ((13,), 3),
    "digits": ((8, 8, 1), 10),
    "glyphs": ((28, 28, 1), 10),
    "mnist": ((28, 28, 1), 10),
    "fashion_mnist": ((28, 28, 1), 10),
    "cifar10": ((32, 32, 3), 10),
    "cifar100": ((32, 32, 3), 100),
}
# Of two that differ in their training rule alone, one is built.
DISTINCT = [name for name in RECIPES if name != "resnet110_cifar10"]


def num_trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize("name", RECIPES)
def test_the_declared_parameters_are_those_of_the_model(name):
    recipe = RECIPES[name]
    shape, num_outputs = DATA[recipe.data]
    model = recipe.build(shape, num_outputs)
    assert num_trainable(model) == recipe.num_parameters
    assert model.output_shape == (None, num_outputs)
    assert model.inputs[0].name == ("image" if len(shape) == 3 else "features")
    assert not model.compiled


@pytest.mark.parametrize("name", DISTINCT)
def test_the_untrained_model_gives_logits_and_its_parts_can_be_made(name):
    recipe = RECIPES[name]
    shape, num_outputs = DATA[recipe.data]
    model = recipe.build(shape, num_outputs)
    inputs = np.random.default_rng(0).uniform(0, 1, (3, *shape)).astype("float32")
    logits = np.array(model(inputs, training=False))
    assert logits.shape == (3, num_outputs) and np.isfinite(logits).all()
    # Logits, not probabilities.
    assert num_outputs == 1 or not np.allclose(logits.sum(axis=1), 1)
    rate = recipe.schedule(recipe.learning_rate, 352, recipe.epochs)
    optimizer = recipe.optimizer(learning_rate=rate)
    assert isinstance(optimizer, keras.optimizers.Optimizer)
    assert isinstance(recipe.normalize() if recipe.normalize else None, keras.layers.Layer) or (
        recipe.normalize is None
    )
    for make in recipe.callbacks:
        assert isinstance(make(), keras.callbacks.Callback)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_an_architecture_has_the_form_of_the_house(module):
    parameters = inspect.signature(module.build).parameters
    assert len(parameters) <= 7 and next(iter(parameters)) == "input_shape"
    kinds = {parameter.kind for parameter in list(parameters.values())[2:]}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}
    assert "http" in module.__doc__ and "Departures" in module.__doc__
    assert doctest.testmod(module).failed == 0


def test_the_schedule_of_cifar_is_that_of_the_paper():
    recipe = RECIPES["resnet20_cifar10"]
    steps_per_epoch = 45_000 // recipe.batch_size + 1
    rate = recipe.schedule(recipe.learning_rate, steps_per_epoch, recipe.epochs)
    expected = {0: 0.1, 31_900: 0.1, 32_100: 0.01, 47_900: 0.01, 48_100: 0.001, 63_999: 0.001}
    assert {step: round(float(rate(step)), 6) for step in expected} == expected
    assert abs(recipe.epochs * steps_per_epoch - 64_000) < steps_per_epoch
    assert recipe.schedule.func is piecewise


def test_digits_are_not_mirrored():
    for recipe in RECIPES.values():
        mirrors = any("Flip" in repr(function) for function in recipe.augment)
        assert not mirrors or recipe.data.startswith("cifar")
