"""What a search has found: tables, pictures, importance, TensorBoard and one page with all of it.

Everything is read from the search's folder, so that a search may be going on, have been
interrupted, or have run elsewhere. Importing this package loads nothing heavy.
"""

import importlib

_MODULES = {
    "Importance": "hyperparameter_importance",
    "Outcome": "outcome",
    "importance": "hyperparameter_importance",
    "importance_rows": "terminal",
    "outcome_of": "outcome",
    "pictures": "search_pictures",
    "report": "search_report",
    "sentence": "terminal",
    "table_rows": "terminal",
    "write_tensorboard": "hparams",
}

__all__ = [
    "Importance",
    "Outcome",
    "importance",
    "importance_rows",
    "outcome_of",
    "pictures",
    "report",
    "sentence",
    "table_rows",
    "write_tensorboard",
]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
