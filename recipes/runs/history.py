"""The history of a run: kept epoch by epoch, written as a table that any program reads."""

import csv
import io
import math

import keras

from ..atomic import write_text


class History(keras.callbacks.Callback):
    """Keep the logs of each epoch and the learning rate after it, and write them as a table.

    Attributes:
        history: dict from metric to a list with one float an epoch; NaN where an epoch had none.
    """

    def __init__(self, path=None):
        """Set up.

        Args:
            path: str or path of the table to write, or None to write none. Defaults to None.
        """
        super().__init__()
        self.path = path
        self.history = {}

    def on_train_begin(self, logs=None):
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        now = {**(logs or {}), "learning_rate": rate}
        # What is measured every few epochs only keeps its place among them all the same.
        num_before = max(map(len, self.history.values()), default=0)
        for name in {**self.history, **now}:
            values = self.history.setdefault(name, [math.nan] * num_before)
            values.append(float(now.get(name, math.nan)))
        if self.path is not None:
            write_text(self.path, as_csv(self.history))

    def get_state(self):
        return {"history": self.history}

    def set_state(self, state):
        self.history = state["history"]


def as_csv(history):
    """Return a history as a table, one row an epoch.

    >>> print(as_csv({"loss": [0.5, 0.25], "accuracy": [0.8, 0.9]}), end="")
    epoch,loss,accuracy
    1,0.5,0.8
    2,0.25,0.9
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history])
    writer.writerows([n, *row] for n, row in enumerate(zip(*history.values(), strict=True), 1))
    return text.getvalue()


def read_csv(path):
    """Return the history that a table holds, the inverse of `as_csv`."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
