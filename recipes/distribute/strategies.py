"""A strategy from a name."""

import functools

import tensorflow as tf

from ..errors import RecipeError, near_names
from .cluster import cluster_of_environment, tpu_of_environment

# Gradients travel in packs of about so many bytes, the first of them while others are computed. One
# pack of all, as TensorFlow has it, made a step of ResNet-50 with two workers 7 % longer.
BYTES_PER_PACK = 4 * 2**20


def _none():
    return tf.distribute.get_strategy()


@functools.cache  # a second one in a process would take the first one's keys and be aborted
def _mirrored():
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


@functools.cache  # there is one cluster, and its server one port
def _multiworker():
    if cluster_of_environment() is None:
        raise RecipeError(
            "`strategy` 'multiworker' needs the environment variable TF_CONFIG, which names the "
            "workers. Received: none. Start the workers with `kerasrecipes launch`, or take "
            "strategy='mirrored' for the devices of one machine."
        )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(
            communication_options=tf.distribute.experimental.CommunicationOptions(
                bytes_per_pack=BYTES_PER_PACK
            )
        )
    except (RuntimeError, tf.errors.OpError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise RecipeError(
            f"The workers of TF_CONFIG could not be joined: {reason}. Choose the strategy before "
            f"anything else of TensorFlow is used, and look whether each address is free and can "
            f"be reached."
        ) from error


@functools.cache  # a TPU is set up once in a process; doing so again forgets what is on it
def _tpu():
    try:
        # The address comes from the environment, as it is set on a TPU machine.
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise RecipeError(
            "`strategy` 'tpu' needs a TPU. Received: a machine on which none is found. Take "
            "strategy='auto', or start this on a TPU machine with the TensorFlow made for it."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def _auto():
    cluster = cluster_of_environment()
    if cluster is not None and cluster.num_workers > 1:
        return _multiworker()
    if has_tpu():
        return _tpu()
    return _mirrored() if len(tf.config.list_logical_devices("GPU")) > 1 else _none()


def has_tpu():
    """Return whether this machine has a TPU of its own or is told of one by its environment."""
    return tpu_of_environment() or bool(tf.config.list_physical_devices("TPU"))


STRATEGIES = {
    "auto": _auto,
    "none": _none,
    "mirrored": _mirrored,
    "multiworker": _multiworker,
    "tpu": _tpu,
}


def strategy(name):
    """Return a strategy, made before anything else of the run is.

    Args:
        name: "none", one device; "mirrored", the model on each GPU of this machine, or on each of
            its logical CPUs where it has no GPU; "multiworker", on every machine that the
            environment variable TF_CONFIG names; "tpu", on each core of a TPU; "auto",
            "multiworker" where TF_CONFIG names several workers, else "tpu" where there is one,
            else "mirrored" where there are several GPUs, and else "none".

    Returns:
        `tf.distribute.Strategy`.

    Raises:
        RecipeError: there is no strategy of that name (with near ones), TF_CONFIG is wrong, or the
            device is not there.
    """
    if name not in STRATEGIES:
        raise RecipeError(
            f"`strategy` must be one of {', '.join(map(repr, STRATEGIES))}. "
            f"Received: strategy={name!r}." + near_names(name, STRATEGIES)
        )
    return STRATEGIES[name]()


def is_multiworker(strategy):
    """Return whether a strategy has replicas in other processes."""
    return (
        isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        and strategy.extended._in_multi_worker_mode()
    )


def is_chief(strategy):
    """Return whether this process is the one that writes; it is, where there is no other."""
    if not is_multiworker(strategy):
        return True
    return cluster_of_environment().is_chief


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


def check_examples(splits, strategy):
    """Check that every replica has an example of each split that is passed over in training.

    Raises:
        RecipeError: a split has fewer examples than there are replicas.
    """
    num_replicas = strategy.num_replicas_in_sync
    for name in ("train", "validation"):
        num_examples = getattr(splits, name).num_examples
        if num_replicas > 1 and num_examples < num_replicas:
            raise RecipeError(
                f"The {name} split of {splits.name!r} must have an example for each of the "
                f"{num_replicas} replicas. Received: {num_examples}. Take fewer replicas, or more "
                f"data."
            )
