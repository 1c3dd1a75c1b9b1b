"""Examples in several TFRecord files, of which each worker reads those that it needs.

A batch is made of *lanes*: a lane gives the same rows of every batch of an epoch, out of a part of
the files that no other lane reads. How many lanes there are depends on the files and the batch and
not on the workers, so that any number of workers makes the same batches: one process reads all
lanes, and each of several those that its rows come from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from .splits import chosen
from .streamed import SHUFFLE_BUFFER, StreamedSplit, stop_after

# Enough to share among as many workers; each lane has a file open.
MAX_LANES = 16
_NUM_AT_ONCE = 64

# What opens a file; its records come as bytes.
open_records = tf.data.TFRecordDataset


@dataclasses.dataclass(frozen=True)
class Records:
    """Some of the records of a file: `count` of them, behind the first `skip`."""

    path: str
    skip: int
    count: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardedSplit(StreamedSplit):
    """Examples in TFRecord files.

    Attributes:
        files: tuple of `Records`, which in this order are the examples in theirs.
        parse: TensorFlow function from records `(batch,)` as bytes to `(inputs, targets)`.
    """

    files: tuple[Records, ...]
    parse: Callable

    @classmethod
    def of(cls, files, parse):
        """Return the split of files with at least one record each.

        Args:
            files: list of `Records`.
            parse: see the attributes.
        """
        num_examples = sum(file.count for file in files)
        batches = _read(*_columns(files)).batch(_NUM_AT_ONCE)
        dataset = batches.map(parse, num_parallel_calls=tf.data.AUTOTUNE).unbatch()
        return cls(
            dataset=dataset.apply(tf.data.experimental.assert_cardinality(num_examples)),
            num_examples=num_examples,
            files=tuple(files),
            parse=parse,
        )

    def first(self, num_examples):
        kept = []
        for file in self.files:
            count = min(file.count, num_examples)
            num_examples -= count
            if count:
                kept.append(dataclasses.replace(file, count=count))
        return ShardedSplit.of(kept, self.parse)

    def keys(self, batch_size, seed, epoch, rows=None):
        """Return the records of each batch of an epoch, `(rows,)` as bytes, still to be parsed.

        The files are laid in a line, in an order of the epoch's own, and the line is cut into as
        many parts as there are lanes. The records of a part are shuffled on the way. So an example
        is read at most once an epoch, and a worker opens the files of its lanes alone.
        """
        num_lanes = lanes_of(batch_size, len(self.files))
        share = batch_size // num_lanes
        rows = slice(0, batch_size) if rows is None else rows
        first, end = rows.start // share, -(-rows.stop // share)
        num_steps = self.steps_per_epoch(batch_size)
        paths, skips, counts = _columns(self.files)
        seeds = tf.stack([tf.cast(seed, tf.int64), epoch])
        order = tf.random.experimental.stateless_shuffle(tf.range(len(self.files)), seed=seeds)
        paths, skips, counts = (tf.gather(column, order) for column in (paths, skips, counts))
        cuts = lane_bounds(counts, num_lanes, num_steps * share)
        # One number a lane, so that neighbouring seeds, epochs and lanes share none.
        mixed = tf.random.stateless_uniform((num_lanes,), seeds, maxval=2**31, dtype=tf.int64)

        def lane(number):
            part = _part(skips, counts, cuts[number], cuts[number + 1])
            buffer = max(1, min(SHUFFLE_BUFFER, self.num_examples) // num_lanes)
            shuffled = _read(*(tf.boolean_mask(c, part[-1] > 0) for c in (paths, *part))).shuffle(
                buffer, seed=mixed[number], reshuffle_each_iteration=False
            )
            return shuffled.batch(share, drop_remainder=True).take(num_steps)

        # All at once, since the files may come over a network; the order is theirs all the same.
        lanes = tf.data.Dataset.range(first, end).interleave(
            lane, cycle_length=end - first, num_parallel_calls=end - first, deterministic=True
        )
        wanted = slice(rows.start - first * share, rows.stop - first * share)
        return lanes.batch(end - first, drop_remainder=True).map(
            lambda records: tf.reshape(records, [(end - first) * share])[wanted]
        )

    def reader(self):
        return self.parse

    def ordered(self, batch_size):
        batches = _read(*_columns(self.files)).batch(batch_size)
        parsed = batches.map(self.parse, num_parallel_calls=tf.data.AUTOTUNE)
        return stop_after(parsed, -(-self.num_examples // batch_size))

    def parts(self, bounds):
        # Others' records are passed over before they are parsed.
        return chosen(_read(*_columns(self.files)), bounds).map(self.parse)


def lanes_of(batch_size, num_files):
    """Return how many lanes a batch has: its largest divisor that the files allow, at most 16.

    >>> lanes_of(128, 40), lanes_of(100, 40), lanes_of(128, 5), lanes_of(127, 40)
    (16, 10, 4, 1)
    """
    most = min(batch_size, num_files, MAX_LANES)
    return next(lanes for lanes in range(most, 0, -1) if batch_size % lanes == 0)


def lane_bounds(counts, num_lanes, least):
    """Return where a line of files is cut into parts.

    A part has at least what its lane gives in an epoch. Where that leaves a choice, the cut falls
    between two files, so that no file is read for two lanes.

    Args:
        counts: int64 tensor `(files,)`, the records of each file.
        num_lanes: int.
        least: int, how many records a lane gives; `num_lanes * least` is at most their sum.

    Returns:
        int64 tensor `(num_lanes + 1,)`, from 0 to the sum of the counts.

    >>> lane_bounds(tf.constant([5, 4, 6, 5], tf.int64), 2, 8).numpy().tolist()
    [0, 9, 20]
    >>> lane_bounds(tf.constant([5, 4, 6, 5], tf.int64), 2, 10).numpy().tolist()
    [0, 10, 20]
    """
    ends = tf.cumsum(counts)
    total = ends[-1]
    cuts = [tf.zeros((), tf.int64)]
    for lane in range(1, num_lanes):
        lowest, highest = cuts[-1] + least, total - (num_lanes - lane) * least
        even = lane * total // num_lanes
        between = tf.logical_and(ends >= lowest, ends <= highest)
        distance = tf.where(between, tf.abs(ends - even), tf.int64.max)
        nearest = tf.argmin(distance)
        cuts.append(
            tf.where(between[nearest], ends[nearest], tf.clip_by_value(even, lowest, highest))
        )
    return tf.stack([*cuts, total])


def _part(skips, counts, begin, end):
    """Return how much of each file to skip and to take for a stretch of the line."""
    ends = tf.cumsum(counts)
    first = tf.maximum(begin, ends - counts)
    return skips + first - (ends - counts), tf.minimum(end, ends) - first


def _columns(files):
    paths = tf.constant([file.path for file in files])
    skips, counts = ([getattr(file, name) for file in files] for name in ("skip", "count"))
    return paths, tf.constant(skips, tf.int64), tf.constant(counts, tf.int64)


def _read(paths, skips, counts):
    """Return the records of files, one file after the other."""
    files = tf.data.Dataset.from_tensor_slices((paths, skips, counts))
    return files.flat_map(lambda path, skip, count: open_records(path).skip(skip).take(count))
