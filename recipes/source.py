"""Recipes as they stand in the source: each field's text, and the reason written beside it.

A listing needs the names, the data and the figures of all recipes at once, and must not wait for
TensorFlow, which every architecture imports; a reader wants to see a recipe as it was written,
with its reasons. Both come from the source here, and nothing is written down a second time.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import tokenize

from .recipe import Figure


@dataclasses.dataclass(frozen=True)
class WrittenField:
    """One field of a recipe as it is written: the text of its value, and the comments beside it."""

    text: str
    reason: str


@dataclasses.dataclass(frozen=True)
class WrittenRecipe:
    """A recipe as it is written in the file of its architecture."""

    name: str
    summary: str
    data: str
    expected: Figure
    fields: dict[str, WrittenField]


def read(text):
    """Return the recipes that a source file writes out in its `RECIPES`.

    Args:
        text: str, the source of an architecture file.

    Returns:
        A tuple of `WrittenRecipe`, in the order of the file.

    Raises:
        ValueError: a recipe is not written out whole, with a literal name, summary, data and
            figure; a mistake of whoever wrote the file.
    """
    comments = {
        token.start[0]: token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and _names(statement) == ["RECIPES"]:
            return tuple(_recipe(call, text, comments) for call in statement.value.elts)
    return ()


def _names(statement):
    return [target.id for target in statement.targets if isinstance(target, ast.Name)]


def _recipe(call, text, comments):
    if not (isinstance(call, ast.Call) and getattr(call.func, "id", None) == "Recipe"):
        raise ValueError(f"line {call.lineno}: a recipe in RECIPES must be written `Recipe(...)`")
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    fields = {}
    previous_line = call.lineno
    for name, value in values.items():
        fields[name] = WrittenField(
            ast.get_source_segment(text, value),
            _reason(previous_line + 1, value.end_lineno, comments),
        )
        previous_line = value.end_lineno
    name, summary, data = (ast.literal_eval(values[key]) for key in ("name", "summary", "data"))
    return WrittenRecipe(name, summary, data, _figure(values["expected"]), fields)


def _figure(call):
    arguments = [ast.literal_eval(value) for value in call.args]
    return Figure(*arguments, **{k.arg: ast.literal_eval(k.value) for k in call.keywords})


def _reason(first_line, last_line, comments):
    """Join the comments on a field's lines, and those that stand alone just above it."""
    found = [
        comments[line].string.lstrip("# ").strip()
        for line in range(first_line, last_line + 1)
        if line in comments
    ]
    return " ".join(found)
