"""A picture of the importance of each hyperparameter."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ...callbacks.pictures import new_figure
from .hyperparameter_importance import Importance
from .trial_colours import FAILED_COLOUR, INK, OTHER, wrapped


def importance_bars(found: Importance) -> Figure:
    """Draw the share of each hyperparameter in the variance of the objective.

    Args:
        found: `Importance`, with shares.

    Returns:
        A figure with a bar for each, the greatest on top, the standard deviation between trees as a
        whisker, and a bar for what several of them do together.
    """
    names = [*found.shares, "several together"]
    shares = 100 * np.array([*found.shares.values(), found.interactions])
    deviations = 100 * np.array([*(found.deviations[name] for name in found.shares), 0.0])
    colours = [OTHER] * len(found.shares) + [FAILED_COLOUR]
    places = np.arange(len(names))[::-1]
    with new_figure(8.4, 1.3 + 0.52 * len(names)) as figure:
        axes = figure.add_subplot()
        axes.barh(places, shares, color=colours, height=0.62)
        # A share lies between nothing and all.
        low, high = np.minimum(deviations, shares), np.minimum(deviations, 100 - shares)
        shown = deviations > 0
        axes.errorbar(
            shares[shown],
            places[shown],
            xerr=[low[shown], high[shown]],
            fmt="none",
            ecolor=INK,
            elinewidth=1.4,
            capsize=3,
        )
        axes.set_yticks(places, [wrapped(name, 30) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("share of the variance of the objective (%)")
        end = (shares + high).max()
        for place, share, whisker in zip(places, shares, high, strict=True):
            axes.text(share + whisker + 0.015 * end, place, f"{share:.0f} %", va="center")
        axes.set_xlim(0, end * 1.14 or 1)
    return figure
