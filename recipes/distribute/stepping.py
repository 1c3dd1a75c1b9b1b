"""A step on every replica, and the logs that come of it."""

import tensorflow as tf


def run_step(strategy, step, batch):
    """Take a step on every replica and return its logs, each the mean over the replicas.

    All logs go through one reduction: between machines each takes its time, however small it is.

    Args:
        strategy: `tf.distribute.Strategy`.
        step: a model's `train_step` or `test_step`.
        batch: what an iterator over the strategy's data gives.
    """
    if strategy.num_replicas_in_sync == 1:
        return strategy.run(step, args=(batch,))
    forms = {}

    def on_replica(batch):
        logs = {name: tf.convert_to_tensor(log) for name, log in step(batch).items()}
        forms.update({name: (log.shape, log.dtype) for name, log in logs.items()})
        return tf.concat([tf.reshape(tf.cast(v, tf.float32), [-1]) for v in logs.values()], axis=0)

    values = strategy.reduce("MEAN", strategy.run(on_replica, args=(batch,)), axis=None)
    sizes = [shape.num_elements() for shape, _ in forms.values()]
    parts = tf.split(values, sizes)
    return {
        name: tf.cast(tf.reshape(part, shape), dtype)
        for part, (name, (shape, dtype)) in zip(parts, forms.items(), strict=True)
    }


def logs_of_all(model, logs):
    """Return the logs of a model's metrics over the rows of all replicas.

    A replica's metrics know its own rows, and the mean of the replicas' results is not the result
    of all rows where some have more that count. Added up, they give what one device has.

    Args:
        model: compiled `keras.Model`.
        logs: dict from name to tensor, what the last step gave.
    """
    if model.distribute_strategy.num_replicas_in_sync == 1:
        return logs
    # A step may show fewer than there are: Keras keeps a mean loss for each model.
    known = model.get_metrics_result()
    return {name: known.get(name, log) for name, log in logs.items()}


def empty_logs(step, element_spec):
    """Return zeros in the form of the logs of a step, for a loop to begin with.

    Args:
        step: `tf.function` of a batch.
        element_spec: what the batches are like.
    """
    spec = step.get_concrete_function(element_spec).structured_outputs
    return tf.nest.map_structure(lambda log: tf.zeros(log.shape, log.dtype), spec)
