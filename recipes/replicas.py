"""What a replica must know of the others, so that all of them are one batch.

Each replica has some rows of the batch. Outside of a strategy, and with one replica, every function
here gives back what it was given, and nothing is added to a graph.
"""

import keras


def num_replicas():
    """Return over how many replicas a batch is shared, 1 outside of their step."""
    context = _context()
    return 1 if context is None else context.num_replicas_in_sync


def replica_number():
    """Return which replica this is, from 0; 0 where one trace stands for all, as on a TPU."""
    context = _context()
    if context is None:
        return 0
    import tensorflow as tf

    number = tf.get_static_value(context.replica_id_in_sync_group)
    return 0 if number is None else int(number)


def total(value):
    """Return the sum of a tensor over the replicas; its gradient goes back to each of them.

    Args:
        value: float tensor, of one shape on all replicas.
    """
    return value if num_replicas() == 1 else _context().all_reduce("SUM", value)


def total_of_few(value):
    """Return the sum of a short vector over the replicas, sooner than `total` does between workers.

    A reduction passes its words round all workers twice, so that each sends 1/N of them at a time.
    Where they are few, only the number of the messages counts: here each worker sends all of its
    own round once, and adds up what came, in the order of the workers. No gradient goes through it.

    Args:
        value: float tensor `(length,)`, of one shape on all replicas.
    """
    if num_replicas() == 1:
        return value
    import tensorflow as tf

    context, kind = _context(), tf.distribute.MultiWorkerMirroredStrategy
    ops = getattr(context.strategy.extended, "_cross_device_ops", None)
    launchers = getattr(ops, "_launchers", [])
    if not isinstance(context.strategy, kind) or not launchers:
        return total(value)
    # TensorFlow's own `all_gather` asks for the lengths first, which doubles the time.
    own = launchers[replica_number() % len(launchers)]
    rows = own._all_gather(value[None], tf.distribute.experimental.CommunicationOptions())
    return tf.reduce_sum(tf.ensure_shape(rows, [num_replicas(), *value.shape]), axis=0)


def rows_of_all(num_rows):
    """Return where the rows of this replica begin, and how many rows all replicas have together.

    Args:
        num_rows: int or scalar int32 tensor, the rows of this replica. An int says that every
            replica has as many, as in training, and nothing is asked of the others.
    """
    if num_replicas() == 1:
        return 0, num_rows
    context = _context()
    number, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    if isinstance(num_rows, int):
        return number * num_rows, count * num_rows
    import tensorflow as tf

    # In floating point, which every device can add up; exact up to 2^24 rows.
    mine = tf.one_hot(number, count) * tf.cast(num_rows, tf.float32)
    sizes = tf.cast(total(mine), tf.int32)
    return tf.reduce_sum(tf.where(tf.range(count) < number, sizes, 0)), tf.reduce_sum(sizes)


def drawn(draw, num_rows):
    """Return this replica's rows of what is drawn at random for the batch of all replicas.

    So N replicas draw what one draws. Each draws for all and keeps its own rows: random numbers
    are cheap beside the layers that they go through.

    Args:
        draw: function from a number of rows to a tensor of them, the same on all replicas.
        num_rows: as in `rows_of_all`.
    """
    first, num_all = rows_of_all(num_rows)
    rows = draw(num_all)
    if num_replicas() == 1:
        return rows
    # Of a size that is known where `num_rows` is, as a TPU needs it.
    begin = [first] + [0] * (len(rows.shape) - 1)
    return keras.ops.slice(rows, begin, [num_rows, *keras.ops.shape(rows)[1:]])


def num_rows(tensor):
    """Return the length of the first axis: an int where it is known, else a scalar tensor."""
    return keras.ops.shape(tensor)[0]


def _context():
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    # None where variables are built, which is done for all replicas at once.
    return tf.distribute.get_replica_context()
