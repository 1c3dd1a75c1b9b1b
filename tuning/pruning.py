"""Stopping a trial early: it has become hopeless, or its time is up."""

from __future__ import annotations

import math
import statistics
import time

import keras

# Trials that a median is taken of at least; with fewer, the first ones would decide.
FEWEST = 5
# The part of a run before which nobody is judged: rates warm up, and slow starters are no failures.
FIRST_PART = 0.25


class Pruning(keras.callbacks.Callback):
    """Stop a trial whose best is worse than what half of the others had on average by then.

    The median stopping rule of Golovin et al. 2017, "Google Vizier",
    https://doi.org/10.1145/3097983.3098043, section 3.2.2.

    Args:
        monitor: str, the log to judge by. mode: "min" or "max", which way it gets better.
        others: callable giving the histories of the trials that were trained to their end, a list
            of lists with one float an epoch.
        epochs: int, those of a whole trial.

    Attributes:
        reason: str, why the trial was stopped, or None.
    """

    def __init__(self, monitor, mode, others, epochs):
        super().__init__()
        self.monitor = monitor
        self.sign = -1 if mode == "max" else 1
        self.others = others
        self.epochs = epochs
        self.best = math.inf
        self.reason = None

    def on_epoch_end(self, epoch, logs=None):
        """Judge the trial after an epoch."""
        value = (logs or {}).get(self.monitor)
        if value is None or not math.isfinite(value):
            return
        self.best = min(self.best, self.sign * float(value))
        if epoch + 1 < FIRST_PART * self.epochs or epoch + 1 == self.epochs:
            return
        means = [
            self.sign * statistics.fmean(values)
            for values in (_known(history[: epoch + 1]) for history in self.others())
            if values
        ]
        if len(means) >= FEWEST and self.best > statistics.median(means):
            self.reason = (
                f"hopeless: {self.monitor} {self.sign * self.best:.4g} at best in {epoch + 1} "
                f"epochs, {self.sign * statistics.median(means):.4g} on average in half of the "
                f"others"
            )
            self.model.stop_training = True


class Deadline(keras.callbacks.Callback):
    """Stop training once the time of a search is up.

    Args:
        deadline: float, the time (as `time.time`).

    Attributes:
        passed: bool, whether it was stopped.
    """

    def __init__(self, deadline):
        super().__init__()
        self.deadline = deadline
        self.passed = False

    def on_train_batch_end(self, batch, logs=None):
        """Look at the clock after each call."""
        if time.time() >= self.deadline:
            self.passed = True
            self.model.stop_training = True


def _known(values):
    return [value for value in values if math.isfinite(value)]
