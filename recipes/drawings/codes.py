"""Codes of examples in the plane."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..pictures import _TRAIN, _figure

_MAXIMUM_NAMED = 20


def code_scatter(
    codes,
    labels=None,
    class_names: Sequence[str] | None = None,
    *,
    axis_names: tuple[str, str] = ("code 1", "code 2"),
) -> Figure:
    """Draw where examples lie in the plane, coloured by their class.

    Args:
        codes: array `(examples, 2)` of float.
        labels: array `(examples,)` of int in [0, len(class_names)), or None for one colour.
            Defaults to None.
        class_names: names of the classes, or None. Defaults to None.
        axis_names: the names of the two axes. Defaults to the values of a code of two.

    Returns:
        A figure with equal axes. Classes are named at their medians where there are at most 20.

    Raises:
        ValueError: the codes are not of the plane, or the labels are not as many.
    """
    codes = np.asarray(codes, dtype=float)
    if codes.ndim != 2 or codes.shape[1] != 2 or not len(codes):
        raise ValueError(
            "`codes` of codes.code_scatter must be of the shape (examples, 2). "
            f"Received: shape {codes.shape}."
        )
    if labels is not None and len(labels) != len(codes):
        raise ValueError(
            f"`labels` of codes.code_scatter must be as many as the {len(codes)} codes. "
            f"Received: {len(labels)} labels."
        )
    with _figure(7.0, 6.6) as figure:
        axes = figure.add_subplot()
        colors = _TRAIN
        if labels is not None:
            # Twenty colours go round; more classes than that cannot be told apart by any.
            labels = np.asarray(labels)
            few = labels.max(initial=0) < 10
            colors = matplotlib.colormaps["tab10" if few else "tab20"](labels % 20)
        alpha = float(np.clip(20 / np.sqrt(len(codes)), 0.25, 0.9))
        axes.scatter(codes[:, 0], codes[:, 1], s=20, c=colors, alpha=alpha, linewidths=0)
        if labels is not None and class_names is not None and len(class_names) <= _MAXIMUM_NAMED:
            _name_classes(axes, codes, labels, class_names)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_title("Codes by class" if labels is not None else "Codes")
        axes.set_xlabel(axis_names[0])
        axes.set_ylabel(axis_names[1])
    return figure


def _name_classes(axes, codes, labels, class_names):
    for label, name in enumerate(class_names):
        found = codes[labels == label]
        if len(found):
            x, y = np.median(found, axis=0)
            axes.text(
                x,
                y,
                name,
                ha="center",
                va="center",
                fontsize=13,
                fontweight="bold",
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.7, "lw": 0},
            )


def to_plane(codes):
    """Return codes in the plane, and the names of its axes.

    Args:
        codes: array `(examples, code)` with a code of at least 2.

    Returns:
        A pair: an array `(examples, 2)`, the codes themselves or, where they have more values than
        two, their first two principal components; and the names of the axes.
    """
    codes = np.asarray(codes, dtype=float)
    if codes.shape[1] == 2:
        return codes, ("code 1", "code 2")
    centred = codes - codes.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    shares = lengths**2 / max(float(np.sum(lengths**2)), 1e-12)
    names = tuple(
        f"principal component {number + 1} ({shares[number]:.0%} of the variance)"
        for number in range(2)
    )
    return centred @ axes[:2].T, names
