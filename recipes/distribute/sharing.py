"""Batches for several replicas: each worker makes its own rows of the batch that one would take.

TensorFlow would share out a data set by its files, or by passing over what belongs to others, and
both give a worker another order than one device has. Here the function that makes a batch is told
which rows are wanted.
"""

import keras
import tensorflow as tf


def training_data(place, batch_size, make):
    """Return the endless training batches of all replicas.

    Args:
        place: `tf.distribute.Strategy`.
        batch_size: int, examples of a batch over all replicas, which can be shared evenly.
        make: function from the `slice` of a batch's rows that this process needs, or None for all
            of them, to an endless `tf.data.Dataset` of these rows of each batch.

    Returns:
        What `fit` takes: a `tf.data.Dataset` for one replica, else a distributed one.
    """
    if place.num_replicas_in_sync == 1:
        return make(None)
    share = batch_size // place.num_replicas_in_sync

    def of_process(context):
        rows = _rows(context, share)
        num_here = (rows.stop - rows.start) // share

        def divide(*batch):
            parts = keras.tree.map_structure(
                lambda t: tf.reshape(t, (num_here, share, *t.shape[1:])), batch
            )
            return tf.data.Dataset.from_tensor_slices(parts)

        return _endless(make(rows).flat_map(divide))

    return place.distribute_datasets_from_function(of_process)


def evaluation_data(place, split, batch_size, pair):
    """Return the batches of a split in order, once each, for all replicas, and how many there are.

    The last batch is shared as evenly as it can be. Where it has fewer examples than there are
    replicas, it takes some of the batch before it, so that no replica is without an example, of
    which no mean can be taken.

    Args:
        place: `tf.distribute.Strategy`.
        split: `Split`, of at least as many examples as there are replicas.
        batch_size: int, examples of a batch over all replicas.
        pair: function `(inputs, targets) -> (x, y)`, see `Task.pair`.

    Returns:
        A pair: what `evaluate` takes within `passes_of`, endless for several replicas, and the
        number of steps to give with it.
    """
    num_replicas = place.num_replicas_in_sync
    if num_replicas == 1:
        return split.ordered(batch_size).map(pair), -(-split.num_examples // batch_size)
    shares = shares_in_order(split.num_examples, batch_size, num_replicas)

    def of_process(context):
        num_here = context.num_replicas_in_sync // context.num_input_pipelines
        first = context.input_pipeline_id * num_here
        mine = [bounds for step in shares for bounds in step[first : first + num_here]]
        return _endless(split.parts(mine).map(pair, num_parallel_calls=tf.data.AUTOTUNE))

    return place.distribute_datasets_from_function(of_process), len(shares)


def shares_in_order(num_examples, batch_size, num_replicas):
    """Return which examples each replica has in each step of one pass in order.

    Args:
        num_examples: int, at least `num_replicas`.
        batch_size: int, at least `num_replicas`.
        num_replicas: int.

    Returns:
        A list with one list a step, of a pair `(first, end)` for each replica.

    >>> shares_in_order(9, 4, 2)
    [[(0, 2), (2, 4)], [(4, 6), (6, 7)], [(7, 8), (8, 9)]]
    """
    sizes = [batch_size] * (num_examples // batch_size)
    left = num_examples % batch_size
    if left and (left >= num_replicas or not sizes):
        sizes.append(left)
    elif left and batch_size + left >= 2 * num_replicas:
        sizes[-1:] = batch_size + left - num_replicas, num_replicas
    elif left:
        sizes[-1] += left
    shares, begin = [], 0
    for size in sizes:
        small, more = divmod(size, num_replicas)
        step = []
        for replica in range(num_replicas):
            end = begin + small + (replica < more)
            step.append((begin, end))
            begin = end
        shares.append(step)
    return shares


def _rows(context, share):
    num_here = context.num_replicas_in_sync // context.num_input_pipelines
    first = context.input_pipeline_id * num_here * share
    return slice(first, first + num_here * share)


def _endless(batches):
    # Said to be endless, so that the workers do not ask one another before each batch whether all
    # still have one.
    batches = batches.repeat() if batches.cardinality() != tf.data.INFINITE_CARDINALITY else batches
    return batches.apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    ).prefetch(tf.data.AUTOTUNE)
