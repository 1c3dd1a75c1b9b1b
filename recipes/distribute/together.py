"""What the workers do at the same moment."""

import contextlib
import functools

import tensorflow as tf

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
