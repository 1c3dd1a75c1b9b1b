"""What a run is going to cost: time a step, time in all, memory."""

import contextlib
import os
import time
import typing
from pathlib import Path

import keras
import tensorflow as tf

from ..steps import NonFiniteLoss
from .finding import Finding, NotApplicable
from .listening import heard

SECONDS = 2.0
MOST_STEPS = 100
_MUCH_WAITING, _MOSTLY_WAITING = 0.25, 0.5
# Seconds of waiting, a step or in all, that are worth nobody's time: a step of a tenth of a
# millisecond always waits.
_SHORT_WAIT, _SHORT_WAIT_IN_ALL = 5e-3, 60.0
_NUM_HEARD = 8


class StepTime(typing.NamedTuple):
    """What a training step takes.

    Attributes:
        seconds: float, a step in all.
        waiting: float, seconds of it in which it waits for its batch.
    """

    seconds: float
    waiting: float


def step_time(rehearsal):
    """Measure training steps as they are going to be: compiled, many in a call, on live batches."""

    def measure():
        steps = rehearsal.steps
        steps.restart()
        iterator = iter(rehearsal.subject.batches)
        with contextlib.suppress(NonFiniteLoss):
            steps.take(iterator)  # compiles
        begin, before = time.perf_counter(), steps.seconds_waiting
        taken, count, seconds, waiting, finite = 0, 1, 0.0, 0.0, True
        while finite and seconds < SECONDS and taken < MOST_STEPS:
            try:
                steps.take(iterator, count)
            except NonFiniteLoss:  # which is for another check to tell
                finite = False
            if finite or not taken:
                taken += count
                seconds = time.perf_counter() - begin
                waiting = steps.seconds_waiting - before
                # As many in the next call as fit into the time that is left.
                left = int((SECONDS - seconds) * taken / seconds)
                count = max(1, min(MOST_STEPS - taken, left))
        return StepTime(seconds / taken, waiting / taken)

    return rehearsal.remember("step_time", measure)


def run_time(rehearsal):
    """Tell the time of a step, how much of it is waiting for data, and that of the whole run."""
    seconds, waiting = step_time(rehearsal)
    num_steps = rehearsal.subject.num_steps
    found = (
        f"{1000 * seconds:.3g} ms a step, {1000 * waiting:.2g} ms of it waiting for data; "
        f"{num_steps:,} steps take {told_time(num_steps * seconds)}"
    )
    share = waiting / seconds
    long = waiting > _SHORT_WAIT or waiting * num_steps > _SHORT_WAIT_IN_ALL
    if share > _MUCH_WAITING and long:
        advice = (
            "Keep decoded data in memory (`cache`), read in parallel (`num_parallel_calls`), and "
            "prepare ahead (`prefetch`)."
        )
        return Finding("time", "fail" if share > _MOSTLY_WAITING else "warn", found, advice)
    return Finding("time", "pass", found)


def memory(rehearsal):
    """Estimate the peak of memory, and say whether a batch twice as large fits.

    Weights, optimizer and gradients are counted; activations are what all layers answer to a batch,
    since the way back needs them. What TensorFlow itself takes comes on top.
    """
    available = available_memory()
    if available is None:
        raise NotApplicable("this system does not say how much memory there is")
    model, batch_size = rehearsal.model, rehearsal.subject.batch_size
    weights = _bytes(model.variables)
    gradients = _bytes(model.trainable_variables)
    slots = sum(_bytes(getattr(model, name).variables) for name in rehearsal.optimizers)
    x = rehearsal.first_rows(_NUM_HEARD)[0]
    num_heard = len(keras.tree.flatten(x)[0])
    calls, _ = heard(rehearsal, x, training=True)
    answers = sum(array.nbytes for call in calls for array in call.outputs)
    inputs = sum(array.nbytes for array in keras.tree.flatten(rehearsal.batch[:2]))
    activations = answers * batch_size / num_heard + inputs
    fixed = weights + gradients + slots
    need, twice = fixed + activations, fixed + 2 * activations
    found = (
        f"about {told_size(need)}: weights {told_size(weights)}, optimizer {told_size(slots)}, "
        f"gradients {told_size(gradients)}, activations of {batch_size} examples "
        f"{told_size(activations)}; a batch twice as large takes {told_size(twice)} and "
        f"{'fits' if twice < available else 'does not fit'} the {told_size(available)} free"
    )
    if need > available:
        advice = "Take a smaller batch or model, or `--set precision=mixed_bfloat16`."
        return Finding("memory", "fail", found, advice)
    return Finding("memory", "pass", found)


def _bytes(variables):
    return sum(
        int(tf.size(variable.value)) * tf.as_dtype(variable.dtype).size for variable in variables
    )


def available_memory():
    """Return the bytes of main memory that are free to a process, or None where nobody says.

    A container's limit counts where there is one.
    """
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(1024 * int(line.split()[1]))
    with contextlib.suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        found.append(limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    if not found:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def told_time(seconds):
    """Return a length of time as a person says it.

    >>> told_time(42.3), told_time(600), told_time(7300)
    ('42 s', '10 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def told_size(size):
    """Return a number of bytes as a person says it.

    >>> told_size(900), told_size(61_706 * 4), told_size(3 * 2**30)
    ('1 kB', '241 kB', '3.0 GB')
    """
    for unit, factor in (("GB", 2**30), ("MB", 2**20)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{max(1, round(size / 1024))} kB"
