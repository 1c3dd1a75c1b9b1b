"""What the default space of every recipe of the catalogue keeps to."""

import random

import keras_tuner
import pytest

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.recipe import Recipe
from kerasrecipes.tuning import spaces
from kerasrecipes.tuning.spaces.declared import declared

NUM_POINTS = 20


@pytest.fixture(params=catalog.names())
def base(request):
    return catalog.get(request.param)


def at(base, choose):
    """Return the recipe and the values where `choose` picks among each hyperparameter's own."""
    hp = spaces.hyperparameters(base)
    for each in hp.space:  # a parent stands before what depends on it
        if hp.is_active(each):
            hp.values[each.name] = choose(each)
    hp.ensure_active_values()
    return spaces.space(hp, base), spaces.values_of(hp)


def ends(each):
    """Return the lowest and the highest value of one of KerasTuner's hyperparameters."""
    if hasattr(each, "min_value"):
        return each.min_value, each.max_value
    return each.values[0], each.values[-1]


def random_points(base, count=NUM_POINTS):
    generator = random.Random(base.name)
    for _ in range(count):
        yield at(base, lambda each: each.random_sample(generator.randrange(2**31)))


def expect_valid(base, recipe, values):
    assert type(recipe) is Recipe and recipe.name == base.name
    for name, value in values.items():
        assert isinstance(value, (bool, int, float, str)), name
    # What the optimizer and the schedule are made of, as training makes them.
    rate = recipe.schedule(recipe.learning_rate, 10, recipe.epochs)
    assert recipe.optimizer(learning_rate=rate) is not None


def test_the_first_point_is_the_recipe_itself(base):
    assert spaces.space(keras_tuner.HyperParameters(), base) is base
    hp = spaces.hyperparameters(base)
    assert spaces.space(hp, base) is base
    assert {each.name for each in hp.space} >= {"learning_rate"}


def test_the_corners_are_valid(base):
    for corner in (0, 1):
        expect_valid(base, *at(base, lambda each, corner=corner: ends(each)[corner]))


def test_each_choice_is_valid(base):
    for hyperparameter in spaces.hyperparameters(base).space:
        for value in getattr(hyperparameter, "values", ()):
            hp = spaces.hyperparameters(base)
            for name, allowed in parents(hyperparameter):
                hp.values[name] = allowed
            hp.values[hyperparameter.name] = value
            hp.ensure_active_values()
            recipe, values = spaces.space(hp, base), spaces.values_of(hp)
            assert values[hyperparameter.name] == value
            expect_valid(base, recipe, values)


def parents(hyperparameter):
    return [(condition.name, condition.values[0]) for condition in hyperparameter.conditions]


def test_random_points_are_valid_and_found_again(base):
    for recipe, values in random_points(base):
        expect_valid(base, recipe, values)
        assert spaces.recipe_at(base, values).describe() == recipe.describe()


def test_one_call_declares_the_whole_space(base):
    whole = [(each.name, each.conditions) for each in spaces.hyperparameters(base).space]
    for _, values in random_points(base, 5):
        hp = keras_tuner.HyperParameters()
        hp.values = values
        spaces.space(hp, base)
        assert [(each.name, each.conditions) for each in hp.space] == whole
    # Reports and grids know a hyperparameter by its name alone.
    assert len({name for name, _ in whole}) == len(whole)


def test_the_own_value_is_among_the_choices(base):
    for each in declared(base):
        if hasattr(each.range, "values"):
            own = each.choices[each.default]
            assert type(own) is type(each.own) and str(own) == str(each.own), each.name
        else:
            assert each.range.low <= each.own <= each.range.high, each.name
