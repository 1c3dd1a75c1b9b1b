"""What the default space of every recipe of the catalogue keeps to."""

import dataclasses
import random

import keras
import keras_tuner
import numpy as np
import pytest

from kerasrecipes.recipes import catalog, distribute
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import Recipe, replace
from kerasrecipes.recipes.recipe_data import batches_of
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.tuning import spaces
from kerasrecipes.tuning.recipe_code import recipe_code
from kerasrecipes.tuning.spaces.arguments import same
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


def test_a_random_point_is_written_as_code_and_read_again(base, tmp_path):
    for number, (recipe, _) in enumerate(random_points(base, 5)):
        script = tmp_path / f"winner{number}.py"
        text = recipe_code(base, recipe, origin=base.name, name=f"{base.name}_tuned")
        script.write_text(text, "utf-8")
        again, expected = catalog.get(str(script)), replace(recipe, name=f"{base.name}_tuned")
        assert again.describe() == expected.describe()
        for field in dataclasses.fields(again):
            assert same(getattr(again, field.name), getattr(expected, field.name)), field.name


# Small models on embedded data, one for each kind of network that has a size to vary.
@pytest.mark.parametrize(
    "name",
    [
        "mlp_digits",
        "lenet5_digits",
        "cnn_digits",
        "linear_diabetes",
        "vae_digits",
        "gcn_karate_club",
        "message_passing_karate_club",
        "reinforce_cartpole",
        "dqn_cartpole",
    ],
)
def test_models_at_random_points_take_a_step(name, load_few):
    base = catalog.get(name)
    for recipe, _ in random_points(base, 2):
        recipe = replace(recipe, batch_size=min(recipe.batch_size, 8))
        splits = load_few(recipe.data)
        model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
        model.train_function = TrainingSteps(model, 1)
        batches = batches_of(recipe, splits, seed=0)
        history = model.fit(batches, steps_per_epoch=1, verbose=0, shuffle=False).history
        assert np.isfinite(history["loss"]).all()
    keras.backend.clear_session()


@pytest.mark.slow
def test_models_at_the_corners_are_made(base, load_few):
    splits = load_few(base.data)
    for corner in (0, 1):
        recipe, _ = at(base, lambda each, corner=corner: ends(each)[corner])
        recipe = replace(recipe, batch_size=min(recipe.batch_size, 8))
        assert prepare(recipe, splits, distribute.strategy("none"), seed=0).optimizer is not None
        keras.backend.clear_session()


@pytest.mark.parametrize(
    "name", [name for name in catalog.names() if "resnet" in catalog.entries()[name].architecture]
)
def test_depths_are_those_of_residual_networks(name):
    (depths,) = [e.range.values for e in declared(catalog.get(name)) if e.name == "build.depth"]
    small = catalog.entries()[name].architecture.endswith("cifar")
    assert all(d % 6 == 2 if small else d in (18, 34, 50, 101, 152) for d in depths)
