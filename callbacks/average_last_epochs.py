"""The mean of the weights after each of the last epochs."""

import keras
import numpy as np

from .state import Resumable


class AverageLastEpochs(Resumable, keras.callbacks.Callback):
    """Give the model the mean of its weights after each of the last epochs, once training ends.

    It stands in for the average of the last checkpoints, as the Transformer was tested with.
    Figures that are validated during training are those of the weights before they are averaged.
    The statistics of a batch normalisation are averaged like weights; variables of whole numbers
    are left as they are. Where training stops before the last `num_epochs`, nothing is averaged.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    section 6.1: five checkpoints.

    Args:
        num_epochs: int >= 1, how many of the last epochs. Defaults to 5.

    Raises:
        ValueError: `num_epochs` is not a whole number of at least 1.
    """

    state_names = ("num_averaged", "sums")

    def __init__(self, num_epochs=5):
        super().__init__()
        whole = isinstance(num_epochs, int) and not isinstance(num_epochs, bool)
        if not whole or num_epochs < 1:
            raise ValueError(
                "`num_epochs` of AverageLastEpochs must be a whole number of at least 1. "
                f"Received: {num_epochs=}."
            )
        self.num_epochs = num_epochs
        self.num_averaged = 0
        self.sums = []

    def on_train_begin(self, logs=None):
        """Forget what an earlier fit summed up."""
        self.num_averaged = 0
        self.sums = []

    def on_epoch_end(self, epoch, logs=None):
        """Add the weights, where the epoch is one of the last."""
        if epoch < self.params["epochs"] - self.num_epochs:
            return
        weights = [np.asarray(keras.ops.convert_to_numpy(w), np.float64) for w in self._averaged()]
        if self.sums:
            weights = [total + weight for total, weight in zip(self.sums, weights, strict=True)]
        self.sums = weights
        self.num_averaged += 1

    def on_train_end(self, logs=None):
        """Set the averages."""
        for weight, total in zip(self._averaged() if self.sums else (), self.sums, strict=True):
            weight.assign(total / self.num_averaged)

    def _averaged(self):
        return [
            weight
            for weight in self.model.variables
            if keras.backend.is_float_dtype(keras.backend.standardize_dtype(weight.dtype))
        ]
