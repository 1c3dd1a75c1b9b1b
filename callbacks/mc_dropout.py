"""How sure a classifier is, by Monte Carlo dropout, while it learns."""

import keras
import numpy as np
import tensorflow as tf

from . import predictive_figures as figures
from .dropout_passes import DropoutPasses, check_num_passes
from .ranges import expect_whole
from .state import Resumable

PREFIX = "val_mc_"


class MCDropout(Resumable, keras.callbacks.Callback):
    """Measure a classifier on validation data with dropout on, every few epochs.

    Into the logs, so that the history and TensorBoard have them, it writes

    - `val_mc_accuracy`, `val_mc_nll` (nats) and `val_mc_ece` (15 bins) of the mean over the passes,
    - `val_mc_entropy`, the mean predictive entropy, and `val_mc_mutual_information`, the mean of
      what the passes disagree on, both in nats,
    - `val_mc_deterministic_accuracy`, `_nll`, `_ece` and `_entropy` of the same model with dropout
      off.

    An epoch in between has none of them. Dropout alone is on; the model is left as it is, bit for
    bit. Place it before callbacks that read the logs.

    Sources: Gal and Ghahramani 2016, https://arxiv.org/abs/1506.02142; for the error of
    calibration Guo et al. 2017, https://arxiv.org/abs/1706.04599.

    Args:
        data: pair `(x, y)` of arrays, or a `tf.data.Dataset` of batches of them. `y` is
            `(examples,)` of int, or one-hot `(examples, classes)`.
        every: int >= 1, epochs from one measurement to the next; the last of so many is measured.
            Defaults to 1.
        num_passes: int >= 1; 25 to 100 are usual. Defaults to 50.
        from_logits: bool, whether the model gives logits; else it gives probabilities. Defaults to
            True.
        seed: int, decides what is dropped; the same in every epoch, so that epochs can be compared.
            Defaults to 0.
        batch_size: int >= 1, for arrays. Defaults to 256.

    Attributes:
        history: dict from each name to a float array, one value for each epoch of `epochs`.
        epochs: int array, the epochs that were measured, counted from 0.

    Raises:
        ValueError: an argument is out of its range; when training begins: the model has no dropout
            layer.
    """

    state_names = ("epochs", "measured")
    transient_names = ("_model", "_passes")

    def __init__(self, data, every=1, num_passes=50, *, from_logits=True, seed=0, batch_size=256):
        super().__init__()
        check_num_passes("MCDropout", num_passes)
        expect_whole("MCDropout", 1, every=every, batch_size=batch_size)
        if not isinstance(data, tf.data.Dataset) and not (
            isinstance(data, (tuple, list)) and len(data) == 2
        ):
            raise ValueError(
                "`data` of MCDropout must be a pair (x, y) of arrays, or a tf.data.Dataset of such "
                f"batches. Received: {type(data).__name__}."
            )
        self.data = data
        self.every = every
        self.num_passes = num_passes
        self.from_logits = from_logits
        self.seed = seed
        self.batch_size = batch_size
        self._passes = None
        self._reset()

    def _reset(self):
        self.epochs = np.zeros(0, np.int64)
        self.measured = np.zeros((0, len(NAMES)))

    @property
    def history(self):
        """What was measured, by name."""
        return dict(zip(NAMES, self.measured.T, strict=True))

    def __deepcopy__(self, memo):
        memo[id(self.data)] = self.data  # read and never written; a data set cannot be copied
        return super().__deepcopy__(memo)

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        self._reset()
        self._passes = None
        if self.model.built:
            self._prepare()

    def on_epoch_end(self, epoch, logs=None):
        """Measure, where it is time."""
        if (epoch + 1) % self.every:
            return
        if self._passes is None:
            self._prepare()
        values = self._measure()
        self.epochs = np.append(self.epochs, epoch)
        self.measured = np.vstack([self.measured, values])
        if logs is not None:
            logs.update(zip(NAMES, values, strict=True))

    def _prepare(self):
        self._passes = DropoutPasses(self.model, self.num_passes)

    def _measure(self):
        means, mutual, plain, labels = [], [], [], []
        for number, (x, y) in enumerate(self._batches()):
            plain.append(self._probabilities(self._passes.without(x), 2))
            passes = self._probabilities(self._passes(x, self.seed, batch=number), 3)
            # All that is wanted of the passes, so that they are not kept for the whole of the data.
            means.append(passes.mean(axis=0))
            mutual.append(figures.mutual_information(passes))
            y = np.asarray(y)
            labels.append(y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(-1))
        labels = np.concatenate(labels)
        return [
            *_figures(np.concatenate(means), labels),
            float(np.concatenate(mutual).mean()),
            *_figures(np.concatenate(plain), labels),
        ]

    def _probabilities(self, answers, rank):
        answers = keras.ops.convert_to_numpy(answers)
        if answers.ndim != rank or answers.shape[-1] < 2:
            raise ValueError(
                "The model of MCDropout must give one output of classes, (batch, classes). "
                f"Received: answers of shape {answers.shape}."
            )
        return figures.probabilities_of(answers) if self.from_logits else answers

    def _batches(self):
        if isinstance(self.data, tf.data.Dataset):
            yield from self.data
            return
        x, y = self.data
        for first in range(0, len(y), self.batch_size):
            part = slice(first, first + self.batch_size)
            yield keras.tree.map_structure(lambda array, part=part: array[part], x), y[part]


FIGURES = ("accuracy", "nll", "ece", "entropy")
NAMES = (
    *(PREFIX + name for name in FIGURES),
    PREFIX + "mutual_information",
    *(f"{PREFIX}deterministic_{name}" for name in FIGURES),
)


def _figures(probabilities, labels):
    return [
        figures.accuracy(probabilities, labels),
        figures.negative_log_likelihood(probabilities, labels),
        figures.expected_calibration_error(probabilities, labels),
        float(figures.entropy(probabilities).mean()),
    ]
