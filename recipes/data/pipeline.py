"""Splits to batches. A training batch is a function of the seed and its step, and of nothing else.

That is what lets a run that was killed go on with the very batch it had not seen yet: the pipeline
has no position to save.
"""

import numpy as np
import tensorflow as tf

from ..errors import RecipeError
from .splits import IndexedSplit, StreamedSplit

# Examples held for shuffling a stream: enough to mix the classes of a file, small in memory.
SHUFFLE_BUFFER = 10_000


def steps_per_epoch(split, batch_size):
    """Return how many training steps an epoch has: the whole batches in it, at least one.

    What is left over once the batches are full is left out, another handful each epoch; so every
    step has one shape and replicas share it evenly.

    Raises:
        RecipeError: the batch is larger than the split.
    """
    if batch_size > split.num_examples:
        raise RecipeError(
            f"`batch_size` must be at most the number of training examples, "
            f"{split.num_examples}. Received: batch_size={batch_size}."
        )
    return split.num_examples // batch_size


def training_batches(split, batch_size, *, seed, augment=(), first_step=0):
    """Return the endless data set of shuffled training batches, from a given step on.

    Args:
        split: `IndexedSplit` or `StreamedSplit`.
        batch_size: int, examples a batch; the batch of all replicas together.
        seed: int >= 0, decides the order of each epoch and each augmentation.
        augment: tuple of pure functions `(inputs, seed) -> inputs`, `inputs` of shape
            `(batch_size, ...)` and `seed` an int64 tensor of shape `(2,)`.
        first_step: int, the step to begin with, counted over all epochs. Defaults to 0.

    Returns:
        `tf.data.Dataset` of `(inputs, targets)`, of infinite cardinality.
    """
    num_steps = steps_per_epoch(split, batch_size)
    first_epoch, skipped = divmod(first_step, num_steps)
    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    shuffled = _shuffled_indices if isinstance(split, IndexedSplit) else _shuffled_stream
    batches = epochs.flat_map(lambda epoch: shuffled(split, batch_size, num_steps, seed, epoch))
    batches = batches.skip(skipped)
    if isinstance(split, IndexedSplit):
        batches = batches.map(_gather(split), num_parallel_calls=tf.data.AUTOTUNE)
    if augment:
        batches = batches.enumerate(first_step).map(
            lambda step, batch: (_augmented(batch[0], augment, seed, step), batch[1]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    return batches.apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    ).prefetch(tf.data.AUTOTUNE)


def ordered_batches(split, batch_size):
    """Return a split once, in its own order, the last batch as small as it comes.

    Returns:
        `tf.data.Dataset` of `(inputs, targets)`, of known cardinality.
    """
    if isinstance(split, StreamedSplit):
        batches = split.dataset.batch(batch_size)
    else:
        indices = tf.data.Dataset.range(split.num_examples).batch(batch_size)
        batches = indices.map(_gather(split), num_parallel_calls=tf.data.AUTOTUNE)
    num_batches = -(-split.num_examples // batch_size)
    return batches.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(
        tf.data.AUTOTUNE
    )


def all_targets(split):
    """Return the targets of a split in its own order, an array `(num_examples,)`."""
    if isinstance(split, IndexedSplit):
        return split.targets
    return np.fromiter(
        split.dataset.map(lambda _, target: target).as_numpy_iterator(),
        split.dataset.element_spec[1].dtype.as_numpy_dtype,
        split.num_examples,
    )


def examples(split, indices):
    """Return chosen examples of a split as arrays `(inputs, targets)`, in the order asked for.

    A stream is passed over once.
    """
    indices = np.asarray(indices, np.int64)
    if isinstance(split, IndexedSplit):
        inputs, targets = _gather(split.take(indices))(tf.range(len(indices)))
        return inputs.numpy(), targets.numpy()
    wanted = set(indices.tolist())
    found = {
        number: example
        for number, example in enumerate(split.dataset.as_numpy_iterator())
        if number in wanted
    }
    chosen = [found[number] for number in indices.tolist()]
    return np.stack([inputs for inputs, _ in chosen]), np.stack([target for _, target in chosen])


def _shuffled_indices(split, batch_size, num_steps, seed, epoch):
    order = tf.random.experimental.stateless_shuffle(
        tf.range(split.num_examples, dtype=tf.int64),
        seed=tf.stack([tf.cast(seed, tf.int64), epoch]),
    )
    return tf.data.Dataset.from_tensor_slices(
        tf.reshape(order[: num_steps * batch_size], (num_steps, batch_size))
    )


def _shuffled_stream(split, batch_size, num_steps, seed, epoch):
    buffer = min(SHUFFLE_BUFFER, split.num_examples)
    # One number from the two, so that neighbouring seeds do not share epochs.
    mixed = tf.random.stateless_uniform(
        (), seed=tf.stack([tf.cast(seed, tf.int64), epoch]), maxval=2**31, dtype=tf.int64
    )
    examples = split.dataset.shuffle(buffer, seed=mixed, reshuffle_each_iteration=False)
    return examples.batch(batch_size, drop_remainder=True).take(num_steps)


def _gather(split):
    inputs, targets = tf.constant(split.inputs), tf.constant(split.targets)

    def gather(indices):
        chosen = tf.gather(inputs, indices)
        if split.decode is not None:
            chosen = tf.map_fn(split.decode, chosen, fn_output_signature=tf.uint8)
        return chosen, tf.gather(targets, indices)

    return gather


def _augmented(inputs, augment, seed, step):
    for number, function in enumerate(augment):
        # The seed of the data order is taken with its sign turned, so that the two never meet.
        inputs = function(
            inputs, tf.stack([-1 - tf.cast(seed, tf.int64), step * len(augment) + number])
        )
    return inputs
