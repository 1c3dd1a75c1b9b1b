"""A strategy from a name. The one door to `tf.distribute`."""

import functools

import tensorflow as tf

from .errors import RecipeError, near_names


def _none():
    return tf.distribute.get_strategy()


@functools.cache  # a second one in a process would take the first one's keys and be aborted
def _mirrored():
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _auto():
    return _mirrored() if len(tf.config.list_logical_devices("GPU")) > 1 else _none()


STRATEGIES = {"auto": _auto, "none": _none, "mirrored": _mirrored}


def strategy(name):
    """Return a strategy, made before anything else of the run is.

    Args:
        name: "none", one device; "mirrored", the model on each GPU of this machine, or on each of
            its logical CPUs where it has no GPU; "auto", "mirrored" where there are several GPUs
            and "none" otherwise.

    Returns:
        `tf.distribute.Strategy`.

    Raises:
        RecipeError: there is no strategy of that name (with near ones).
    """
    if name not in STRATEGIES:
        raise RecipeError(
            f"`strategy` must be one of {', '.join(map(repr, STRATEGIES))}. "
            f"Received: strategy={name!r}." + near_names(name, STRATEGIES)
        )
    return STRATEGIES[name]()


def shared_evenly(batch_size, strategy):
    """Check that the replicas of a strategy can share a batch.

    Raises:
        RecipeError: the batch is not a multiple of the number of replicas.
    """
    num_replicas = strategy.num_replicas_in_sync
    if batch_size % num_replicas:
        lower = max(batch_size // num_replicas, 1) * num_replicas
        raise RecipeError(
            f"`batch_size` must be a multiple of the {num_replicas} replicas that share it. "
            f"Received: batch_size={batch_size}. The nearest is {lower}."
        )
