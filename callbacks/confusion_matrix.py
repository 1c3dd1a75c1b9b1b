"""Which class is taken for which, as the training goes on."""

import numpy as np
import tensorflow as tf

from . import pictures
from .periodic import Periodic, write_images
from .ranges import expect_pair, expect_whole


class ConfusionMatrix(Periodic):
    """Count which class is taken for which on held-out examples, and draw it for TensorBoard.

    Args:
        examples: tuple `(x, y)`: the inputs as `model.predict` takes them, and the classes, of
            whole numbers `(num_examples, ...)` or one-hot `(num_examples, ..., num_classes)`. A
            class below 0 is not counted.
        class_names: sequence of str in the order of the labels, or None for their numbers.
            Defaults to None.
        every: int >= 1, epochs between two looks. Defaults to 5: drawing takes a fifth of a
            second.
        log_dir: str or path of the folder of the event file, or None to draw nothing. Defaults to
            None.
        batch_size: int >= 1, examples predicted at once. Defaults to 256.

    Attributes:
        counts: array `(num_classes, num_classes)` of int, truth along the rows and predictions
            along the columns, of the last look; or None before the first one.

    Raises:
        ValueError: an argument is out of its range; at the first look, that the model does not
            give a score for each of two classes or more, or other classes than there are names.
    """

    shared_names = ("examples",)
    state_names = ("counts",)

    def __init__(self, examples, class_names=None, every=5, log_dir=None, batch_size=256):
        super().__init__(every, log_dir)
        expect_pair("ConfusionMatrix", examples=examples)
        expect_whole("ConfusionMatrix", 1, batch_size=batch_size)
        self.examples = examples
        self.class_names = class_names
        self.batch_size = batch_size
        self.counts = None

    def on_train_begin(self, logs=None):
        """Forget an earlier fit."""
        super().on_train_begin(logs)
        self.counts = None

    def look(self, epoch):
        """Predict, count and draw."""
        x, y = self.examples
        scores = self.model.predict(x, batch_size=self.batch_size, verbose=0)
        self.counts = self._count(scores, np.asarray(y))
        with self.writing() as written:
            if written:
                write_images("confusion_matrix", self.figure(), epoch)

    def figure(self):
        """Draw the last counts.

        Returns:
            A matplotlib `Figure` that belongs to nobody.

        Raises:
            ValueError: nothing was counted yet.
        """
        if self.counts is None:
            raise ValueError(
                "ConfusionMatrix must have looked once before it is drawn. Received: no look. "
                "Give it to `fit` first."
            )
        return pictures.confusion_matrix(self.counts, self._names(len(self.counts)))

    def _count(self, scores, labels):
        shape = getattr(scores, "shape", ())
        num_classes = shape[-1] if len(shape) > 1 else 0
        if num_classes < 2:
            raise ValueError(
                "The model whose ConfusionMatrix is counted must give a score for each of two "
                f"classes or more, along the last axis. Received: outputs of shape {shape}."
            )
        if len(self._names(num_classes)) != num_classes:
            raise ValueError(
                f"`class_names` of ConfusionMatrix must name the {num_classes} classes that the "
                f"model has scores for. Received: {len(self.class_names)} names."
            )
        if labels.shape == shape:
            labels = labels.argmax(axis=-1)
        labels, predicted = labels.ravel().astype(int), scores.argmax(axis=-1).ravel()
        if len(labels) != len(predicted) or labels.max(initial=0) >= num_classes:
            raise ValueError(
                f"`examples` of ConfusionMatrix must have one class in [0, {num_classes}) for each "
                f"of the {len(predicted)} predictions. Received: {len(labels)} classes up to "
                f"{labels.max(initial=0)}."
            )
        counted = labels >= 0
        return tf.math.confusion_matrix(labels[counted], predicted[counted], num_classes).numpy()

    def _names(self, num_classes):
        return self.class_names or [str(number) for number in range(num_classes)]
