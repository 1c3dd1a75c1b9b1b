"""The pages of the recipe families: docs/foundations.md, docs/vision.md.

`make docs` runs this. What the pages say is written once, in the source: the docstring of each
architecture, the fields of its recipes, the reasons beside them, and docs/figures.json.
"""

import ast
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.measured import measured

ROOT = pathlib.Path(__file__).parent.parent

# Fields whose values the table or the heading shows; the list below it gives their reasons alone.
_IN_THE_TABLE = ("name", "summary", "data", "task", "expected")

_HEADER = (
    "recipe",
    "data",
    "epochs",
    "batch size",
    "learning rate",
    "trainable parameters",
    "expected",
    "source of the figure",
    "reached",
    "trivial answer",
)


def main():
    """Write every page."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))


def pages():
    """Return the page of each family, a dict from path to text."""
    families = dict.fromkeys(entry.family for entry in catalog.entries().values())
    return {ROOT / "docs" / f"{family}.md": page(family) for family in families}


def page(family):
    """Return the page of one family."""
    entries = [entry for entry in catalog.entries().values() if entry.family == family]
    architectures = list(dict.fromkeys(entry.architecture for entry in entries))
    figures = measured()
    parts = [
        f"# The {family} recipes",
        "This page is made by `make docs` from the source of the architectures and from "
        "[figures.json](figures.json). Change those, not this page.",
        _how_to_read(entries, figures),
        *(_architecture(architecture, entries, figures) for architecture in architectures),
    ]
    return "\n\n".join(parts) + "\n"


def _how_to_read(entries, figures):
    machines = {figures[e.written.name].machine for e in entries if e.written.name in figures}
    ran_on = f" It ran on {' and '.join(sorted(machines))}." if machines else ""
    return (
        "*Expected* is what the recipe says of itself; a figure within the tolerance counts as "
        "reached. *Reached* is the mean over seeds and its standard deviation on the test split, "
        f"with the time of one training.{ran_on} Recipes on public data sets need a network and "
        "were not run here. *Trivial answer* is the same metric of always answering the most "
        "frequent class, or the mean of the targets."
    )


def _architecture(architecture, entries, figures):
    source = f"recipes/{architecture.replace('.', '/')}.py"
    docstring = ast.get_docstring(ast.parse((ROOT / source).read_text("utf-8")))
    title, _, rest = docstring.partition("\n")
    own = [entry for entry in entries if entry.architecture == architecture]
    return "\n\n".join(
        (
            f"## {title.strip().removesuffix('.')}",
            f"Source: [{source}](../{source})",
            rest.strip(),
            f"### Recipes of `{architecture}`",
            _table(own, figures),
            *(_reasons(entry) for entry in own),
        )
    )


def _table(entries, figures):
    rows = [_HEADER, ["---"] * len(_HEADER), *(_row(entry, figures) for entry in entries)]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _row(entry, figures):
    recipe = catalog.get(entry.written.name)
    expected, found = recipe.expected, figures.get(recipe.name)
    return (
        f"`{recipe.name}`",
        f"`{recipe.data}`",
        recipe.epochs,
        recipe.batch_size,
        f"{recipe.learning_rate:g}",
        "by the data" if recipe.num_parameters is None else f"{recipe.num_parameters:,}",
        _expected(expected),
        expected.source,
        "not run" if found is None else _reached(found, expected),
        "" if found is None or found.baseline is None else f"{found.baseline:.4g}",
    )


def _expected(figure):
    if not figure.within:
        return f"{figure.metric} {figure.value:g}"
    sign = "-" if figure.better == "higher" else "+"
    return f"{figure.metric} {figure.value:g} (tolerance {sign}{figure.within:g})"


def _reached(found, expected):
    missed = "" if expected.reached(found.mean) else ", missed"
    seeds = "1 seed" if len(found.values) == 1 else f"{len(found.values)} seeds"
    return f"{found.short()} ({seeds}, {found.seconds:.0f} s{missed})"


def _reasons(entry):
    recipe = catalog.get(entry.written.name)
    described = recipe.describe()
    reasons = catalog.reasons(entry)
    lines = [f"**`{recipe.name}`**: {recipe.summary}", ""]
    for field, reason in reasons.items():
        if reason and field not in _IN_THE_TABLE:
            lines.append(f"- `{field}` is `{_value(described[field])}`: {reason}")
        elif reason:
            lines.append(f"- `{field}`: {reason}")
    return "\n".join(lines).rstrip()


def _value(value):
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _cell(value):
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
