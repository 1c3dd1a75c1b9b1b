"""The short form of the checks, by itself before a run that takes long."""

import time
import warnings

import keras

from ..recipe_faults import reason
from ..rehearsals.rehearsal import Rehearsal
from .cost import step_time, told_time
from .examination import findings

# Seconds of a run from which on half a minute of looking is worth it.
LONG = 600.0
# A training step takes about three times as long as an answer: there, and twice back.
_STEP_TO_ANSWER = 3.0


def look_before_a_long_run(subject):
    """Warn of whatever the short form of the checks finds, where the run is going to take long.

    Whether it is, is found in two steps, so that a small run pays nothing that can be noticed.
    First a guess: what the model answers to one batch is timed, out of a graph, which compiles
    nothing and takes milliseconds where a run takes seconds; it is on the long side, by what
    Python takes for each layer. Only where three times that, over all steps, makes ten minutes, a
    training step is compiled and timed as it is going to be, and decides. Counting steps alone
    would not do: ten thousand steps are ten seconds of one model and a day of another. A model that
    plays or samples in its step does more there than answer, and may be passed over.

    Args:
        subject: `Subject`; it is left as it was.
    """
    try:
        with Rehearsal(subject) as rehearsal:
            if _guessed(rehearsal) <= LONG:
                return
            seconds = subject.num_steps * step_time(rehearsal).seconds
            if seconds <= LONG:
                return
            told = findings(rehearsal, quick=True)
    except Exception as error:  # no look is worth a run
        warnings.warn(
            f"The checks before the run broke off: {type(error).__name__}, {reason(error)}",
            stacklevel=2,
        )
        return
    for found in told:
        if found.verdict in ("warn", "fail"):
            advice = f" {found.advice}" if found.advice else ""
            warnings.warn(
                f"Before a run of about {told_time(seconds)}: {found.check}, {found.verdict}: "
                f"{found.found}.{advice}",
                stacklevel=2,
            )


def _guessed(rehearsal):
    """Return about how long the run takes at most, in seconds, by what one answer takes."""
    x, fewest = rehearsal.batch[0], float("inf")
    for _ in range(2):  # the first loads what TensorFlow has not used yet
        begin = time.perf_counter()
        answers = rehearsal.answers(x)
        keras.tree.map_structure(keras.ops.convert_to_numpy, answers)  # waits for a device
        fewest = min(fewest, time.perf_counter() - begin)
        if _STEP_TO_ANSWER * fewest * rehearsal.subject.num_steps <= LONG:
            break
    return _STEP_TO_ANSWER * fewest * rehearsal.subject.num_steps
