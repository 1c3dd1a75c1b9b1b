"""Examples that can be reached by their number: arrays in memory, or files to decode."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from .splits import Split


@dataclasses.dataclass(frozen=True, kw_only=True)
class IndexedSplit(Split):
    """Examples that can be reached by their number.

    Whole batches are gathered by a shuffled index, which is what makes a small model fast.

    Attributes:
        inputs: array `(num_examples, ...)` of raw inputs, or a dict of them by name; of file names
            where `decode` is given.
        targets: array `(num_examples, ...)` of int labels in [0, num_classes), or of float values.
        decode: None, or a TensorFlow function from one element of `inputs` to the input tensor.
    """

    inputs: np.ndarray | dict[str, np.ndarray]
    targets: np.ndarray
    decode: Callable[[tf.Tensor], tf.Tensor] | None = None

    divisible = True

    @property
    def num_examples(self):
        return len(self.targets)

    def take(self, indices) -> IndexedSplit:
        """Return the split of the given examples, in the given order."""
        inputs = keras.tree.map_structure(lambda array: array[indices], self.inputs)
        return dataclasses.replace(self, inputs=inputs, targets=self.targets[indices])

    def joined(self, other) -> IndexedSplit:
        """Return the split of this one's examples and another's of the same data behind them."""
        inputs = keras.tree.map_structure(
            lambda one, two: np.concatenate([one, two]), self.inputs, other.inputs
        )
        targets = np.concatenate([self.targets, other.targets])
        return dataclasses.replace(self, inputs=inputs, targets=targets)

    def first(self, num_examples):
        return self.take(slice(num_examples))

    def arrays(self):
        inputs = keras.tree.flatten(self.inputs) if self.decode is None else []
        return [*inputs, self.targets]

    def keys(self, batch_size, seed, epoch, rows=None):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(self.num_examples, dtype=tf.int64),
            seed=tf.stack([tf.cast(seed, tf.int64), epoch]),
        )
        num_steps = self.steps_per_epoch(batch_size)
        table = tf.reshape(order[: num_steps * batch_size], (num_steps, batch_size))
        return tf.data.Dataset.from_tensor_slices(table if rows is None else table[:, rows])

    def reader(self):
        return self._reader

    @functools.cached_property
    def _reader(self):
        # Made once for all pipelines, and not by the trace of one, which would hold a copy for
        # itself: the trials of a search share the data.
        inputs = keras.tree.map_structure(tf.constant, self.inputs)
        targets = tf.constant(self.targets)

        def gather(indices):
            chosen = keras.tree.map_structure(lambda array: tf.gather(array, indices), inputs)
            if self.decode is not None:
                chosen = tf.map_fn(self.decode, chosen, fn_output_signature=tf.uint8)
            return chosen, tf.gather(targets, indices)

        return gather

    def ordered(self, batch_size):
        indices = tf.data.Dataset.range(self.num_examples).batch(batch_size)
        batches = indices.map(self.reader(), num_parallel_calls=tf.data.AUTOTUNE)
        return batches.prefetch(tf.data.AUTOTUNE)

    def parts(self, bounds):
        read = self.reader()
        ranges = tf.data.Dataset.from_tensor_slices(tf.constant(bounds, tf.int64))
        return ranges.map(lambda pair: read(tf.range(pair[0], pair[1])))

    def examples(self, indices):
        indices = np.asarray(indices, np.int64)
        batch = self.take(indices).reader()(tf.range(len(indices)))
        return keras.tree.map_structure(lambda tensor: tensor.numpy(), batch)
