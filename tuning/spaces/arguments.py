"""What the fields of a recipe are made of: factories, their arguments, and whether two are one."""

import dataclasses
import functools
import inspect
from typing import Any

# Where an argument has no value of the recipe's own.
MISSING = inspect.Parameter.empty


def arguments_of(value: Any) -> dict[str, Any]:
    """Return the arguments of a factory or a frozen dataclass, with their values.

    Args:
        value: a function, a class, a `partial` of one, or a dataclass's instance.

    Returns:
        A dict from name to value; `MISSING` where only the caller gives one.

    >>> arguments_of(functools.partial(int, base=2))
    {}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):  # some that are written in C say nothing of themselves
        return {}
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {each.name: each.default for each in parameters if each.kind not in several}


def own_value(recipe, name):
    """Return a recipe's own value of a hyperparameter, or `MISSING`.

    Args:
        recipe: `Recipe`.
        name: str, as `replace` knows it: "learning_rate", "build.depth".
    """
    field, _, argument = name.partition(".")
    value = getattr(recipe, field)
    return arguments_of(value).get(argument, MISSING) if argument else value


def callee(value):
    """Return what a `partial` calls in the end, or the type of a dataclass's instance.

    >>> callee(functools.partial(functools.partial(print, end=""), sep=""))
    <built-in function print>
    """
    while isinstance(value, functools.partial):
        value = value.func
    return type(value) if dataclasses.is_dataclass(value) and not callable(value) else value


def label_of(value):
    """Return what a value is called in a table: a factory by its name, the rest as it reads.

    >>> label_of(functools.partial(print, end="")), label_of((64, 32)), label_of(None)
    ('print', '64-32', 'None')
    """
    if isinstance(value, tuple):
        return "-".join(map(label_of, value))
    called = callee(value)
    if callable(called):
        return getattr(called, "__name__", type(called).__name__).lower()
    return str(value)


def same(one, other):
    """Return whether two values of a field are one; two `partial`s are where their parts are.

    >>> same(functools.partial(print, end=""), functools.partial(print, end=""))
    True
    >>> same(1, True)
    False
    """
    if isinstance(one, functools.partial) or isinstance(other, functools.partial):
        return all(map(same, _unfolded(one), _unfolded(other)))
    if isinstance(one, (tuple, list)) and isinstance(other, type(one)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    # 1 and 1.0 are one number, but True is none.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _unfolded(value):
    """Return what is called, and with what: of a `partial` without arguments as of its function."""
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords
    return value, (), {}
