"""An exponential moving average of the weights, by step."""

import keras

from .batch_statistics import (
    expect_batches,
    recompute_batch_statistics,
    statistics_data,
)
from .state import Resumable


class ExponentialMovingAverage(Resumable, keras.callbacks.SwapEMAWeights):
    """Validate with the moving average of the weights that the optimizer keeps, and end with it.

    The average is the optimizer's own, `use_ema=True` and `ema_momentum=0.99`, so that it counts
    every step however many steps one call of `fit` takes, and is saved with the optimizer. Keras
    gives it to the model when `fit` ends. This is `keras.callbacks.SwapEMAWeights`, with four
    differences: weights come back from a validation to the bit (Keras's go by way of a sum, which
    rounds), and from a prediction at all; the callback can be copied; an optimizer without an
    average is an error before the first step; and `data` recomputes the statistics of batch
    normalisation.

    What it does not do: average the statistics of batch normalisation by itself (without `data` the
    model ends with those of the last steps; a run of a recipe has its batches passed over), choose
    a momentum, or correct the first steps: the average begins with the weights after the first
    step. Callbacks that keep weights at the ends of epochs, such as `EarlyStopping`, keep those
    without the average. Under several replicas leave the optimizer's `ema_overwrite_frequency` out,
    which fails there.

    Source: Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging",
    https://doi.org/10.1137/0330046; the exponential form as `keras.optimizers` has it.

    Args:
        data: training data to recompute the statistics of batch normalisation with when training
            ends, as `WeightAveraging` takes it. Defaults to None.

    Raises:
        ValueError: `data` has no batches; when training begins, that the optimizer keeps no
            average.
    """

    shared_names = ("data",)

    def __init__(self, data=None):
        super().__init__()
        expect_batches("ExponentialMovingAverage", data)
        self.data = data

    def on_train_begin(self, logs=None):
        """Check the optimizer."""
        self._ema_weights_in_model = False
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        players = getattr(optimizer, "optimizers", [optimizer])
        if not any(getattr(player, "use_ema", False) for player in players):
            raise ValueError(
                "The optimizer whose average ExponentialMovingAverage uses must keep one. "
                f"Received: {type(optimizer).__name__} with use_ema=False. Make it with "
                "`use_ema=True, ema_momentum=0.99`."
            )

    def on_predict_end(self, logs=None):
        """Put the weights back."""
        self.on_test_end(logs)

    def on_train_end(self, logs=None):
        """Recompute the statistics for the average, which Keras has put into the model."""
        data = statistics_data(self.model, self.data)
        if data is not None:
            recompute_batch_statistics(self.model, data)

    def _tf_swap_variables(self, optimizer):
        # The parent's way for other backends moves values and adds nothing up.
        self._backend_swap_variables(optimizer)
