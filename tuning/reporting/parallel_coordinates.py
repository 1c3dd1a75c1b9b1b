"""A picture of all trials: a line for each, through its values and its objective."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...callbacks.pictures import new_figure
from ...recipes.page import words
from .hyperparameter import LINEAR, label
from .objective_scale import objective_scale
from .outcome import Outcome
from .trial_colours import BEST, FAILED_COLOUR, INK, shade, shortened, wrapped

_MAXIMUM_AXES = 6
_MAXIMUM_NAMED = 9
# Below the range: the trial has no use for a value.
_UNUSED = -0.14


def parallel_coordinates(outcome: Outcome) -> Figure:
    """Draw each trial as a line through its hyperparameters and its objective.

    Args:
        outcome: `Outcome`.

    Returns:
        A figure with an axis for each hyperparameter, logarithmic where its range is, and one for
        the objective at the end of each row of axes; its better side is on top. The best trial
        stands out, the others are the darker the better, and those that failed are grey and dashed.
    """
    axes_of = [each for each in outcome.hyperparameters if each.varies]
    num_rows = max(1, math.ceil(len(axes_of) / _MAXIMUM_AXES))
    num_columns = math.ceil(len(axes_of) / num_rows)
    with new_figure(max(5.5, 1.75 * (num_columns + 1)), 4.6 * num_rows) as figure:
        for row in range(num_rows):
            axes = figure.add_subplot(num_rows, 1, row + 1)
            part = axes_of[row * num_columns : (row + 1) * num_columns]
            _draw_row(axes, outcome, part, num_columns)
    return figure


def _draw_row(axes, outcome, part, num_columns):
    axes.set_axis_off()
    axes.set_xlim(-0.45, num_columns + (0.3 if outcome.valued else -0.7))
    unused = [
        column
        for column, hyperparameter in enumerate(part)
        if any(hyperparameter.place(trial.values) is None for trial in outcome.trials)
    ]
    axes.set_ylim((_UNUSED if unused else 0) - 0.06, 1.06)
    for column, hyperparameter in enumerate(part):
        _draw_axis(axes, column, hyperparameter.name, *_ticks(hyperparameter))
    for column in unused:
        _draw_tick(axes, column, _UNUSED, "not used")
    if not outcome.valued:
        _draw_lines(axes, outcome, part, {})
        return
    scale = objective_scale(outcome)
    goodness = {
        trial.number: _better_up(scale.share([trial.objective])[0], outcome.sign)
        for trial in outcome.valued
    }
    ticks = scale.ticks()
    places = [_better_up(share, outcome.sign) for share in scale.share(ticks)]
    names = [label(float(tick)) for tick in ticks]
    _draw_axis(axes, len(part), words(outcome.objective), places, names, bold=True)
    _draw_lines(axes, outcome, part, goodness)


def _draw_lines(axes, outcome, part, goodness):
    # The best is drawn last, on top of the others.
    for trial in reversed(outcome.trials):
        good = goodness.get(trial.number)
        xs, ys = [], []
        for column, hyperparameter in enumerate(part):
            xs.append(column)
            ys.append(_height(hyperparameter, trial))
        if good is not None:
            xs.append(len(part))
            ys.append(good)
        few = len(outcome.trials) <= 60
        style = {"color": FAILED_COLOUR, "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 2}
        if good is not None:
            style = {
                "color": shade(good),
                "linewidth": 1.8 if few else 1.1,
                "alpha": 0.9 if few else 0.6,
                "zorder": 3 + good,
            }
        if trial is outcome.best:
            style = {"color": BEST, "linewidth": 3.6, "zorder": 6, "marker": "o", "markersize": 7}
        axes.plot(xs, ys, **style)


def _draw_axis(axes, column, name, places, names, *, bold=False):
    axes.plot([column, column], [0, 1], color=INK, linewidth=1.2, zorder=5)
    axes.text(
        column,
        1.07,
        wrapped(name, 15),
        ha="center",
        va="baseline",
        fontsize=11.5,
        fontweight="bold" if bold else "normal",
        linespacing=1.1,
    )
    for place, text in zip(places, names, strict=True):
        _draw_tick(axes, column, place, text, right=bold)


def _draw_tick(axes, column, place, text, *, right=False):
    axes.plot([column - 0.03, column], [place, place], color=INK, linewidth=1.2, zorder=5)
    axes.text(
        column + (0.07 if right else -0.06),
        place,
        shortened(text),
        ha="left" if right else "right",
        va="center",
        fontsize=10.5,
        zorder=7,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
    )


def _better_up(share, sign):
    return 1 - share if sign == 1 else share


def _height(hyperparameter, trial):
    place = hyperparameter.place(trial.values)
    if place is None:
        return _UNUSED
    if not hyperparameter.is_choice:
        return place
    # Trials of one value lie beside each other, in a band, so that each of them can be followed.
    count = len(hyperparameter.values)
    spread = math.modf(trial.number * 0.6180339887)[0] - 0.5
    return (place + 0.5 + 0.3 * spread) / count


def _ticks(hyperparameter):
    """Return where an axis has ticks, in [0, 1], and what they say."""
    if hyperparameter.is_choice:
        count = len(hyperparameter.values)
        step = math.ceil(count / _MAXIMUM_NAMED)
        shown = range(0, count, step)
        return [(k + 0.5) / count for k in shown], [label(hyperparameter.values[k]) for k in shown]
    low, high = hyperparameter.low, hyperparameter.high
    if hyperparameter.sampling == LINEAR:
        between = MaxNLocator(4, integer=isinstance(low, int)).tick_values(low, high)
    else:
        between = 10.0 ** np.arange(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        between = between[:: max(1, math.ceil(len(between) / 5))]
    # The ends are always named; what is near to one would cover its name.
    inside = [
        float(v) for v in between if 0.08 < hyperparameter.position(v) < 0.92 and low < v < high
    ]
    values = [low, *inside, high]
    places = [hyperparameter.position(value) for value in values]
    return places, [label(value) for value in values]
