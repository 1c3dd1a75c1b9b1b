"""Figures by layer over the epochs, as arrays, as a picture and for TensorBoard."""

import numpy as np
import tensorflow as tf

from .layer_curves import layer_curves
from .periodic import Periodic

# Values of a layer that go into its histogram: as good a picture as that of millions, in a small
# part of the time. The figures are those of all values.
NUM_DRAWN = 2**15

_TITLES = {
    "mean": "Mean",
    "deviation": "Standard deviation",
    "root_mean_square": "Root mean square",
    "example_deviation": "Deviation between examples",
    "zeros": "Share of zeros",
    "saturated": "Share of saturated outputs",
    "dead": "Share of dead rectifiers",
}


class LayerStatistics(Periodic):
    """What `ActivationStatistics` and `GradientStatistics` share.

    A subclass names its figures in `names`, those of them that are drawn on a logarithmic axis in
    `logarithmic`, the tag of its histograms in `tag`, and measures in `measure`.

    Attributes:
        epochs: array `(num_looks,)` of int, the epochs that were looked at, counted from 0.
        layers: array `(num_layers,)` of str, the paths of the layers.
        statistics: dict from a figure's name to an array `(num_looks, num_layers)`; NaN where a
            layer has no such figure.
    """

    names: tuple[str, ...] = ()
    logarithmic: tuple[str, ...] = ()
    tag = ""

    def __init__(self, every, log_dir):
        super().__init__(every, log_dir)
        self._reset()

    def _reset(self):
        self.epochs = np.zeros(0, int)
        self.layers = np.zeros(0, str)
        self.statistics = {name: np.zeros((0, 0)) for name in self.names}

    def measure(self):
        """Return a dict from a layer's path to a pair: its values, and its figures by name."""
        raise NotImplementedError(f"{type(self).__name__} must say what it measures.")

    def get_state(self):
        """Return the state as a dict of arrays."""
        state = {"epochs": self.epochs, "layers": self.layers, **self.statistics}
        return {name: value.copy() for name, value in state.items()}

    def set_state(self, state):
        """Put a state back.

        Raises:
            ValueError: it is not one that this class saves.
        """
        expected = {"epochs", "layers", *self.names}
        if set(state) != expected:
            raise ValueError(
                f"`state` of {type(self).__name__} must hold {sorted(expected)}. "
                f"Received: {sorted(state)}."
            )
        state = {name: np.array(value) for name, value in state.items()}
        self.epochs, self.layers = state["epochs"], state["layers"]
        self.statistics = {name: state[name] for name in self.names}

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        super().on_train_begin(logs)
        self._reset()

    def look(self, epoch):
        """Measure, keep the figures and write them."""
        found = self.measure()
        if not len(self.epochs):
            self.layers = np.array(list(found), str)
            self.statistics = {name: np.zeros((0, len(found))) for name in self.names}
        self.epochs = np.append(self.epochs, epoch)
        for name in self.names:
            row = [found[path][1][name] if path in found else np.nan for path in self.layers]
            self.statistics[name] = np.vstack([self.statistics[name], row])
        with self.writing() as written:
            if written:
                self._write(found, epoch)

    def last(self, name):
        """Return the last of a figure: a dict from a layer's path to a float.

        Args:
            name: str, one of `names`.
        """
        if not len(self.epochs):
            return {}
        rows = zip(self.layers, self.statistics[name][-1], strict=True)
        return {str(path): float(value) for path, value in rows}

    def figure(self):
        """Draw every figure over the epochs, a line for each layer.

        Returns:
            A matplotlib `Figure` that belongs to nobody.

        Raises:
            ValueError: nothing was looked at yet.
        """
        if not len(self.epochs):
            raise ValueError(
                f"{type(self).__name__} must have looked once before it is drawn. "
                "Received: no look. Give it to `fit` first."
            )
        shown = {
            _TITLES[name]: values
            for name, values in self.statistics.items()
            if not np.all(np.isnan(values))
        }
        logarithmic = [_TITLES[name] for name in self.logarithmic]
        return layer_curves(self.epochs + 1, self.layers, shown, logarithmic)

    def _write(self, found, epoch):
        generator = np.random.default_rng(epoch)
        for path, (values, figures) in found.items():
            if len(values) > NUM_DRAWN:
                values = values[generator.integers(0, len(values), NUM_DRAWN)]
            tf.summary.histogram(f"{path}/{self.tag}", values, step=epoch)
            for name, value in figures.items():
                if not np.isnan(value):
                    tf.summary.scalar(f"{path}/{self.tag}_{name}", value, step=epoch)
