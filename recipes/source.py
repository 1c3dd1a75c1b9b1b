"""Recipes as they stand in the source: what a listing shows, and the reasons beside the numbers.

A listing needs the names, the data and the figures of all recipes at once, and must not wait for
TensorFlow, which every architecture imports; a reader wants the reason of each number, which
stands beside it as a comment. Both come from the source here, and nothing is written down twice.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import tokenize

from .recipe import Figure


@dataclasses.dataclass(frozen=True)
class WrittenRecipe:
    """What a listing shows of a recipe, as it is written in the file of its architecture."""

    name: str
    summary: str
    data: str
    expected: Figure


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
    return tuple(
        WrittenRecipe(
            *(ast.literal_eval(fields[key]) for key in ("name", "summary", "data")),
            _figure(fields["expected"]),
        )
        for _, fields in _recipes(text)
    )


def reasons(text, name):
    """Return why the fields of a recipe are as they are: the comments beside and above each.

    Args:
        text: str, the source of an architecture file.
        name: str, a recipe that it writes out.

    Returns:
        A dict from field to str, "" where no comment stands.
    """
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    for line, fields in _recipes(text):
        if ast.literal_eval(fields["name"]) == name:
            found = {}
            for field, value in fields.items():
                lines = range(line + 1, value.end_lineno + 1)
                found[field] = " ".join(comments[n] for n in lines if n in comments)
                line = value.end_lineno
            return found
    raise KeyError(name)


def names(text):
    """Return the names that a recipe script gives its recipes, as far as they can be read off it.

    Args:
        text: str, the source of the script.

    Returns:
        A dict from the variable that holds a recipe to the recipe's name; without those whose name
        is computed or inherited.

    >>> names('base = Recipe(name="first")\\nlonger = replace(base, name="second", epochs=9)')
    {'base': 'first', 'longer': 'second'}
    """
    found = {}
    for statement in ast.parse(text).body:
        call = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign) and _called(call) in ("Recipe", "replace"):
            for keyword in call.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    found.update(dict.fromkeys(_names(statement), keyword.value.value))
    return found


def _recipes(text):
    """Yield the line on which each recipe begins, and its fields as syntax."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and _names(statement) == ["RECIPES"]:
            for call in statement.value.elts:
                if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Recipe"):
                    raise ValueError(
                        f"line {call.lineno}: a recipe in RECIPES must be written `Recipe(...)`"
                    )
                yield call.lineno, {keyword.arg: keyword.value for keyword in call.keywords}


def _called(call):
    function = getattr(call, "func", None)
    return getattr(function, "attr", getattr(function, "id", None))


def _names(statement):
    return [target.id for target in statement.targets if isinstance(target, ast.Name)]


def _figure(call):
    arguments = [ast.literal_eval(value) for value in call.args]
    return Figure(*arguments, **{k.arg: ast.literal_eval(k.value) for k in call.keywords})
