"""What the workers do at the same moment."""

import functools

import tensorflow as tf

from .strategies import is_multiworker


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


@functools.cache
def _sum_over(place):
    @tf.function
    def sum_of(value):
        return place.reduce("SUM", place.run(lambda: tf.identity(value)), axis=None)

    return sum_of
