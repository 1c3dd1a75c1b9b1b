"""A picture of how the search got on: the best so far."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...callbacks.pictures import new_figure
from ...recipes.page import words
from ..search_folder import COMPLETED
from .objective_scale import objective_scale
from .outcome import Outcome, has_value
from .trial_colours import BEST, FAILED_COLOUR, OTHER, PRUNED_COLOUR

_UNITS = ((3600, "hours"), (60, "minutes"), (1, "seconds"))


def search_progress(outcome: Outcome) -> Figure:
    """Draw the objective of each trial, and the best so far, against trials and against time.

    Args:
        outcome: `Outcome`, with a trial that has a value.

    Returns:
        A figure with two panels that share the axis of the objective. It shows the better half of
        the trials, and all of the best so far: what counts happens there.
    """
    ends = outcome.ends()
    longest = max(ends.values())
    seconds, unit = next((each for each in _UNITS if longest >= 2 * each[0]), _UNITS[-1])
    scale = _better_half(outcome)
    with new_figure(10.4, 4.3) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        _draw(left, outcome, {number: number for number in ends}, scale)
        _draw(right, outcome, {number: end / seconds for number, end in ends.items()}, scale)
        left.set_ylabel(words(outcome.objective))
        left.set_xlabel("trial")
        left.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
        right.set_xlabel(f"{unit} of search")
        right.set_xlim(left=0)
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=4, fontsize=11.5)
    return figure


def _better_half(outcome):
    scale = objective_scale(outcome)
    middle = np.median([trial.objective for trial in outcome.valued])
    first = min(_counted(outcome), key=lambda trial: trial.number).objective
    if outcome.sign == 1:
        return dataclasses.replace(scale, high=min(scale.high, max(middle, first)))
    return dataclasses.replace(scale, low=max(scale.low, min(middle, first)))


def _counted(outcome):
    """Return the trials among which the best is: those as far as it is, as in the ranking."""
    return [trial for trial in outcome.valued if trial.status == outcome.best.status]


def _draw(axes, outcome, places, scale):
    order = sorted(outcome.valued, key=lambda trial: (places[trial.number], trial.number))
    size = 34 if len(order) <= 60 else 14
    for status, name, style in (
        (True, "completed", {"color": OTHER, "alpha": 0.65, "linewidths": 0}),
        (False, "pruned", {"facecolors": "none", "edgecolors": PRUNED_COLOUR, "linewidths": 1.2}),
    ):
        trials = [trial for trial in order if (trial.status == COMPLETED) is status]
        if trials:
            xs = [places[trial.number] for trial in trials]
            ys = [trial.objective for trial in trials]
            axes.scatter(xs, ys, s=size, label=name, **style)
    failed = [places[trial.number] for trial in outcome.trials if not has_value(trial)]
    if failed:
        axes.plot(
            failed,
            np.full(len(failed), 0.025),
            "x",
            color=FAILED_COLOUR,
            markersize=6,
            markeredgewidth=1.6,
            transform=axes.get_xaxis_transform(),
            label="failed",
        )
    counted = sorted(_counted(outcome), key=lambda trial: (places[trial.number], trial.number))
    values = np.array([outcome.sign * trial.objective for trial in counted])
    best = scale.clip(outcome.sign * np.minimum.accumulate(values))
    xs = [places[trial.number] for trial in counted]
    last = max(places.values())
    axes.step([*xs, last], [*best, best[-1]], where="post", color=BEST, label="best so far")
    place = places[outcome.best.number]
    axes.scatter([place], scale.clip([outcome.best.objective]), s=90, color=BEST, zorder=4)
    scale.show(axes)
