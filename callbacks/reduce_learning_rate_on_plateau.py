"""A learning rate that falls on a plateau, and that can be saved and taken up again."""

import keras

from .monitor import expect_monitor
from .state import Resumable


class ReduceLearningRateOnPlateau(Resumable, keras.callbacks.ReduceLROnPlateau):
    """Multiply the learning rate by a factor when a watched quantity has stopped improving.

    Keras's own callback and arguments, with three differences: its state survives a resume (the
    learning rate itself is a variable of the optimizer and is saved there), an unknown `monitor`
    raises instead of warning once an epoch, and an optimizer whose learning rate follows a
    schedule is refused at the start and not at the first plateau.

    Args:
        monitor: str, the quantity. Defaults to "val_loss".
        factor: float in (0, 1). Defaults to 0.1.
        patience: int >= 0, epochs without improvement before the rate falls. Defaults to 10.
        verbose: 0 or 1. Defaults to 0.
        mode: "auto", "min" or "max". Defaults to "auto".
        min_delta: float >= 0, the least change that counts. Defaults to 1e-4.
        cooldown: int >= 0, epochs of rest after a fall. Defaults to 0.
        min_lr: float >= 0, the rate never falls below it. Defaults to 0.
    """

    state_names = ("wait", "cooldown_counter", "best")

    def on_train_begin(self, logs=None):
        """Reset.

        Raises:
            ValueError: the learning rate follows a schedule, which cannot be reduced.
        """
        super().on_train_begin(logs)
        rate = getattr(self.model.optimizer, "_learning_rate", None)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            raise ValueError(
                "The learning rate of the optimizer must be a number where "
                f"{type(self).__name__} is to reduce it. Received: a {type(rate).__name__}. "
                "Use one of the two."
            )

    def on_epoch_end(self, epoch, logs=None):
        """Count the epoch.

        Raises:
            ValueError: no epoch so far had the quantity.
        """
        # The parent adds the learning rate to these very logs, so they are not replaced.
        logs = {} if logs is None else logs
        if self.monitor not in logs and self.best is not None:
            return
        expect_monitor(self, logs)
        super().on_epoch_end(epoch, logs)
