"""What all pictures of a search have in common: who is shown in which colour, and how."""

from __future__ import annotations

import textwrap

from matplotlib import colormaps

from ...callbacks.pictures import FAINT, FIRST, INK, SECOND, THIRD

# The best trial in every picture; the next best where several are told apart.
BEST = SECOND
TOP = (SECOND, FIRST, THIRD, "#CC79A7", "#E69F00")
OTHER, PRUNED_COLOUR, FAILED_COLOUR = FIRST, "#8a94a3", "#a6adb8"

__all__ = ["BEST", "FAILED_COLOUR", "FAINT", "INK", "OTHER", "PRUNED_COLOUR", "TOP"]


def shade(goodness):
    """Return the colour of a trial: the better, the darker.

    Args:
        goodness: float in [0, 1].
    """
    return colormaps["YlGnBu"](0.25 + 0.7 * goodness)


def wrapped(name, width):
    """Return a name in lines of about `width` letters, broken after its points and underscores.

    Args:
        name: str.
        width: int >= 1.
    """
    loose = str(name).replace("_", "_ ").replace(".", ". ")
    lines = textwrap.wrap(loose, width + 1, break_long_words=False) or [""]
    return "\n".join(
        _short(line.replace("_ ", "_").replace(". ", "."), width + 4) for line in lines
    )


def shortened(value, length=16):
    """Return the text of a value, cut where it is longer than `length` letters.

    Args:
        value: str.
        length: int >= 2. Defaults to 16.
    """
    return _short(str(value), length)


def _short(text, length):
    shown = text if len(text) <= length else text[: length - 1] + "…"
    # Between two of them matplotlib reads formulas.
    return shown.replace("$", r"\$")
