"""One grammar of errors: what it is, what is expected, what came, and what to do."""

import difflib
import re


class RecipeError(ValueError):
    """A mistake that one clear sentence explains; the command line prints it and exits with 2."""


class WorkerLost(RuntimeError):
    """Another worker of the same run is gone; nobody has made a mistake.

    The command line prints it and exits with `code`, and whoever sees to the workers starts all of
    them again.
    """

    code = 75  # EX_TEMPFAIL of sysexits.h: try again


class UnknownField(RecipeError, TypeError):
    """A field or argument that does not exist; a `TypeError` too, as Python has it."""


def near_names(name, known, *, count=3):
    """Say which of the known names are near a misspelt one.

    Args:
        name: str, the name that was not found.
        known: iterable of str, the names that exist.
        count: int, how many to name at most. Defaults to 3.

    Returns:
        A sentence with a leading space ("" where nothing is near).

    >>> near_names("lenet5_digit", ["lenet5_digits", "mlp_digits", "wine"])
    " Did you mean 'lenet5_digits' or 'mlp_digits'?"
    >>> near_names("zzz", ["lenet5_digits"])
    ''
    """
    near = difflib.get_close_matches(str(name), list(known), n=count, cutoff=0.6)
    if not near:
        return ""
    return " Did you mean " + " or ".join(repr(n) for n in near) + "?"


def lines_of(error):
    """Return the lines of an error that say what happened, without TensorFlow's stack.

    Args:
        error: exception.

    Returns:
        list of str, at least one: where nothing is said, the name of its type.

    >>> lines_of(RuntimeError("Graph execution error:\\n\\nDetected at x\\n  File y\\nIt broke."))
    ['It broke.']
    >>> lines_of(ValueError())
    ['ValueError']
    """
    noise = (" ", "\t", "[[", "Detected at", "Graph execution error", "Stack trace")
    text = re.sub(r"\{\{function_node .*?\}\} ", "", str(error))  # in front of what it says
    lines = [s.strip() for s in text.splitlines() if s.strip() and not s.startswith(noise)]
    return lines or [type(error).__name__]


def check_at_least(owner, least, **values):
    """Refuse the first number that is too small.

    Args:
        owner: str, whose arguments they are, such as "lenet.build".
        least: number, the smallest that is allowed.
        **values: the arguments by name.

    Raises:
        RecipeError: one of them is below `least`.
    """
    for name, value in values.items():
        if not value >= least:  # so that it is said of NaN too
            raise RecipeError(
                f"`{name}` of {owner} must be at least {least}. Received: {name}={value!r}."
            )


def check_whole(owner, least, **values):
    """Refuse the first that is no whole number, or too small.

    Args:
        owner: str, whose arguments they are, such as "dcgan.build".
        least: int, the smallest that is allowed.
        **values: the arguments by name.

    Raises:
        RecipeError: one of them is no whole number, or below `least`.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise RecipeError(
                f"`{name}` of {owner} must be a whole number of at least {least}. "
                f"Received: {name}={value!r}."
            )


def check_seed(seed):
    """Refuse what is no seed of a run.

    Raises:
        RecipeError: it is no whole number in [0, 2^31).
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise RecipeError(f"`seed` must be a whole number in [0, 2^31). Received: seed={seed!r}.")
