"""Early stopping that can be saved and taken up again."""

import keras

from .monitor import expect_monitor
from .state import Resumable


class EarlyStopping(Resumable, keras.callbacks.EarlyStopping):
    """Stop training when a watched quantity has stopped improving.

    Keras's own callback and arguments, with two differences: its state survives a resume, the best
    weights included, and an unknown `monitor` raises instead of warning once an epoch.

    With `validation_freq=n` give `start_from_epoch=n - 1`, since before that epoch no validated
    quantity exists. After the first validation, epochs without one are passed over.

    Args:
        monitor: str, the quantity. Defaults to "val_loss".
        min_delta: float >= 0, the least change that counts. Defaults to 0.
        patience: int >= 0, epochs without improvement before stopping. Defaults to 0.
        verbose: 0 or 1. Defaults to 0.
        mode: "auto", "min" or "max". Defaults to "auto".
        baseline: float or None, a value to beat. Defaults to None.
        restore_best_weights: bool, go back to the best epoch at the end. Defaults to False.
        start_from_epoch: int >= 0, epochs that are not watched. Defaults to 0.
    """

    state_names = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def on_epoch_end(self, epoch, logs=None):
        """Count the epoch.

        Raises:
            ValueError: no epoch so far had the quantity.
        """
        logs = logs or {}
        if epoch < self.start_from_epoch:
            return
        if self.monitor not in logs and self.best is not None:
            return
        expect_monitor(self, logs)
        super().on_epoch_end(epoch, logs)
