"""README's table of results, made from the recipes and from docs/figures.json."""

import pathlib

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.measured import measured

BEGIN, END = "<!-- results: made by `make figures` -->", "<!-- end of results -->"
HEADER = (
    "recipe",
    "data",
    "parameters",
    "metric",
    "expected",
    "reached",
    "trivial answer",
    "seconds",
)


def write(readme):
    """Put the table between its marks in README.md."""
    readme = pathlib.Path(readme)
    readme.write_text(with_table(readme.read_text("utf-8")), "utf-8")


def with_table(text):
    """Return README's text with the table as it should be now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def table():
    """Return the table: one row for each recipe that was run, in the order of the catalogue."""
    figures = measured()
    rows = [HEADER, ["---"] * len(HEADER)]
    for name, entry in catalog.entries().items():
        if name not in figures:
            continue
        recipe, expected = catalog.get(name), entry.written.expected
        row = [
            f"`{name}`",
            recipe.data,
            f"{recipe.num_parameters:,}",
            expected.metric,
            f"{expected.value:g}",
        ]
        found = figures[name]
        verdict = "" if expected.reached(found.mean) else " (missed)"
        trivial = "" if found.baseline is None else f"{found.baseline:.3g}, {recipe.task.baseline}"
        row += [found.short() + verdict, trivial, f"{found.seconds:.0f}"]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
