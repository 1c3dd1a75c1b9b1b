"""Examples that are read one after the other from TFRecord files, in flat memory."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from .splits import Split

# Examples held for shuffling a stream: enough to mix the classes of a file, small in memory.
SHUFFLE_BUFFER = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedSplit(Split):
    """Examples that are read one after the other.

    Attributes:
        dataset: `tf.data.Dataset` of single `(inputs, target)` pairs, finite, always in one order.
        num_examples: int, how many pairs it holds.
    """

    dataset: tf.data.Dataset
    num_examples: int

    @property
    def targets(self):
        dataset = self.dataset.map(lambda _, target: target)
        return np.stack(list(dataset.as_numpy_iterator()))

    def first(self, num_examples):
        num_examples = min(num_examples, self.num_examples)
        return StreamedSplit(dataset=self.dataset.take(num_examples), num_examples=num_examples)

    def keys(self, batch_size, seed, epoch, rows=None):
        buffer = min(SHUFFLE_BUFFER, self.num_examples)
        # One number from the two, so that neighbouring seeds do not share epochs.
        mixed = tf.random.stateless_uniform(
            (), seed=tf.stack([tf.cast(seed, tf.int64), epoch]), maxval=2**31, dtype=tf.int64
        )
        shuffled = self.dataset.shuffle(buffer, seed=mixed, reshuffle_each_iteration=False)
        num_steps = self.steps_per_epoch(batch_size)
        batches = shuffled.batch(batch_size, drop_remainder=True).take(num_steps)
        if rows is None:
            return batches
        return batches.map(lambda *batch: keras.tree.map_structure(lambda t: t[rows], batch))

    def reader(self):
        # What stands for a batch of a stream is the batch.
        return lambda batch: batch

    def ordered(self, batch_size):
        return stop_after(self.dataset.batch(batch_size), -(-self.num_examples // batch_size))

    def examples(self, indices):
        indices = np.asarray(indices, np.int64).tolist()
        wanted = set(indices)
        found = {
            number: example
            for number, example in enumerate(self.dataset.as_numpy_iterator())
            if number in wanted
        }
        return keras.tree.map_structure(lambda *of: np.stack(of), *(found[n] for n in indices))


def stop_after(batches, num_batches):
    """Return a data set whose batches are known to be so many, read ahead."""
    return batches.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(
        tf.data.AUTOTUNE
    )
