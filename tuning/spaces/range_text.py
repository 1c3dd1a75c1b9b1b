"""A range as it is typed on a command line."""

import ast

from ...recipes.errors import RecipeError
from ...recipes.ranges import Between, OneOf

_FORM = "NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE,..."


def ranges_of(texts):
    """Return the ranges that texts say, a tuple, in their order; see `range_of`."""
    return tuple(map(range_of, texts))


def range_of(text):
    """Return the range that a text says.

    Args:
        text: str, "learning_rate=1e-4:1e-1:log", "batch_size=32,64,128", "schedule=cosine,noam" or
            "build.hidden=(64,),(128,64)". Whole numbers stay whole; `None`, `True` and `False` are
            what they are in Python, and whatever is no value is a text.

    Returns:
        A `Between` or a `OneOf`.

    Raises:
        RecipeError: it says none.

    >>> range_of("learning_rate=1e-4:1e-1:log")
    Between(name='learning_rate', low=0.0001, high=0.1, log=True)
    >>> range_of("build.depth=8,14,20")
    OneOf(name='build.depth', values=(8, 14, 20), labels=None)
    """
    name, equals, wanted = (part.strip() for part in text.partition("="))
    if not (name and equals and wanted):
        raise RecipeError(f"A range must be {_FORM}. Received: {text!r}.")
    values = _parted(wanted, ",")
    if len(values) > 1:
        return OneOf(name, tuple(map(_value, values)))
    ends = _parted(wanted, ":")
    if len(ends) not in (2, 3) or ends[2:] not in ([], ["log"]):
        raise RecipeError(f"The range of `{name}` must be {_FORM}. Received: {text!r}.")
    return Between(name, _value(ends[0]), _value(ends[1]), log=len(ends) == 3)


def _parted(text, separator):
    """Return the parts of a text between separators that stand in no brackets; a last one ends."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    parts = [part.strip() for part in parts]
    return parts if parts[-1] or len(parts) == 1 else parts[:-1]


def _value(text):
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    # A recipe is frozen: what it holds of several is a tuple.
    return tuple(value) if isinstance(value, list) else value
