"""One sentence for an argument that is out of its range."""

import math


def expect_whole(owner, least, **values):
    """Check that arguments are whole numbers that are not too small.

    Args:
        owner: str, whose arguments they are: the name of a class.
        least: int, the smallest that is allowed.
        **values: the arguments by name.

    Raises:
        ValueError: one of them is no whole number, or below `least`.
    """
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"`{name}` of {owner} must be a whole number of at least {least}. "
                f"Received: {name}={value!r}."
            )


def expect_above(owner, bound, **values):
    """Check that arguments are finite numbers above a bound.

    Args:
        owner: str, whose arguments they are: the name of a class.
        bound: number that they must exceed.
        **values: the arguments by name.

    Raises:
        ValueError: one of them is no finite number, or not above `bound`.
    """
    for name, value in values.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value > bound):
            raise ValueError(
                f"`{name}` of {owner} must be a number above {bound}. Received: {name}={value!r}."
            )


def expect_pair(owner, **values):
    """Check that arguments are pairs `(x, y)`.

    Args:
        owner: str, whose arguments they are: the name of a class.
        **values: the arguments by name.

    Raises:
        ValueError: one of them is no tuple or list of two.
    """
    for name, value in values.items():
        if not (isinstance(value, (tuple, list)) and len(value) == 2):
            raise ValueError(
                f"`{name}` of {owner} must be a pair (x, y) of arrays. "
                f"Received: {type(value).__name__}."
            )
