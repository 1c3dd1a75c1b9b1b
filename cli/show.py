"""Show a recipe: its paper, every field with its reason, its layers and parameters."""

from ..recipes import catalog
from .console import table
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the recipe's name."""
    parser.add_argument("name", help="a name from `kerasrecipes list`, or a recipe script")


def run(arguments):
    """Print one recipe."""
    catalog.check(arguments.name)
    load_tensorflow()
    from ..recipes import data
    from ..recipes.architecture import layer_table, num_parameters

    recipe = catalog.get(arguments.name)
    entry = catalog.entries().get(arguments.name)
    if entry is not None:
        print(catalog.architecture(entry).__doc__.strip(), end="\n\n")
    reasons = catalog.reasons(entry) if entry else {}
    rows = [(name, value, reasons.get(name, "")) for name, value in recipe.describe().items()]
    table(f"{recipe.name}: {recipe.summary}", ("field", "value", "reason"), rows)
    try:
        model = recipe.task.core(recipe, data.load(recipe.data))
    except ValueError as error:
        if recipe.num_parameters is not None:
            print(f"\nParameters: {recipe.num_parameters:,} trainable, by the table above.")
        print(f"Layers are shown once the data are here: {error}")
        return
    counts = num_parameters(model)
    print()
    table("Layers", ("layer", "kind", "output", "trainable"), layer_table(model))
    print(f"\nParameters: {counts['trainable']:,} trainable, {counts['total']:,} in all.")
