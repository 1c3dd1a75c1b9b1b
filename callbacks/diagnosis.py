"""What goes wrong in a training, in words, as it happens."""

import math
import sys

import keras
import numpy as np

from . import findings, measure
from .monitor import expect_monitor
from .ranges import expect_pair, expect_whole
from .state import Resumable
from .thresholds import Thresholds

_ACTING_IN_TRAINING_ONLY = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)


class Diagnosis(Resumable, keras.callbacks.Callback):
    """Read the curves and the layers as a teaching assistant would, and say what is wrong.

    It knows underfitting, overfitting (since which epoch), diverging, validation that is easier
    than training, a plateau; and with a `sample` vanishing and exploding gradients by layer, and
    dead rectifiers. Each is printed once a fit, with what can be done, and kept in `findings`. The
    rules are the functions of `callbacks.findings`; none of them is certain, and all of them can
    be made to speak sooner or later by `thresholds`.

    Args:
        sample: tuple `(x, y)` of arrays, 32 to 256 examples to look at gradients and activations
            with; None leaves those rules out. Where the loss of the model cannot be computed from
            them, as with two players, the gradients are left out. Defaults to None.
        every: int >= 1, epochs between two looks at the sample. Defaults to 5: a look takes as
            long as some training steps.
        monitor: str, the loss to read: a quantity that falls, whose validated form has "val_" in
            front. Defaults to "loss".
        thresholds: `Thresholds`, when a rule speaks. Defaults to `Thresholds()`.
        stream: text file to print to; the standard error stream if None. Defaults to None.

    Attributes:
        findings: list of `(epoch, words)`, the epoch counted from 1.

    Raises:
        ValueError: an argument is out of its range; at the end of an epoch, that `monitor` is not
            there (with those that are).
    """

    state_names = ("_losses", "_validation", "_start", "_first_epoch", "_at", "_kinds", "_words")
    shared_names = ("sample", "stream")

    def __init__(self, sample=None, every=5, monitor="loss", thresholds=None, stream=None):
        super().__init__()
        expect_whole("Diagnosis", 1, every=every)
        if sample is not None:
            expect_pair("Diagnosis", sample=sample)
        self.sample = sample
        self.every = every
        self.monitor = monitor
        self.thresholds = thresholds or Thresholds()
        self.stream = stream
        self._reset()

    def _reset(self):
        self._losses = np.zeros(0)
        self._validation = np.zeros(0)
        self._start = math.nan
        self._first_epoch = 1
        self._at = np.zeros(0, int)
        self._kinds = np.zeros(0, str)
        self._words = np.zeros(0, str)

    @property
    def findings(self):
        """What was found so far."""
        return [(int(at), str(words)) for at, words in zip(self._at, self._words, strict=True)]

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        self._reset()

    def on_train_batch_end(self, batch, logs=None):
        """Keep the loss of the first steps, which the others are measured against."""
        # Of a fit that is taken up again the first steps were seen before.
        if math.isnan(self._start) and not len(self._losses) and logs and self.monitor in logs:
            self._start = float(logs[self.monitor])

    def on_epoch_end(self, epoch, logs=None):
        """Say what the epoch shows.

        Raises:
            ValueError: `monitor` is not among the logs.
        """
        logs = logs or {}
        expect_monitor(self, logs)
        if not len(self._losses):
            self._first_epoch = epoch + 1
        self._losses = np.append(self._losses, float(logs[self.monitor]))
        validated = float(logs.get(f"val_{self.monitor}", math.nan))
        self._validation = np.append(self._validation, validated)
        found = self._read_curves()
        if self.sample is not None and epoch % self.every == 0:
            found |= self._look_inside()
        for kind, words in found.items():
            if words is not None and kind not in self._kinds:
                self._at = np.append(self._at, epoch + 1)
                self._kinds = np.append(self._kinds, kind)
                self._words = np.append(self._words, words)
                print(f"epoch {epoch + 1}: {words}", file=self.stream or sys.stderr, flush=True)

    def _read_curves(self):
        curves = findings.Curves(
            self._losses, self._validation, self._start, self.monitor, self._first_epoch
        )
        found = {"diverging": findings.diverging(curves, self.thresholds)}
        if found["diverging"] is not None:
            # Whatever else the curves show is a consequence.
            return found
        for rule in (findings.underfitting, findings.plateau, findings.overfitting):
            found[rule.__name__] = rule(curves, self.thresholds)
        found["easy_validation"] = findings.easy_validation(
            curves, self.thresholds, has_dropout=self._has_dropout()
        )
        return found

    def _look_inside(self):
        x, y = self.sample
        shares = {
            path: figures["dead"]
            for path, (_, figures) in measure.of_activations(self.model, x).items()
        }
        num_examples = len(keras.tree.flatten(x)[0])
        found = {
            "dead": findings.dead_rectifiers(shares, self.thresholds, num_examples=num_examples)
        }
        try:
            gradients = measure.of_gradients(self.model, x, y)
        except (NotImplementedError, TypeError, ValueError):
            # Several networks under a `train_step` of their own have no single loss.
            return found
        sizes = {path: figures["root_mean_square"] for path, (_, figures) in gradients.items()}
        found["vanishing"] = findings.vanishing_gradients(sizes, self.thresholds)
        found["exploding"] = findings.exploding_gradients(sizes, self.thresholds)
        return found

    def _has_dropout(self):
        return any(
            isinstance(layer, _ACTING_IN_TRAINING_ONLY) or getattr(layer, "dropout", 0)
            for layer in self.model._flatten_layers(include_self=False)
        )
