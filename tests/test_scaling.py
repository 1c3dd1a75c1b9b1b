"""What a batch for each replica changes of a recipe."""

import pytest

from kerasrecipes.recipes import RecipeError, get
from kerasrecipes.recipes.scaling import check_scale, scaled


@pytest.mark.parametrize(
    ("scale", "num_replicas", "factors"),
    [(None, 4, None), ("linear", 1, None), ("linear", 4, (4, 4)), ("square_root", 4, (4, 2))],
)
def test_batch_and_rate_grow_by_the_rule(scale, num_replicas, factors):
    recipe = get("mlp_digits")
    expected = factors and {
        "batch_size": recipe.batch_size * factors[0],
        "learning_rate": pytest.approx(recipe.learning_rate * factors[1]),
    }
    assert scaled(recipe, scale, num_replicas) == (expected or {})


def test_a_rule_that_is_not_there_is_said():
    check_scale(None)
    with pytest.raises(RecipeError, match=r"Received: scale='linaer'.*'linear'"):
        check_scale("linaer")
