import pytest

from kerasrecipes.recipes import catalog, source
from kerasrecipes.recipes.recipe import Figure

TEXT = """
from somewhere import Recipe

RECIPES = (
    Recipe(
        name="tiny_digits",
        summary="A tiny one.",
        data="digits",
        # The largest that
        # does not diverge.
        learning_rate=0.1 / 256 * 64,
        batch_size=64,  # as in the paper
        epochs=3,
        optimizer=partial(
            SGD,
            momentum=0.9,  # section 3
        ),
        expected=Figure("accuracy", 0.9, within=0.01, source="table 1"),
    ),
)
"""


def test_a_recipe_is_read_without_running_its_file():
    (recipe,) = source.read(TEXT)
    assert (recipe.name, recipe.summary, recipe.data) == ("tiny_digits", "A tiny one.", "digits")
    assert recipe.expected == Figure("accuracy", 0.9, within=0.01, source="table 1")


def test_reasons_are_the_comments_beside_and_above_a_field():
    reasons = source.reasons(TEXT, "tiny_digits")
    assert reasons["learning_rate"] == "The largest that does not diverge."
    assert reasons["batch_size"] == "as in the paper"
    assert reasons["epochs"] == ""
    assert reasons["optimizer"] == "section 3"


def test_a_recipe_that_is_not_written_out_is_refused():
    with pytest.raises(ValueError, match=r"line 3: .* must be written `Recipe\(...\)`"):
        source.read("\n\nRECIPES = (make_recipe(3),)")


def test_what_is_read_is_what_is_imported():
    for name, entry in catalog.entries().items():
        recipe = catalog.get(name)
        written = entry.written
        assert (recipe.name, recipe.summary, recipe.data, recipe.expected) == (
            written.name,
            written.summary,
            written.data,
            written.expected,
        )
        assert len(catalog.architecture(entry).RECIPES) == sum(
            other.architecture == entry.architecture for other in catalog.entries().values()
        )


@pytest.mark.parametrize("field", ["learning_rate", "batch_size", "epochs"])
def test_a_reason_stands_beside_each_number(field):
    for name, entry in catalog.entries().items():
        assert catalog.reasons(entry)[field], f"{name}: {field} has no reason"
