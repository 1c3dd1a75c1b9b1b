"""A text as a split: parallel streams to train on, overlapping windows to be judged on."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from ..errors import RecipeError
from .splits import IGNORED, Split

# Characters a row of a training batch: how far back a gradient goes.
LENGTH = 64
# Characters at the start of a window that only warm the memory up. They come on top of those that
# are counted: three times as many, so that a window costs a third more than the text it counts.
WARM_UP = 64
COUNTED = 192


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextSplit(Split):
    """The ids of a text, each of which is the target of the one before it.

    **To train**, the text is a ring, cut into `batch_size` parallel streams: at step t, row b of a
    batch begins `b * stride + t * length` characters behind the run's beginning, so that each row
    goes on exactly where the same row of the batch before ended, from its stream into the next one
    and from the end of the text into its beginning. A memory that is carried from batch to batch
    is therefore never wrong, and there is nothing to reset. Where the run begins in the text
    depends on the seed.

    **To be judged**, an example is a window of up to 256 characters: the first 64 of each but the
    first window warm up a memory that begins empty, and have the target -1; the rest is counted.
    Every character of the text but the first is counted once.

    Attributes:
        ids: array `(num_characters,)` of uint8 or uint16; a memory map of a file for long texts.
        length: int >= 1, characters a row of a training batch. Defaults to 64.
    """

    ids: np.ndarray
    length: int = LENGTH

    @property
    def num_examples(self):
        """How many windows there are; there is one where any character is counted at all."""
        return max(1, -(-(len(self.ids) - 1 - WARM_UP) // COUNTED))

    @property
    def targets(self):
        return self.examples(range(self.num_examples))[1]

    def first(self, num_examples):
        return dataclasses.replace(self, ids=self.ids[: WARM_UP + num_examples * COUNTED + 1])

    def steps_per_epoch(self, batch_size):
        num_steps = len(self.ids) // (batch_size * self.length)
        if num_steps < 1:
            raise RecipeError(
                f"`batch_size` times {self.length} characters a row must be at most the number of "
                f"characters to train on, {len(self.ids)}. Received: batch_size={batch_size}. "
                f"Lower it, or add text."
            )
        return num_steps

    def keys(self, batch_size, seed, epoch, rows=None):
        """Return the place in the text at which each row of each batch begins."""
        num_characters = len(self.ids)
        begin = tf.random.stateless_uniform(
            (),
            seed=tf.stack([tf.cast(seed, tf.int64), 0]),
            maxval=num_characters,
            dtype=tf.int64,
        )
        stride = num_characters // batch_size
        places = begin + tf.range(batch_size, dtype=tf.int64) * stride
        places = places if rows is None else places[rows]
        num_steps = self.steps_per_epoch(batch_size)
        # Not as one table, which would grow with the text.
        steps = tf.data.Dataset.range(num_steps)
        return steps.map(
            lambda step: (places + (epoch * num_steps + step) * self.length) % num_characters
        )

    def reader(self):
        take = self._taker()

        def read(places):
            offsets = tf.range(self.length + 1, dtype=tf.int64)
            ids = take((places[:, None] + offsets) % len(self.ids))
            return ids[:, :-1], ids[:, 1:]

        return read

    def ordered(self, batch_size):
        take = self._taker()

        def read(windows):
            places, counted = self._places(windows)
            ids = take(tf.minimum(places, len(self.ids) - 1))
            # Behind the end of the text there is nothing to read.
            inputs = tf.where(places[:, :-1] < len(self.ids), ids[:, :-1], 0)
            return inputs, tf.where(counted, ids[:, 1:], IGNORED)

        windows = tf.data.Dataset.range(self.num_examples).batch(batch_size)
        return windows.map(read, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def examples(self, indices):
        places, counted = (part.numpy() for part in self._places(np.asarray(indices, np.int64)))
        ids = np.asarray(self.ids[np.minimum(places, len(self.ids) - 1)], np.int32)
        inputs = np.where(places[:, :-1] < len(self.ids), ids[:, :-1], 0)
        return inputs, np.where(counted, ids[:, 1:], IGNORED)

    def _places(self, windows):
        """Return the places `(windows, 257)` of windows, and which targets are counted."""
        offsets = tf.range(WARM_UP + COUNTED + 1, dtype=tf.int64)
        places = tf.cast(windows, tf.int64)[:, None] * COUNTED + offsets
        warm = (offsets[1:] > WARM_UP) | (places[:, :1] == 0)
        return places, warm & (places[:, 1:] < len(self.ids))

    def _taker(self):
        """Return a function from places to int32 ids."""
        if isinstance(self.ids, np.memmap):
            return self._take_from_file
        # Made once, and not by the trace of a pipeline, which would hold a copy for itself.
        ids = tf.constant(self.ids)
        return lambda places: tf.cast(tf.gather(ids, places), tf.int32)

    def _take_from_file(self, places):
        taken = tf.numpy_function(
            lambda places: np.asarray(self.ids[places], np.int32), [places], tf.int32
        )
        return tf.ensure_shape(taken, places.shape)
