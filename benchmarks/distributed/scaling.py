"""How a training would scale, by calculation: from a step, its gradients and a network.

Synchronous data parallelism: each worker computes the gradient of its rows, all of them sum their
gradients by a ring all-reduce (Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms
for clusters of workstations", section 4), and all take the same step.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Network:
    """What joins the workers.

    Attributes:
        name: str.
        bytes_per_second: float > 0, each way.
        latency: float >= 0, seconds from sending a word to its arrival.
    """

    name: str
    bytes_per_second: float
    latency: float


@dataclasses.dataclass(frozen=True)
class Training:
    """A training as one worker does it.

    Attributes:
        name: str.
        step_seconds: float > 0, of a step of one worker that has the batch for itself.
        batch_size: int >= 1, the examples of that step.
        gradient_bytes: int, of all gradients together.
        num_rounds: int >= 0, all-reduces of a few bytes that a step waits for beside the one of the
            gradients: one for its figures, and one for each normalisation over all workers, half
            of it forward and half backward (`replicas.total_of_few`).
    """

    name: str
    step_seconds: float
    batch_size: int
    gradient_bytes: int
    num_rounds: int = 1


def all_reduce_seconds(num_bytes, num_workers, network):
    """Return the seconds of a ring all-reduce.

    In each of 2 (N - 1) rounds a worker sends 1/N of the bytes to its neighbour.

    >>> ethernet = Network("", bytes_per_second=1e9, latency=1e-5)
    >>> round(all_reduce_seconds(1e9, 4, ethernet), 6)
    1.50006
    """
    num_rounds = 2 * (num_workers - 1)
    return num_rounds * (num_bytes / num_workers / network.bytes_per_second + network.latency)


def step_seconds(training, num_workers, network, *, strong, overlap):
    """Return the seconds of a step of several workers.

    Args:
        training: `Training`.
        num_workers: int >= 1.
        network: `Network`.
        strong: bool, whether the workers share the batch of one; else each has as large a one.
        overlap: bool, whether gradients travel while others are computed, all of them; else behind
            the last. What normalisation asks is waited for in either case.
    """
    compute = training.step_seconds / (num_workers if strong else 1)
    exchange = all_reduce_seconds(training.gradient_bytes, num_workers, network)
    waiting = training.num_rounds * all_reduce_seconds(0, num_workers, network)
    return waiting + (max(compute, exchange) if overlap else compute + exchange)


def efficiency(training, num_workers, network, *, strong, overlap):
    """Return how much of N workers comes to use, in (0, 1]; None without an example for each.

    It is the examples a second of N workers over N times those of one.
    """
    if strong and num_workers > training.batch_size:
        return None
    seconds = step_seconds(training, num_workers, network, strong=strong, overlap=overlap)
    return training.step_seconds / seconds / (num_workers if strong else 1)


def most_workers(training, network, *, strong, overlap, least=0.5, most=2**20):
    """Return the largest number of workers of an efficiency, which falls with their number.

    Args:
        training: `Training`.
        network: `Network`.
        strong: bool, as in `step_seconds`.
        overlap: bool, as there.
        least: float in (0, 1), the least efficiency. Defaults to 0.5.
        most: int, where the search ends. Defaults to 2^20.
    """
    low, high = 1, (min(most, training.batch_size) if strong else most) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if efficiency(training, middle, network, strong=strong, overlap=overlap) >= least:
            low = middle
        else:
            high = middle
    return low
