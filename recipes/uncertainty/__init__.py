"""Honest uncertainty after a run: how sure a classifier is, and whether that can be believed.

Importing this loads nothing heavy; TensorFlow comes with the first use that needs it.
"""

import importlib

_HOMES = {
    "Ensemble": "ensembles",
    "augmented": "views",
    "ensemble": "ensembles",
    "evaluate": "evaluation",
    "fit_temperature": "temperature",
    "mc_dropout": "passes",
    "noise": "outside",
    "probabilities": "passes",
    "scale": "temperature",
    "summary": "figures",
    "unseen_glyphs": "outside",
}

__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return sorted(__all__)
