"""Recipes: from a name to a trained, checked and exported model.

    from kerasrecipes import recipes

    result = recipes.train("lenet5_digits", epochs=3, seed=0)
    result.figures["accuracy"]

Importing this loads nothing heavy; TensorFlow comes with the first use that needs it.
"""

import importlib

_HOMES = {
    "Figure": "recipe",
    "Recipe": "recipe",
    "Result": "recipe",
    "replace": "recipe",
    "RecipeError": "errors",
    "get": "catalog",
    "names": "catalog",
    "Finding": "checks.finding",
    "Regularization": "regularization",
    "check": "checks.checking",
    "find_learning_rate": "rehearsals.learning_rate_finder",
    "train": "training",
    "resume": "training",
    "cross_validate": "cross_validation",
    "evaluate": "runs.revisit",
    "export": "runs.revisit",
    "predict": "serving.prediction",
}

__all__ = [*_HOMES, "uncertainty"]


def __getattr__(name):
    if name == "uncertainty":
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return sorted(__all__)
