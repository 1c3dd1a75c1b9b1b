"""What the workers do at the same moment."""

import contextlib
import functools

import tensorflow as tf

from ..errors import RecipeError, WorkerLost, lines_of
from .strategies import is_chief, is_multiworker


def agreed(place, wish):
    """Return whether any worker wishes it, the same answer on all of them.

    Whatever makes the workers talk to one another must be done by all or by none. Clocks differ:
    who acts by the clock asks here, at the same step as the others.

    Args:
        place: `tf.distribute.Strategy`.
        wish: bool, what this process wishes.
    """
    if not is_multiworker(place):
        return bool(wish)
    return float(_sum_over(place)(tf.constant(float(wish)))) > 0


def totals(place, values):
    """Return the sum of each of some floats over all replicas, the same on all workers.

    Args:
        place: `tf.distribute.Strategy`.
        values: list of float, of one length on all workers, which call this at the same step.
    """
    return _sum_over(place)(tf.constant(values, tf.float32)).numpy().tolist()


def check_same(place, number, what):
    """Check that all workers have found the same.

    Args:
        place: `tf.distribute.Strategy`.
        number: int, at most 2^24, by which it is known.
        what: str, what it is, for the error.

    Raises:
        RecipeError: the workers have found different things.
    """
    # Each asks of its own number whether somebody has another one.
    if is_multiworker(place):
        total, count = totals(place, [float(number), 1.0])
        if agreed(place, abs(total / count - number) > 0.5 / count):
            raise RecipeError(
                f"All workers must find the same {what}. Received: {number} here, and another one "
                f"elsewhere. Let all of them see one folder, and start them again."
            )


def check_that_all_are_there(error):
    """Say of an error of a step where it means that another worker is gone.

    Args:
        error: `tf.errors.OpError`, raised under several workers.

    Raises:
        WorkerLost: it means that.
    """
    kinds = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError
    if isinstance(error, (*kinds, tf.errors.DeadlineExceededError)) or "ollective" in str(error):
        # What follows the first line is about the operation that met it, or advice.
        reason = lines_of(error)[0].removeprefix("Collective ops is aborted by: ").rstrip(".:")
        raise WorkerLost(
            f"Another worker is gone: {reason}. Start all of them again; the run goes on from its "
            f"last checkpoint."
        ) from error


def wait_for_all(place):
    """Wait until every worker has come here: who left earlier would end the others' work."""
    agreed(place, False)


@contextlib.contextmanager
def chief_first(place):
    """Run the body in the chief, and in the other workers once it is done there.

    For what leaves files where others look for them, as the preparation of a data set does.
    """
    if not is_chief(place):
        wait_for_all(place)
    try:
        yield
    finally:
        # An error of the chief is one of all, and each says it.
        if is_chief(place):
            wait_for_all(place)


@functools.cache
def _sum_over(place):
    @tf.function
    def sum_of(value):
        return place.reduce("SUM", place.run(lambda: tf.identity(value)), axis=None)

    return sum_of
