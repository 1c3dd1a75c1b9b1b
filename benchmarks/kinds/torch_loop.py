"""PyTorch's plain loop, timed."""

import statistics
import time


def seconds_per_step(step, batches, num_epochs=3):
    """Return the median over epochs of the seconds that `step(*batch)` takes."""
    seconds = []
    for _ in range(num_epochs + 1):
        begin = time.perf_counter()
        for batch in batches:
            step(*batch)
        seconds.append((time.perf_counter() - begin) / len(batches))
    return statistics.median(seconds[1:])
