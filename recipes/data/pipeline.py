"""Splits to training batches. A batch is a function of the seed and its step, of nothing else."""

import tensorflow as tf


def training_batches(split, batch_size, *, seed, augment=(), pair=None, first_step=0):
    """Return the endless data set of shuffled training batches, from a given step on.

    Args:
        split: `Split`.
        batch_size: int, examples a batch; the batch of all replicas together.
        seed: int >= 0, decides the order of each epoch and each augmentation.
        augment: tuple of pure functions `(inputs, targets, seed) -> (inputs, targets)` on a batch,
            `seed` an int64 tensor of shape `(2,)`.
        pair: function `(inputs, targets) -> (x, y)` of what a task makes of a batch, or None to
            leave it. Defaults to None.
        first_step: int, the step to begin with, counted over all epochs. Defaults to 0.

    Returns:
        `tf.data.Dataset` of pairs, of infinite cardinality.

    Raises:
        RecipeError: the batch is larger than the split.
    """
    first_epoch, skipped = divmod(first_step, split.steps_per_epoch(batch_size))
    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    keys = epochs.flat_map(lambda epoch: split.keys(batch_size, seed, epoch)).skip(skipped)
    read = split.reader()

    def batch(step, key):
        inputs, targets = read(key)
        for number, function in enumerate(augment):
            # The seed of the data order is taken with its sign turned: the two never meet.
            drawn = tf.stack([-1 - tf.cast(seed, tf.int64), step * len(augment) + number])
            inputs, targets = function(inputs, targets, drawn)
        return (inputs, targets) if pair is None else pair(inputs, targets)

    batches = keys.enumerate(first_step).map(batch, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    ).prefetch(tf.data.AUTOTUNE)
