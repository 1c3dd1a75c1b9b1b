import dataclasses

import pytest

from kerasrecipes.recipes.errors import RecipeError, UnknownField
from kerasrecipes.recipes.ranges import Between, OneOf
from kerasrecipes.recipes.recipe import Figure, Recipe, replace


def a_recipe(**changes):
    fields = {
        "name": "tiny_digits",
        "summary": "A tiny one.",
        "data": "digits",
        "task": object(),
        "build": lambda shape, n: None,
        "optimizer": lambda learning_rate: None,
        "learning_rate": 0.1,
        "batch_size": 8,
        "epochs": 1,
        "expected": Figure("accuracy", 0.9),
    }
    return Recipe(**{**fields, **changes})


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", "Tiny Digits"),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("batch_size", True),
        ("epochs", -1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("build", "mlp"),
        ("callbacks", [print]),
        ("augment", ("flip",)),
        ("normalize", 3),
        ("precision", "float16"),
        ("data", None),
        ("expected", 0.9),
    ],
)
def test_a_value_out_of_range_is_one_sentence_that_names_it(field, value):
    with pytest.raises(RecipeError) as caught:
        a_recipe(**{field: value})
    sentence = str(caught.value)
    assert sentence.count("\n") == 0
    assert f"`{field}`" in sentence and sentence.endswith(f"Received: {field}={value!r}.")


def test_a_recipe_cannot_be_changed_but_has_variants():
    recipe = a_recipe()
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 3
    assert replace(recipe, epochs=3).epochs == 3
    assert recipe.epochs == 1


def test_ranges_are_described_in_words():
    ranges = (
        Between("learning_rate", 1e-4, 0.1, log=True),
        OneOf("build.depth", (8, 14)),
        OneOf("schedule", (len, lambda: None), labels=("falling", "flat")),
    )
    assert a_recipe(ranges=ranges).describe()["ranges"] == [
        "learning_rate from 0.0001 to 0.1 by the logarithm",
        "build.depth of 8, 14",
        "schedule of falling, flat",
    ]


def test_a_misspelt_field_is_a_type_error_with_near_names():
    with pytest.raises(TypeError):
        a_recipe(bach_size=3)
    with pytest.raises(UnknownField, match="Did you mean 'batch_size'"):
        replace(a_recipe(), bach_size=3)
    assert issubclass(UnknownField, TypeError)


@pytest.mark.parametrize(
    "figure, measured, reached",
    [
        (Figure("accuracy", 0.98), 0.98, True),
        (Figure("accuracy", 0.98), 0.979, False),
        (Figure("accuracy", 0.98, within=0.01), 0.971, True),
        (Figure("mse", 2.0, better="lower"), 2.1, False),
        (Figure("mse", 2.0, within=0.2, better="lower"), 2.1, True),
        (Figure("mse", 2.0, better="lower"), 0.0, True),
    ],
)
def test_a_figure_is_reached_on_its_good_side(figure, measured, reached):
    assert figure.reached(measured) is reached


@pytest.mark.parametrize("wrong", [{"value": float("inf")}, {"within": -1}, {"better": "larger"}])
def test_a_figure_out_of_range(wrong):
    with pytest.raises(RecipeError, match="of Figure must be"):
        Figure(**{"metric": "accuracy", "value": 0.9, **wrong})
