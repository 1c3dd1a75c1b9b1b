"""Splits to training batches. A batch is a function of the seed and its step, of nothing else."""

import keras
import tensorflow as tf


def training_batches(
    split, batch_size, *, seed, augment=(), pair=None, first_step=0, rows=None, part=(0, 1)
):
    """Return the endless data set of shuffled training batches, from a given step on.

    Where only some rows of each batch are wanted, only those are read, unless there is an
    augmentation: it may mix the examples of a batch, and draws for all of them at once, so that the
    batch is read and augmented whole and then cut.

    Args:
        split: `Split`.
        batch_size: int, examples a batch; the batch of all replicas together.
        seed: int >= 0, decides the order of each epoch and each augmentation.
        augment: tuple of pure functions `(inputs, targets, seed) -> (inputs, targets)` on a batch,
            `seed` an int64 tensor of shape `(2,)`.
        pair: function `(inputs, targets) -> (x, y)` of what a task makes of a batch, or None to
            leave it. Defaults to None.
        first_step: int, the step to begin with, counted over all epochs. Defaults to 0.
        rows: `slice` of the rows of each batch that are wanted, those of one worker among several;
            None for all. Defaults to None.
        part: pair `(number, num_parts)`: of the steps every `num_parts`-th, beginning with the
            one of this number behind `first_step`; the others are not read. Defaults to all.

    Returns:
        `tf.data.Dataset` of pairs, of infinite cardinality.

    Raises:
        RecipeError: the batch is larger than the split.
    """
    first_epoch, skipped = divmod(first_step, split.steps_per_epoch(batch_size))
    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    cut = None if augment else rows
    keys = epochs.flat_map(lambda epoch: split.keys(batch_size, seed, epoch, cut)).skip(skipped)
    number, num_parts = part
    read = split.reader()

    def batch(step, key):
        inputs, targets = read(key)
        for place, function in enumerate(augment):
            # The seed of the data order is taken with its sign turned: the two never meet.
            drawn = tf.stack([-1 - tf.cast(seed, tf.int64), step * len(augment) + place])
            inputs, targets = function(inputs, targets, drawn)
        if augment and rows is not None:
            inputs, targets = keras.tree.map_structure(lambda t: t[rows], (inputs, targets))
        return (inputs, targets) if pair is None else pair(inputs, targets)

    # Before they are read: a key that is passed over costs next to nothing.
    steps = keys.enumerate(first_step).shard(num_parts, number)
    batches = steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    ).prefetch(tf.data.AUTOTUNE)
