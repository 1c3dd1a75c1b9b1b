"""What every mean of weights after several epochs shares."""

import keras
import numpy as np

from .batch_statistics import (
    expect_batches,
    recompute_batch_statistics,
    statistics_data,
)
from .state import Resumable


class WeightAveraging(Resumable, keras.callbacks.Callback):
    """Give the model the mean of its weights after some of the epochs, once training ends.

    A subclass says which epochs: `AverageLastEpochs` takes the last ones,
    `StochasticWeightAveraging` every n-th from a start on. A subclass of your own has one method,
    `counts(epoch)`. An average by step is the optimizer's: see `ExponentialMovingAverage`.

    Figures that are validated during training are those of the weights before they are averaged.
    Variables of whole numbers are left as they are. Where no epoch counted, nothing changes. Among
    callbacks that set weights when training ends, such as `EarlyStopping` with
    `restore_best_weights`, the last one in the list wins.

    Args:
        data: the training data whose statistics batch normalisation has under the averaged
            weights: an iterable of batches, `x` or `(x, y)`, such as a finite `tf.data.Dataset`;
            or an array `(num_examples, ...)`. It is passed over once when training ends, and a
            model without batch normalisation needs no pass. None takes an epoch of the batches in a
            run of a recipe, whose training function gives it, and elsewhere averages the statistics
            like weights. Defaults to None.

    Attributes:
        num_averaged: int, epochs in the mean so far.

    Raises:
        ValueError: `data` is no iterable of batches, or has no end.
    """

    state_names = ("num_averaged", "sums")
    shared_names = ("data",)

    def __init__(self, data=None):
        super().__init__()
        expect_batches(type(self).__name__, data)
        self.data = data
        self.num_averaged = 0
        self.sums = []

    def counts(self, epoch):
        """Return whether the weights after an epoch, counted from 0, go into the mean."""
        raise NotImplementedError(f"{type(self).__name__} must say which epochs count.")

    def on_train_begin(self, logs=None):
        """Forget what an earlier fit summed up."""
        self.num_averaged = 0
        self.sums = []

    def on_epoch_end(self, epoch, logs=None):
        """Add the weights, where the epoch counts."""
        if not self.counts(epoch):
            return
        weights = [np.asarray(keras.ops.convert_to_numpy(w), np.float64) for w in self._averaged()]
        if self.sums:
            weights = [total + weight for total, weight in zip(self.sums, weights, strict=True)]
        self.sums = weights
        self.num_averaged += 1

    def on_train_end(self, logs=None):
        """Set the averages, and the statistics that belong to them."""
        if not self.num_averaged:
            return
        for weight, total in zip(self._averaged(), self.sums, strict=True):
            weight.assign(total / self.num_averaged)
        data = statistics_data(self.model, self.data)
        if data is not None:
            recompute_batch_statistics(self.model, data)

    def _averaged(self):
        return [
            weight
            for weight in self.model.variables
            if keras.backend.is_float_dtype(keras.backend.standardize_dtype(weight.dtype))
        ]
