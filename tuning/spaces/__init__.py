"""Search spaces: what of a recipe a search may vary, and within which bounds.

    hyperparameters = spaces.hyperparameters(recipes.get("lenet5_digits"))
    varied = spaces.space(hyperparameters, recipes.get("lenet5_digits"))

Importing this loads nothing heavy; Keras comes with the first use that needs it.
"""

import importlib

_HOMES = {
    "space": "composing",
    "hyperparameters": "composing",
    "recipe_at": "composing",
    "values_of": "composing",
    "described": "declared",
    "PARTS": "declared",
    "range_of": "range_text",
    "ranges_of": "range_text",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return sorted(__all__)
