"""Tuning: from a recipe's name to a better recipe.

    from kerasrecipes import tuning

    found = tuning.search("mlp_digits", method="hyperband", budget=30)
    found.recipe, found.result.figures

Importing this loads nothing heavy; TensorFlow and KerasTuner come with the first search.
"""

import importlib

_HOMES = {
    "Budget": "budget",
    "Found": "searching",
    "SearchFolder": "search_folder",
    "Trial": "search_folder",
    "search": "searching",
    "resume": "searching",
}

__all__ = [*_HOMES, "reporting", "spaces"]


def __getattr__(name):
    if name in ("reporting", "spaces"):
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return sorted(__all__)
