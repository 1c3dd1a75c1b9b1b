"""Pictures of learning rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..pictures import _INK, _TRAIN, _VALIDATION, _figure


def sweep(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    suggestion: float | None,
) -> Figure:
    """Draw the loss of a sweep over the learning rate.

    Args:
        rates: float > 0, one for each step.
        losses: one for each step.
        smoothed: one for each step.
        suggestion: float > 0, a rate to be marked, or None.

    Returns:
        A figure; the rate is logarithmic, and what is far above the beginning is cut off.

    Raises:
        ValueError: there are no steps, or not as many of each.
    """
    if not len(rates) or not len(rates) == len(losses) == len(smoothed):
        raise ValueError(
            "`rates`, `losses` and `smoothed` of learning_rates.sweep must be equally many, at "
            f"least one. Received: {len(rates)}, {len(losses)} and {len(smoothed)}."
        )
    smoothed = np.asarray(smoothed, float)
    with _figure(8.0, 4.8) as figure:
        axes = figure.add_subplot()
        axes.semilogx(rates, losses, ".", color=_TRAIN, alpha=0.35, label="each step")
        axes.semilogx(rates, smoothed, color=_TRAIN, label="smoothed")
        low, begin = float(smoothed.min()), float(smoothed[0])
        span = max(begin - low, 1e-12)
        axes.set_ylim(low - 0.15 * span, max(begin, float(np.median(smoothed))) + 0.6 * span)
        if suggestion is not None:
            axes.axvline(suggestion, color=_VALIDATION, linestyle="--")
            axes.annotate(
                f"{suggestion:.1e}",
                (suggestion, 1),
                xycoords=("data", "axes fraction"),
                xytext=(6, -16),
                textcoords="offset points",
                color=_INK,
            )
        axes.set_title("Loss over the learning rate")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(loc="lower left")
    return figure
