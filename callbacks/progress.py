"""How far the training is, and how long it still takes."""

import sys
import time

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from .state import Resumable

# Seconds between two updates of the terminal: reading is slow, and drawing costs time.
_REFRESH = 0.25
# They stand in the logs for the history's sake; on a line of results they are noise.
_HIDDEN = ("learning_rate", "milliseconds_per_step", "waiting_for_data")


class Progress(Resumable, keras.callbacks.Callback):
    """Show the progress of a fit with the time left; give `fit` `verbose=0` beside it.

    On a terminal, a bar for the running epoch with its step, its metrics and the time that the
    whole training still takes. Elsewhere, and on the terminal once an epoch has ended, a line:

        epoch 3/12  loss 0.1234  accuracy 0.9712  val_loss 0.1532  1.2 s, 10 s left

    A step costs two comparisons, and the terminal is drawn at most four times a second. The time
    left is reckoned from the mean of the epochs that ran: without the first one where there are
    others, else without its first execution, since that one compiles.

    Args:
        stream: text file to write to; the standard error stream if None. Defaults to None.
    """

    transient_names = ("_model", "_bars", "_output")
    # Two callbacks may write to one terminal; a terminal has no copy.
    shared_names = ("stream",)

    def __init__(self, stream=None):
        super().__init__()
        self.stream = stream
        self._bars = None
        self._output = None
        self._reset()

    def _reset(self):
        self._durations = []
        self._num_steps = None
        self._epoch = 0
        self._epoch_start = 0.0
        self._drawn = 0.0
        self._since = None
        self._text = ""

    def on_train_begin(self, logs=None):
        """Start anew, and the bar where there is a terminal."""
        self._close()
        self._reset()
        stream = self.stream or sys.stderr
        self._output = Console(file=stream, highlight=False)
        if not self._output.is_terminal:
            return
        self._bars = Bars(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[text]}"),
            console=self._output,
            auto_refresh=False,
            transient=True,
            # A fit that is interrupted never says so to its callbacks. What is not redirected and
            # not hidden need not be put back.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bars.start()
        self._output.show_cursor(True)
        self._task = self._bars.add_task("", text="")

    def on_epoch_begin(self, epoch, logs=None):
        """Start an epoch."""
        self._epoch = epoch
        self._epoch_start = self._drawn = time.perf_counter()
        self._since = None
        self._num_steps = (self.params or {}).get("steps") or self._num_steps
        if self._bars:
            self._bars.reset(
                self._task, total=self._num_steps, description=self._name(epoch), text=""
            )

    def on_train_batch_end(self, batch, logs=None):
        """Draw, if the last drawing is old enough."""
        now = time.perf_counter()
        if self._since is None:
            # The first execution compiles; the time left is reckoned from what follows it.
            self._since = (now, batch + 1)
        if now - self._drawn < _REFRESH:
            return
        self._drawn = now
        if self._bars:
            self._draw(batch + 1, now, logs or {})

    def on_test_begin(self, logs=None):
        """Say that the epoch validates."""
        if self._bars:
            self._bars.update(self._task, text="validation", refresh=True)

    def on_epoch_end(self, epoch, logs=None):
        """Write the epoch's line."""
        seconds = time.perf_counter() - self._epoch_start
        self._durations.append(seconds if self._durations else self._compiled(seconds))
        if self._num_steps is None and self._bars:
            self._num_steps = self._bars.tasks[0].completed or None
        times = _seconds(seconds)
        if num_left := self._num_left(epoch):
            times += f", {_seconds(num_left * self._per_epoch())} left"
        line = "  ".join((self._name(epoch), *_metrics(logs or {}), times))
        # `soft_wrap`: one line stays one line in a log file, however long.
        self._output.print(line, markup=False, soft_wrap=True)

    def on_train_end(self, logs=None):
        """Take the bar away."""
        self._close()

    def _draw(self, num_done, now, logs):
        words = [f"step {num_done}"]
        if self._num_steps:
            num_done = min(num_done, self._num_steps)
            words = [f"step {num_done}/{self._num_steps}"]
        left = self._seconds_left(num_done, now)
        words.extend(_metrics(logs))
        if left is not None:
            words.append(f"{_seconds(left)} left")
        self._bars.update(self._task, completed=num_done, text="  ".join(words), refresh=True)

    def _seconds_left(self, num_done, now):
        num_left = self._num_left(self._epoch)
        if self._durations:
            this_epoch = max(0.0, self._per_epoch() - (now - self._epoch_start))
            return this_epoch + num_left * self._per_epoch()
        start, num_before = self._since
        if not self._num_steps or num_done <= num_before:
            return None
        per_step = (now - start) / (num_done - num_before)
        return per_step * (self._num_steps - num_done + num_left * self._num_steps)

    def _compiled(self, seconds):
        """Return what the first epoch would have taken without its first execution."""
        start, num_before = self._since or (self._epoch_start, 0)
        if self._num_steps is None or num_before >= self._num_steps:
            return seconds
        return seconds - (start - self._epoch_start)

    def _per_epoch(self):
        durations = self._durations[1:] or self._durations
        return sum(durations) / len(durations)

    def _num_left(self, epoch):
        return (self.params or {}).get("epochs", epoch + 1) - epoch - 1

    def _name(self, epoch):
        return f"epoch {epoch + 1}/{epoch + 1 + self._num_left(epoch)}"

    def _close(self):
        if self._bars:
            self._bars.stop()
            self._bars = None


def _metrics(logs):
    # Keras sorts by name; a reader looks for the loss first, and for training before validation.
    names = sorted(
        (name for name in logs if name not in _HIDDEN),
        key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"),
    )
    return [f"{name} {_number(logs[name])}" for name in names]


def _number(value):
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}"
    return f"{value:.3e}"


def _seconds(seconds):
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
