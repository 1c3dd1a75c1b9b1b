"""A picture of how the trials learned, epoch by epoch."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...callbacks.pictures import new_figure
from ...recipes.page import words
from ..search_folder import COMPLETED
from .objective_scale import fenced
from .outcome import Outcome
from .trial_colours import FAINT, PRUNED_COLOUR, TOP


def trial_curves(outcome: Outcome) -> Figure | None:
    """Draw the curves of all trials, the best in colour.

    Args:
        outcome: `Outcome`.

    Returns:
        A figure with the metric that is nearest to the objective, epoch by epoch; a cross where a
        trial was pruned or failed. None where no trial has a history with a number in it.
    """
    name = outcome.curve
    curves = {}
    for trial in outcome.trials:
        values = np.asarray(trial.history.get(name, ()), dtype=float)
        if np.isfinite(values).any():
            curves[trial.number] = values
    if not curves:
        return None
    best = [trial for trial in outcome.valued if trial.number in curves][: len(TOP)]
    colours = dict(zip((trial.number for trial in best), TOP, strict=False))
    with new_figure(8.4, 4.9) as figure:
        axes = figure.add_subplot()
        for trial in reversed(outcome.trials):
            if trial.number in curves:
                _draw(axes, trial, curves[trial.number], colours, 1.1 if len(curves) <= 60 else 0.6)
        _scale(axes, curves, name, outcome, colours)
        axes.set_xlabel("epoch")
        axes.set_ylabel(curve_text(name))
        num_epochs = max(map(len, curves.values()))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
        axes.set_xlim(1 - 0.03 * num_epochs, 1.03 * num_epochs)
        handles, names = axes.get_legend_handles_labels()
        # The best was drawn last.
        figure.legend(
            handles[::-1],
            names[::-1],
            loc="outside right upper",
            fontsize=11.5,
            title="best trials",
        )
    return figure


def curve_text(name):
    """Return the name of a curve as a person says it."""
    validated = name.startswith("val_")
    return words(f"validation {name.removeprefix('val_')}" if validated else name)


def _draw(axes, trial, values, colours, thin):
    # A trial that was gone on with may hold the later epochs only.
    first = max(1, trial.epochs - len(values) + 1) if trial.continued_from else 1
    epochs = np.arange(first, first + len(values))
    colour = colours.get(trial.number)
    chosen = colour is not None
    axes.plot(
        epochs,
        values,
        color=colour or FAINT,
        linewidth=(3.2 if colour == TOP[0] else 2.0) if chosen else thin,
        alpha=1 if chosen else 0.8,
        # A line of one point is invisible.
        marker="o" if len(values) <= 12 and (chosen or len(values) == 1) else None,
        markersize=5 if chosen else 3,
        zorder=4 + (colour == TOP[0]) if chosen else 2,
        label=f"trial {trial.number}{_state(trial)}" if chosen else None,
    )
    last = np.flatnonzero(np.isfinite(values))[-1]
    if trial.status != COMPLETED:
        axes.plot(
            epochs[last],
            values[last],
            "x",
            color=colour or PRUNED_COLOUR,
            markersize=7,
            markeredgewidth=1.6,
            zorder=3,
        )


def _state(trial):
    return "" if trial.status == COMPLETED else f", {trial.status}"


def _scale(axes, curves, name, outcome, best):
    # A loss gets better downwards even where the objective does upwards.
    sign = outcome.sign if name in (outcome.objective, f"val_{outcome.objective}") else 1
    scale = fenced(_finite(curves.values()), sign)
    # One that explodes is cut off; of the best everything is seen, how they begin too.
    chosen = _finite([curves[number] for number in best])
    low, high = min([scale.low, *chosen]), max([scale.high, *chosen])
    dataclasses.replace(scale, low=low, high=high, log=0 < 100 * low < high).show(axes)


def _finite(curves):
    values = np.concatenate([*curves, []])
    return values[np.isfinite(values)]
