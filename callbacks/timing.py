"""How long a step takes, and how much of that is waiting for data."""

import statistics
import time
import typing
import warnings

import keras

from .state import Resumable


class EpochTiming(typing.NamedTuple):
    """What `Timing` measured in one epoch.

    Attributes:
        median_milliseconds: float, a step; robust against a single hiccup.
        mean_milliseconds: float, a step.
        examples_per_second: float, or None where the batch size is not known.
        waiting_for_data: float in [0, 1], the share of the time that steps waited for their data,
            or None where the training function does not count it.
    """

    median_milliseconds: float
    mean_milliseconds: float
    examples_per_second: float | None
    waiting_for_data: float | None


class Timing(Resumable, keras.callbacks.Callback):
    """Measure the steps of each epoch and warn, once a fit, when they are slow.

    The median goes to the epoch's logs as `milliseconds_per_step`, the share of waiting as
    `waiting_for_data`, so that they land in the history: place it before callbacks that read the
    logs. The time between `on_train_batch_begin` and `on_train_batch_end` counts, so other
    callbacks do not. Keras calls those once an execution of `steps_per_execution` steps; an
    execution counts as its steps at equal lengths.

    The first execution of a fit compiles and is left out, unless the epoch has no other one.

    Two running totals of the training function are read where it has them:
    `model.train_function.seconds_waiting`, the seconds that steps waited for data, and
    `num_steps_done`, how many there were; an execution that takes no step is not counted.

    Args:
        batch_size: int >= 1 or None, examples a step over all replicas; gives the examples a
            second. Defaults to None.
        slow_step: float > 0, seconds; two executions in a row whose steps take longer make the
            warning. Two, because a last batch of another size is traced anew. Defaults to 0.5.

    Attributes:
        epochs: list of `EpochTiming`, one for each epoch of the fit.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, batch_size=None, slow_step=0.5):
        super().__init__()
        if batch_size is not None and batch_size < 1:
            raise ValueError(
                f"`batch_size` of Timing must be at least 1. Received: batch_size={batch_size!r}."
            )
        if not slow_step > 0:
            raise ValueError(
                f"`slow_step` of Timing must be above 0 seconds. Received: slow_step={slow_step!r}."
            )
        self.batch_size = batch_size
        self.slow_step = slow_step
        self._reset()

    def _reset(self):
        self.epochs = []
        self._executions = []
        self._compiled = False
        self._num_slow = 0
        self._warned = False

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        self._reset()

    def on_epoch_begin(self, epoch, logs=None):
        """Start an epoch."""
        self._executions = []

    def on_train_batch_begin(self, batch, logs=None):
        """Start an execution, at the number of its first step."""
        self._first_step = batch
        self._steps_before = self._total("num_steps_done")
        self._waiting_before = self._total("seconds_waiting")
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """End an execution, at the number of its last step."""
        seconds = time.perf_counter() - self._start
        if self._steps_before is None:
            num_steps = self._last_step(batch) - self._first_step + 1
        else:
            num_steps = self._total("num_steps_done") - self._steps_before
        if num_steps < 1:
            return
        waiting = None
        if self._waiting_before is not None:
            waiting = self._total("seconds_waiting") - self._waiting_before
        self._executions.append((seconds, num_steps, waiting))
        if not self._compiled:
            self._compiled = True
            return
        self._num_slow = self._num_slow + 1 if seconds / num_steps > self.slow_step else 0
        if self._num_slow == 2 and not self._warned:
            self._warn(seconds / num_steps, waiting, seconds)

    def on_epoch_end(self, epoch, logs=None):
        """Write the epoch's figures to its logs."""
        executions = self._executions
        if not self.epochs and len(executions) > 1:
            executions = executions[1:]
        if not executions:
            return
        timing = self._summary(executions)
        self.epochs.append(timing)
        if logs is None:
            return
        logs["milliseconds_per_step"] = timing.median_milliseconds
        if timing.waiting_for_data is not None:
            logs["waiting_for_data"] = timing.waiting_for_data

    def _summary(self, executions):
        lengths = [seconds / num_steps for seconds, num_steps, _ in executions]
        total = sum(seconds for seconds, _, _ in executions)
        num_steps = sum(num_steps for _, num_steps, _ in executions)
        known = [waiting for _, _, waiting in executions if waiting is not None]
        return EpochTiming(
            median_milliseconds=1000 * statistics.median(lengths),
            mean_milliseconds=1000 * total / num_steps,
            examples_per_second=self.batch_size and self.batch_size * num_steps / total,
            waiting_for_data=min(1.0, sum(known) / total) if known else None,
        )

    def _total(self, name):
        return getattr(self.model.train_function, name, None)

    def _last_step(self, batch):
        # Keras names the last step of a full execution even where the epoch ends inside it.
        num_steps = self.params.get("steps") if self.params else None
        return batch if num_steps is None else min(batch, num_steps - 1)

    def _warn(self, seconds_per_step, waiting, seconds):
        self._warned = True
        if waiting is not None and waiting > seconds / 2:
            advice = (
                "More than half of it is waiting for data: keep decoded data in memory or on a "
                "local disk, read in parallel, and do less augmentation."
            )
        else:
            advice = (
                "Make the batch or the model smaller, use an accelerator, or lower the precision "
                "with keras.mixed_precision."
            )
        warnings.warn(
            f"A training step takes {1000 * seconds_per_step:.0f} ms, more than "
            f"{1000 * self.slow_step:.0f} ms. {advice}",
            stacklevel=2,
        )
