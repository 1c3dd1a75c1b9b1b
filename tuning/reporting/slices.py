"""A picture of the objective against each hyperparameter by itself."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from ...callbacks.pictures import new_figure
from ...recipes.page import words
from ..search_folder import COMPLETED
from .hyperparameter import LOG, label
from .objective_scale import objective_scale
from .outcome import Outcome, has_value
from .trial_colours import BEST, FAILED_COLOUR, OTHER, PRUNED_COLOUR, shortened, wrapped

_MAXIMUM_NAMED = 9


def slices(outcome: Outcome) -> Figure:
    """Draw the objective against each hyperparameter, a small panel each.

    Args:
        outcome: `Outcome`, with a trial that has a value.

    Returns:
        A figure; trials that have no use for a hyperparameter are not in its panel, and those
        without a value are crosses at the foot of it.
    """
    varied = [each for each in outcome.hyperparameters if each.varies]
    scale = objective_scale(outcome)
    num_columns = min(3, max(1, len(varied)))
    num_rows = max(1, math.ceil(len(varied) / num_columns))
    with new_figure(4.0 * num_columns + 0.5, 3.3 * num_rows + 0.5) as figure:
        first = None
        for position, hyperparameter in enumerate(varied):
            first = axes = figure.add_subplot(num_rows, num_columns, position + 1, sharey=first)
            _panel(axes, outcome, hyperparameter, scale)
            if position % num_columns == 0:
                axes.set_ylabel(words(outcome.objective))
            else:
                axes.tick_params(labelleft=False, which="both")
        _legend(figure, outcome)
    return figure


def _panel(axes, outcome, hyperparameter, scale):
    used = [t for t in outcome.trials if hyperparameter.place(t.values) is not None]
    few = len(outcome.trials) <= 60
    size, alpha = (44, 0.75) if few else (20, 0.5)
    for trials, style in (
        (
            [t for t in used if has_value(t) and t.status != COMPLETED],
            {"facecolors": "none", "edgecolors": PRUNED_COLOUR, "linewidths": 1.2},
        ),
        (
            [t for t in used if has_value(t) and t.status == COMPLETED],
            {"color": OTHER, "alpha": alpha, "linewidths": 0},
        ),
        (
            [t for t in used if t is outcome.best],
            {"color": BEST, "zorder": 5, "edgecolors": "white", "linewidths": 0.8},
        ),
    ):
        xs = [_x(hyperparameter, trial) for trial in trials]
        ys = scale.clip([trial.objective for trial in trials])
        bigger = 2.6 if "zorder" in style else 1
        axes.scatter(xs, ys, s=size * bigger, **style)
    failed = [_x(hyperparameter, trial) for trial in used if not has_value(trial)]
    axes.plot(
        failed,
        np.full(len(failed), 0.03),
        "x",
        color=FAILED_COLOUR,
        markersize=7,
        markeredgewidth=1.8,
        transform=axes.get_xaxis_transform(),
    )
    scale.show(axes)
    axes.set_xlabel(wrapped(hyperparameter.name, 26))
    _x_axis(axes, hyperparameter)


def _x(hyperparameter, trial):
    if not hyperparameter.is_choice:
        return trial.values[hyperparameter.name]
    # Beside each other and not on top of each other, always in the same place.
    spread = math.modf(trial.number * 0.6180339887)[0] - 0.5
    return hyperparameter.place(trial.values) + 0.4 * spread


def _x_axis(axes, hyperparameter):
    if hyperparameter.is_choice:
        count = len(hyperparameter.values)
        shown = range(0, count, math.ceil(count / _MAXIMUM_NAMED))
        names = [shortened(label(hyperparameter.values[place])) for place in shown]
        turned = sum(map(len, names)) > 26
        axes.set_xticks(
            shown, names, rotation=28 if turned else 0, ha="right" if turned else "center"
        )
        if turned:
            for each in axes.get_xticklabels():
                each.set_rotation_mode("anchor")
        axes.tick_params(axis="x", labelsize=11)
        axes.set_xlim(-0.5, count - 0.5)
        return
    low, high = hyperparameter.low, hyperparameter.high
    # Within a factor of two a logarithm is nearly straight, and has no round values to name.
    if hyperparameter.sampling == LOG and high >= 2 * low:
        axes.set_xscale("log")
        margin = (high / low) ** 0.05
        axes.set_xlim(low / margin, high * margin)
        axes.xaxis.set_minor_formatter(NullFormatter())
        if high < 100 * low:
            # A power of ten or none would be named.
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        return
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=isinstance(low, int)))
    margin = 0.05 * (high - low)
    axes.set_xlim(low - margin, high + margin)


def _legend(figure, outcome):
    def mark(name, **style):
        return Line2D([], [], linestyle="none", markersize=8, label=name, **style)

    handles = [mark("best", marker="o", color=BEST)]
    statuses = {trial.status for trial in outcome.trials if has_value(trial)}
    if COMPLETED in statuses:
        handles.append(mark("completed", marker="o", color=OTHER))
    if statuses - {COMPLETED}:
        handles.append(mark("pruned", marker="o", color=PRUNED_COLOUR, markerfacecolor="none"))
    if not all(map(has_value, outcome.trials)):
        handles.append(mark("failed", marker="x", color=FAILED_COLOUR, markeredgewidth=1.8))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, fontsize=11.5)
