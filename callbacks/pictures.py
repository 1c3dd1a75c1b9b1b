"""How pictures look, for callbacks and recipes alike, and the picture of a confusion matrix.

A figure belongs to nobody: no pyplot, so nothing global is opened, styled or left behind. `png`
turns one into bytes.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

# Okabe and Ito 2008, "Color universal design": told apart by everybody, and in grey too.
FIRST = "#0072B2"
SECOND = "#D55E00"
THIRD = "#009E73"
INK = "#22262b"
FAINT = "#c9ced6"

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 13,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e9ee",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
}

_MAXIMUM_ANNOTATED = 20


def confusion_matrix(counts, class_names: Sequence[str]) -> Figure:
    """Draw which class was taken for which.

    Args:
        counts: array `(num_classes, num_classes)` of int, truth along the rows and predictions
            along the columns.
        class_names: num_classes names, in the order of the labels.

    Returns:
        A figure. The colour is a share of its row, so that rare classes are judged like frequent
        ones: blue on the diagonal, orange beside it. The numbers are counts, written where there
        are at most 20 classes.

    Raises:
        ValueError: the counts are not square, or the names do not match them.
    """
    counts = np.asarray(counts)
    num_classes = len(class_names)
    if counts.shape != (num_classes, num_classes):
        raise ValueError(
            "`counts` of pictures.confusion_matrix must have a row and a column for each of the "
            f"{num_classes} class names. Received: counts of shape {counts.shape}."
        )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    annotated = num_classes <= _MAXIMUM_ANNOTATED
    side = max(3.2, 0.56 * num_classes) if annotated else min(0.2 * num_classes, 9.0)
    right = np.eye(num_classes, dtype=bool)
    with new_figure(side + 1.6, side + 1.9) as figure:
        axes = figure.add_subplot()
        axes.imshow(np.ma.array(shares, mask=~right), cmap="Blues", norm=PowerNorm(1.0, 0, 1))
        # A mistake of one in a hundred must be seen, so their colours begin early.
        axes.imshow(
            np.ma.array(shares, mask=right | (counts == 0)),
            cmap="Oranges",
            norm=PowerNorm(0.5, 0, 1),
        )
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_title("Confusion matrix", pad=46)
        axes.annotate(
            "colour: share of the true class\nblue is right, orange a mistake",
            xy=(0, 1),
            xytext=(0, 10),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=10.5,
        )
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        _name_classes(axes, class_names)
        if annotated:
            _separate_cells(axes, num_classes)
            _write_counts(axes, counts, shares)
    return figure


def png(figure: Figure, *, dots_per_inch: int = 110) -> bytes:
    """Return a figure as the bytes of a PNG file.

    Args:
        figure: a matplotlib figure.
        dots_per_inch: int, the resolution. Defaults to 110.
    """
    buffer = io.BytesIO()
    # A version in the metadata would make equal pictures differ.
    figure.savefig(
        buffer,
        format="png",
        dpi=dots_per_inch,
        bbox_inches="tight",
        pad_inches=0.12,
        metadata={"Software": None},
    )
    return buffer.getvalue()


@contextlib.contextmanager
def new_figure(width, height):
    """Give a figure of a width and a height in inches, in the style, to draw on within `with`."""
    with rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def _name_classes(axes, class_names):
    num_classes = len(class_names)
    step = max(1, math.ceil(num_classes / 40))
    shown = range(0, num_classes, step)
    names = [_short(class_names[index]) for index in shown]
    size = 12 if num_classes <= _MAXIMUM_ANNOTATED else 9
    turned = 45 if max(map(len, names)) > 3 else 0
    axes.set_xticks(
        shown, names, rotation=turned, ha="right" if turned else "center", fontsize=size
    )
    if turned:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_yticks(shown, names, fontsize=size)
    axes.tick_params(length=0)


def _separate_cells(axes, num_classes):
    edges = np.arange(num_classes - 1) + 0.5
    axes.hlines(edges, -0.5, num_classes - 0.5, color=FAINT, linewidth=0.7)
    axes.vlines(edges, -0.5, num_classes - 0.5, color=FAINT, linewidth=0.7)


def _short(name):
    name = str(name)
    return name if len(name) <= 18 else name[:17] + "…"


def _write_counts(axes, counts, shares):
    size = 12 if counts.max(initial=0) < 10_000 else 9
    for row, column in np.ndindex(counts.shape):
        # Zeros everywhere hide the few mistakes that a reader looks for.
        if counts[row, column]:
            axes.text(
                column,
                row,
                f"{counts[row, column]:d}",
                ha="center",
                va="center",
                fontsize=size,
                color="white" if shares[row, column] > (0.5 if row == column else 0.4) else INK,
            )
