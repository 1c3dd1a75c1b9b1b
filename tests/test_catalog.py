import pytest

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.errors import RecipeError

SCRIPT = """
import functools, keras
from kerasrecipes.recipes import Figure, Recipe
from kerasrecipes.recipes.foundations.mlp import build
from kerasrecipes.recipes.tasks.classification import Classification

mine = Recipe(
    name="mine", summary="Mine.", data="digits", task=Classification(),
    build=functools.partial(build, hidden=(16,)), optimizer=keras.optimizers.Adam,
    learning_rate=1e-3, batch_size=32, epochs=1, expected=Figure("accuracy", 0.5),
)
"""


def test_an_unknown_recipe_names_its_neighbours():
    with pytest.raises(
        RecipeError, match=r"'lenet5_digit' is not in .* Did you mean 'lenet5_digits'"
    ):
        catalog.get("lenet5_digit")


def test_a_recipe_is_found_by_name_value_and_script(tmp_path):
    recipe = catalog.get("softmax_digits")
    assert recipe.name == "softmax_digits"
    assert catalog.get(recipe) is recipe
    script = tmp_path / "my_recipe.py"
    script.write_text(SCRIPT)
    assert catalog.get(str(script)).name == "mine"


def test_a_script_with_two_recipes_wants_a_choice(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(
        SCRIPT + "\nimport dataclasses\nother = dataclasses.replace(mine, name='other')\n"
    )
    with pytest.raises(RecipeError, match=r"must hold one `Recipe`.* Received: mine, other"):
        catalog.get(str(script))
    assert catalog.get(f"{script}:other").name == "other"
    with pytest.raises(RecipeError, match="no recipe of that name"):
        catalog.get(f"{script}:third")


@pytest.mark.parametrize(
    ("text", "wanted", "name"),
    [
        (SCRIPT, "", "mine"),
        (SCRIPT, ":mine", "mine"),
        (SCRIPT + "longer = replace(mine, name='later', epochs=9)\n", ":longer", "later"),
        (SCRIPT + "longer = dataclasses.replace(mine, name='later')\n", ":later", "later"),
        (SCRIPT + "layer = keras.layers.Dense(3, name='dense')\n", "", "mine"),
        # Not to be read off: which of two, a name that is computed, and one that is inherited.
        (SCRIPT + "longer = replace(mine, name='later')\n", "", "file"),
        (SCRIPT.replace('name="mine"', 'name="mi" + "ne"'), "", "file"),
        ("from mine import recipe\n", "", "file"),
        ("def f(:", "", "file"),
    ],
)
def test_the_name_in_a_script_is_read_without_running_it(tmp_path, text, wanted, name):
    script = tmp_path / "file.py"
    script.write_text(text)
    assert catalog.name_of(f"{script}{wanted}") == name


def test_the_name_of_a_recipe_is_its_own():
    assert catalog.name_of("softmax_digits") == "softmax_digits"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("x = 1", "Received: none."),
        ("\nx = 1 / 0", "ZeroDivisionError in line 2: division by zero"),
        ("def f(:", "SyntaxError in line 1"),
        ("from kerasrecipes.recipes import Recipe\nRecipe(bach_size=1)", "TypeError in line 2"),
    ],
)
def test_a_script_that_does_not_run_says_where(tmp_path, text, sentence):
    script = tmp_path / "bad.py"
    script.write_text(text)
    with pytest.raises(RecipeError) as caught:
        catalog.get(str(script))
    assert sentence in str(caught.value)


def test_a_script_that_is_not_there():
    with pytest.raises(RecipeError, match=r"'nowhere\.py' is not there"):
        catalog.get("nowhere.py")
