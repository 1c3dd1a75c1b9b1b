"""Callbacks for any `model.fit`: they know Keras and nothing of recipes.

Importing this package loads no TensorFlow; asking for a class does.
"""

import importlib

_MODULES = {
    "ActivationStatistics": "activation_statistics",
    "AdversarialBalance": "adversarial_balance",
    "AverageLastEpochs": "average_last_epochs",
    "ConfusionMatrix": "confusion_matrix",
    "Diagnosis": "diagnosis",
    "EarlyStopping": "early_stopping",
    "ExponentialMovingAverage": "exponential_moving_average",
    "GradientStatistics": "gradient_statistics",
    "MaxNorm": "max_norm",
    "MCDropout": "mc_dropout",
    "Progress": "progress",
    "ReduceLearningRateOnPlateau": "reduce_learning_rate_on_plateau",
    "Resumable": "state",
    "Samples": "samples",
    "SnapshotEnsemble": "snapshot_ensemble",
    "StochasticWeightAveraging": "stochastic_weight_averaging",
    "TensorBoard": "tensorboard",
    "Thresholds": "thresholds",
    "Timing": "timing",
    "Unfreeze": "unfreeze",
    "WeightAveraging": "weight_averaging",
}

__all__ = [
    "ActivationStatistics",
    "AdversarialBalance",
    "AverageLastEpochs",
    "ConfusionMatrix",
    "Diagnosis",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "GradientStatistics",
    "MCDropout",
    "MaxNorm",
    "Progress",
    "ReduceLearningRateOnPlateau",
    "Resumable",
    "Samples",
    "SnapshotEnsemble",
    "StochasticWeightAveraging",
    "TensorBoard",
    "Thresholds",
    "Timing",
    "Unfreeze",
    "WeightAveraging",
]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
