"""Callbacks for any `model.fit`: they know Keras and nothing of recipes.

Importing this package loads no TensorFlow; asking for a class does.
"""

import importlib

_MODULES = {
    "AdversarialBalance": "adversarial_balance",
    "AverageLastEpochs": "average_last_epochs",
    "EarlyStopping": "early_stopping",
    "MCDropout": "mc_dropout",
    "Progress": "progress",
    "ReduceLearningRateOnPlateau": "reduce_learning_rate_on_plateau",
    "Resumable": "state",
    "TensorBoard": "tensorboard",
    "Timing": "timing",
    "Unfreeze": "unfreeze",
}

__all__ = [
    "AdversarialBalance",
    "AverageLastEpochs",
    "EarlyStopping",
    "MCDropout",
    "Progress",
    "ReduceLearningRateOnPlateau",
    "Resumable",
    "TensorBoard",
    "Timing",
    "Unfreeze",
]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
