"""Whether a classifier may be believed: calibration, entropies, accuracy against coverage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ..pictures import _FAINT, _INK, _THIRD, _TRAIN, _VALIDATION, _figure

_COLORS = (_TRAIN, _VALIDATION, _THIRD, "#CC79A7", "#56B4E9", "#E69F00")
_STYLES = ("-", "--", ":", "-.")


def reliability(bins: Mapping[str, tuple]) -> Figure:
    """Draw accuracy against confidence, a panel for each way to predict.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599, figure 1.

    Args:
        bins: dict from the name of a way to three arrays `(bins,)`: the numbers of examples, their
            mean confidence and their accuracy, NaN where a bin is empty.

    Returns:
        A figure: each bar is the accuracy of a bin, its dot the mean confidence, and the dashed
        line perfect calibration; underneath, the share of examples in each bin.

    Raises:
        ValueError: there is nothing to draw.
    """
    _expect(bins, "bins", "reliability")
    with _figure(4.3 * len(bins) + 0.4, 5.6) as figure:
        grid = figure.add_gridspec(2, len(bins), height_ratios=(3, 1))
        for column, (name, (counts, confidence, accuracy)) in enumerate(bins.items()):
            counts = np.asarray(counts)
            full = counts > 0
            edges = np.arange(len(counts)) / len(counts)
            middle, width = edges + 0.5 / len(counts), 1 / len(counts)
            axes = figure.add_subplot(grid[0, column])
            axes.bar(
                middle[full], np.asarray(accuracy)[full], width, color=_TRAIN, edgecolor="white"
            )
            axes.plot([0, 1], [0, 1], color=_INK, linewidth=1.2, linestyle=(0, (4, 3)))
            dots = (np.asarray(confidence)[full], np.asarray(accuracy)[full])
            axes.plot(*dots, "o", color=_VALIDATION, markersize=5, markeredgecolor="white")
            axes.set(title=name, xlim=(0, 1), ylim=(0, 1.02))
            axes.text(
                0.03, 0.97, "dashed: perfect", transform=axes.transAxes, va="top", fontsize=11
            )
            axes.set_ylabel("accuracy" if column == 0 else "")
            below = figure.add_subplot(grid[1, column], sharex=axes)
            below.bar(middle, counts / max(counts.sum(), 1), width, color=_FAINT, edgecolor="white")
            below.set(xlabel="confidence", xlim=(0, 1))
            below.set_ylabel("share" if column == 0 else "")
    return figure


def entropies(
    inside, outside: Mapping[str, np.ndarray], *, num_classes: int, way: str = ""
) -> Figure:
    """Draw how unsure a classifier is on what it has learnt, and on what it has not.

    Args:
        inside: array `(examples,)`, predictive entropies in nats on test examples.
        outside: dict from a name to such an array on other data.
        num_classes: int >= 2, whose logarithm is the largest entropy there is.
        way: str, the way to predict, for the title. Defaults to "".

    Returns:
        A figure of histograms, each of the area 1.

    Raises:
        ValueError: there are fewer than two classes.
    """
    if num_classes < 2:
        raise ValueError(
            "`num_classes` of uncertainty.entropies must be at least 2. "
            f"Received: num_classes={num_classes!r}."
        )
    edges = np.linspace(0, np.log(num_classes), 31)
    with _figure(7.6, 4.6) as figure:
        axes = figure.add_subplot()
        for number, (name, values) in enumerate({"test split": inside, **outside}.items()):
            shares, _ = np.histogram(np.clip(values, 0, edges[-1]), edges)
            shares = shares / max(shares.sum(), 1)
            color = _COLORS[number % len(_COLORS)]
            axes.stairs(shares, edges, color=color, fill=True, alpha=0.18)
            style = _STYLES[number % len(_STYLES)]
            axes.stairs(shares, edges, color=color, label=name, linewidth=2.2, linestyle=style)
        axes.set_title(f"Predictive entropy, {way}" if way else "Predictive entropy")
        axes.set_xlabel(f"nats; the most there can be is ln {num_classes} = {edges[-1]:.2f}")
        axes.set_ylabel("share of the examples")
        axes.set_xlim(0, edges[-1])
        axes.legend()
    return figure


def coverage(ways: Mapping[str, tuple]) -> Figure:
    """Draw the accuracy on the examples that are answered against their share.

    Args:
        ways: dict from the name of a way to two arrays, coverage and accuracy.

    Returns:
        A figure, a line for each way.

    Raises:
        ValueError: there is nothing to draw.
    """
    _expect(ways, "ways", "coverage")
    lowest = 1.0
    with _figure(7.0, 4.6) as figure:
        axes = figure.add_subplot()
        for number, (name, (share, accuracy)) in enumerate(ways.items()):
            share, accuracy = np.asarray(share), np.asarray(accuracy)
            # Of the first few one mistake is a cliff that hides the rest.
            seen = share >= min(0.05, share[-1])
            lowest = min(lowest, accuracy[seen].min())
            axes.plot(
                share[seen],
                accuracy[seen],
                _STYLES[number % len(_STYLES)],
                color=_COLORS[number % len(_COLORS)],
                label=name,
            )
        axes.set_title("Accuracy against coverage")
        axes.set_xlabel("share of the examples that are answered, the most confident first")
        axes.set_ylabel("accuracy on these")
        axes.set_xlim(0, 1.01)
        axes.set_ylim(lowest - 0.1 * (1.005 - lowest), 1 + 0.05 * (1.005 - lowest))
        axes.legend(loc="lower left")
    return figure


def _expect(values, name, function):
    if not values:
        raise ValueError(f"`{name}` of uncertainty.{function} must not be empty.")
