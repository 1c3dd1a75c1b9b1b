"""What each member of a job may use of this machine."""

import os
from pathlib import Path


def cores_of(index, num_workers, cores=None):
    """Return the cores of a worker.

    Neighbours stay together, since they share caches. Where there are more workers than cores, each
    may use all, and the system shares them out.

    Args:
        index: int in [0, num_workers), the worker.
        num_workers: int >= 1.
        cores: list of int. Defaults to those that this process may use.

    Returns:
        list of int.
    """
    cores = usable_cores() if cores is None else list(cores)
    if num_workers > len(cores):
        return cores
    first, end = (number * len(cores) // num_workers for number in (index, index + 1))
    return cores[first:end]


def usable_cores():
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def gpus_of(index, num_workers, gpus=None):
    """Return the GPUs of a worker; where there are more workers than GPUs, several share one.

    Args:
        index: int in [0, num_workers), the worker.
        num_workers: int >= 1.
        gpus: list of str. Defaults to those that this process may use.

    Returns:
        list of str, empty where there are none.
    """
    gpus = usable_gpus() if gpus is None else list(gpus)
    if num_workers > len(gpus):
        return [gpus[index % len(gpus)]] if gpus else []
    first, end = (number * len(gpus) // num_workers for number in (index, index + 1))
    return gpus[first:end]


def usable_gpus():
    """Return the names of the GPUs that this process may use, without asking TensorFlow."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",") if name.strip()]
        return [] if "-1" in names else names
    found = [path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")]
    return sorted(found, key=int)


def worker_environment(index, num_workers):
    """Return the variables that hold a worker to its share; those the user has set stay."""
    num_threads = max(1, len(usable_cores()) // num_workers)
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    variables = {name: os.environ.get(name, str(num_threads)) for name in names}
    gpus = gpus_of(index, num_workers)
    if gpus:
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        # A process takes a whole GPU otherwise, and the next one finds no memory.
        variables["TF_FORCE_GPU_ALLOW_GROWTH"] = os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    return variables


def chief_environment():
    """Return the variables that keep the chief, which trains nothing, out of the workers' way."""
    return {
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
