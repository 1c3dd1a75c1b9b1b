"""What a language model makes of a text."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ..pictures import _INK, _TRAIN, _VALIDATION, _figure

_NUM_COLUMNS = 80
_MOST_LINES = 24
# Bits from which on a character is as red as it gets: one in a thousand.
_MOST_BITS = 10.0


def surprise(text: str, bits) -> Figure:
    """Draw a text with each character on the colour of its surprise.

    Args:
        text: str, at least one character.
        bits: array `(len(text),)` of float >= 0, -log2 p of each character.

    Returns:
        A figure of at most 24 lines of 80 characters, white where a character was certain. A line
        break is drawn as its arrow, so that its colour can be seen.

    Raises:
        ValueError: there are not as many numbers as characters, or none.
    """
    bits = np.asarray(bits, float)
    if bits.shape != (len(text),) or not len(text):
        raise ValueError(
            f"`bits` of texts.surprise must be one number a character, and at least one. "
            f"Received: shape {bits.shape} for {len(text)} characters."
        )
    places = _laid_out(text)
    num_lines = max(line for line, _ in places) + 1
    colors = np.full((num_lines, _NUM_COLUMNS), np.nan)
    for (line, column), value in zip(places, bits, strict=False):
        colors[line, column] = min(value, _MOST_BITS)
    with _figure(8.8, 0.24 * num_lines + 0.9) as figure:
        axes = figure.add_subplot()
        image = axes.imshow(
            colors, cmap="Reds", norm=PowerNorm(0.7, 0, 1.4 * _MOST_BITS), aspect="auto"
        )
        for (line, column), character in zip(places, text, strict=False):
            if character != " ":
                shown = "↵" if character == "\n" else character
                axes.text(
                    column,
                    line,
                    shown if shown.isprintable() else "·",
                    ha="center",
                    va="center",
                    family="DejaVu Sans Mono",
                    fontsize=9,
                    color=_INK,
                    parse_math=False,
                )
        axes.set_axis_off()
        bar = figure.colorbar(image, ax=axes, location="bottom", shrink=0.35, aspect=30, pad=0.02)
        bar.ax.set_xlim(0, _MOST_BITS)
        bar.set_label("bits", fontsize=11)
        bar.outline.set_visible(False)
    return figure


def bits_by_memory(bits, baseline: float, baseline_name: str) -> Figure:
    """Draw what a character costs by how many were read before it.

    Args:
        bits: array `(time,)` of float, the mean bits of the character after 1, 2, ... characters.
        baseline: float, bits a character of another model.
        baseline_name: str, what that is.

    Returns:
        A figure with a logarithmic axis of characters.

    Raises:
        ValueError: there are no bits.
    """
    bits = np.asarray(bits, float)
    if bits.ndim != 1 or not len(bits):
        raise ValueError(
            f"`bits` of texts.bits_by_memory must hold at least one number. "
            f"Received: shape {bits.shape}."
        )
    with _figure(7.6, 4.6) as figure:
        axes = figure.add_subplot()
        read = np.arange(1, len(bits) + 1)
        axes.plot(read, bits, color=_TRAIN, alpha=0.35, linewidth=1.2)
        # The means of stretches, each half as long again as the one before, since single places
        # are noisy.
        edges = np.unique(np.round(1.5 ** np.arange(0, 40)).astype(int))
        edges = np.append(edges[edges <= len(bits)], len(bits) + 1)
        stretches = [slice(a - 1, b - 1) for a, b in itertools.pairwise(edges)]
        means = [(read[s].mean(), bits[s].mean()) for s in stretches if len(bits[s])]
        axes.plot(*zip(*means, strict=True), color=_TRAIN, marker="o", markersize=5, label="model")
        axes.axhline(baseline, color=_VALIDATION, linestyle="--", label=baseline_name)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(bottom=0)
        axes.set_title("Bits a character by memory")
        axes.set_xlabel("characters read before")
        axes.set_ylabel("bits")
        axes.legend(loc="best")
    return figure


def _laid_out(text):
    """Return line and column of each character that fits."""
    places, line, column = [], 0, 0
    for character in text:
        if column == _NUM_COLUMNS:
            line, column = line + 1, 0
        if line == _MOST_LINES:
            break
        places.append((line, column))
        line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
    return places
