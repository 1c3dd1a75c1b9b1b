"""The pages of the recipes: one a family, docs/vision.md, and one an architecture, docs/vision/.

`make docs` runs this. What the pages say is written once, in the source: the docstring of each
architecture, the fields of its recipes, the reasons beside them, and docs/figures.json with the
pictures of recorded runs.
"""

import ast
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.measured import measured
from kerasrecipes.tuning import spaces

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

_MADE = (
    "This page is made by `make docs` from the source of the architectures and from "
    "[figures.json]({up}figures.json). Change those, not this page."
)


def main():
    """Write every page."""
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))


def pages():
    """Return every page, a dict from path to text."""
    architectures = dict.fromkeys(entry.architecture for entry in catalog.entries().values())
    families = dict.fromkeys(architecture.split(".")[0] for architecture in architectures)
    figures = measured()
    docs = ROOT / "docs"
    return {
        **{docs / f"{family}.md": family_page(family, figures) for family in families},
        **{
            docs / f"{architecture.replace('.', '/')}.md": architecture_page(architecture, figures)
            for architecture in architectures
        },
    }


def family_page(family, figures):
    """Return the page of a family: its architectures, and what their recipes reach."""
    entries = [entry for entry in catalog.entries().values() if entry.family == family]
    architectures = list(dict.fromkeys(entry.architecture for entry in entries))
    lines = [
        f"- [{title(architecture)}]({architecture.replace('.', '/')}.md), "
        f"[source](../{source(architecture)})"
        for architecture in architectures
    ]
    return _joined(
        f"# The {family} recipes",
        _MADE.format(up=""),
        "\n".join(lines),
        _how_to_read(entries, figures),
        _table(entries, figures),
    )


def architecture_page(architecture, figures):
    """Return the page of an architecture: the paper, the layers, the recipes, the pictures."""
    entries = [e for e in catalog.entries().values() if e.architecture == architecture]
    rest = _docstring(architecture).partition("\n")[2]
    return _joined(
        f"# {title(architecture)}",
        _MADE.format(up="../"),
        f"Source: [{source(architecture)}](../../{source(architecture)}). "
        f"All of the family: [{entries[0].family}](../{entries[0].family}.md).",
        rest.strip(),
        f"## Recipes of `{architecture}`",
        _how_to_read(entries, figures),
        _table(entries, figures),
        *(_reasons(entry) for entry in entries),
        *(_pictures(entry, figures) for entry in entries),
    )


def title(architecture):
    """Return the first line of an architecture's docstring."""
    return _docstring(architecture).partition("\n")[0].strip().removesuffix(".")


def source(architecture):
    """Return the path of an architecture's file from the root."""
    return f"recipes/{architecture.replace('.', '/')}.py"


def _docstring(architecture):
    return ast.get_docstring(ast.parse((ROOT / source(architecture)).read_text("utf-8")))


def _joined(*parts):
    return "\n\n".join(part for part in parts if part) + "\n"


def _how_to_read(entries, figures):
    machines = {figures[e.written.name].machine for e in entries if e.written.name in figures}
    ran_on = f" It ran on {' and '.join(sorted(machines))}." if machines else ""
    baselines = dict.fromkeys(catalog.get(entry.written.name).task.baseline for entry in entries)
    return (
        "*Expected* is what the recipe says of itself; a figure within the tolerance counts as "
        "reached. *Reached* is the mean over seeds and its standard deviation on the test split, "
        f"with the time of one training.{ran_on} Recipes on public data sets need a network and "
        f"were not run here. *Trivial answer* is the same metric of {'; or of '.join(baselines)}."
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
    lines.append(f"- searched by default: {_space(recipe)}")
    return "\n".join(lines).rstrip()


def _space(recipe):
    """Return in words what a search varies where nobody says what."""
    return (
        "; ".join(f"`{name}` {values}" for name, values in spaces.described(recipe).items()) + "."
    )


def _pictures(entry, figures):
    found = figures.get(entry.written.name)
    if found is None or not found.pictures:
        return ""
    lines = [f"## Pictures of `{entry.written.name}`", "Of the first seed, on the test split."]
    for picture in found.pictures:
        lines.append(f"![{picture['title']}](../pictures/{picture['file']})")
        lines.append(f"*{picture['title']}.* {picture['caption']}")
    return "\n\n".join(lines)


def _value(value):
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _cell(value):
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
