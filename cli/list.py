"""Show the recipes: family, name, data, the figure expected and the figure reached."""

from ..recipes import catalog
from ..recipes.measured import measured
from .console import table


def add_arguments(parser):
    """Take the name of a family."""
    parser.add_argument(
        "family", nargs="?", default="", help="show only this family, such as 'vision'"
    )


def run(arguments):
    """Print the catalogue."""
    from ..recipes.errors import RecipeError, near_names

    entries = catalog.entries().values()
    families = sorted({entry.family for entry in entries})
    if arguments.family not in ("", *families):
        raise RecipeError(
            f"Family {arguments.family!r} is not in the catalogue; the families are "
            f"{', '.join(families)}." + near_names(arguments.family, families)
        )
    figures = measured()
    rows = []
    for entry in entries:
        if arguments.family in ("", entry.family):
            written = entry.written
            expected = written.expected
            reached = figures.get(written.name)
            rows.append(
                (
                    entry.family,
                    written.name,
                    written.data,
                    f"{expected.metric} {expected.value:g}",
                    reached.short() if reached else "not run",
                )
            )
    table("", ("family", "recipe", "data", "expected", "reached"), rows)
