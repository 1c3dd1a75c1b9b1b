"""Pictures of a training that hold in front of a class.

Every function returns a `matplotlib.figure.Figure` that belongs to nobody: no pyplot, so nothing
global is opened, styled or left behind. `png` turns one into bytes.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..callbacks import pictures as shared
from ..callbacks.pictures import confusion_matrix, png

__all__ = ["confusion_matrix", "curves", "image_grid", "png", "scatter"]

# What the callbacks draw with too, by what it stands for here.
_TRAIN, _VALIDATION, _THIRD = shared.FIRST, shared.SECOND, shared.THIRD
_INK, _FAINT, _figure = shared.INK, shared.FAINT, shared.new_figure

# Measured beside the learning, and no picture of it.
_SKIPPED = ("milliseconds_per_step", "waiting_for_data")


def curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how the loss and each metric went, training against validation.

    Args:
        history: dict from a name to one value an epoch, "val_" in front of the validated ones, as
            `History.history` has it. Values may be missing (fewer than there are epochs): they are
            then spread evenly, as `validation_freq` leaves them. NaN leaves a gap.

    Returns:
        A figure with a panel for the loss (logarithmic where it spans more than two decades), one
        for each metric, and one for the learning rate where it is known.

    Raises:
        ValueError: the history is empty.
    """
    names = [name for name in history if len(history[name]) and name not in _SKIPPED]
    if not names:
        raise ValueError("`history` of pictures.curves must hold at least one epoch.")
    num_epochs = max(len(history[name]) for name in names)
    metrics = list(dict.fromkeys(name.removeprefix("val_") for name in names))
    # The loss first and the learning rate last, whatever the order of the columns.
    metrics.sort(key=lambda name: (name == "learning_rate", name != "loss"))
    num_columns = min(len(metrics), 2)
    num_rows = math.ceil(len(metrics) / num_columns)
    with _figure(5.2 * num_columns + 0.4, 4.1 * num_rows) as figure:
        for position, metric in enumerate(metrics, start=1):
            axes = figure.add_subplot(num_rows, num_columns, position)
            _curve_panel(axes, metric, history, num_epochs)
    return figure


def image_grid(images, titles: Sequence[str] | None = None, num_columns: int = 6) -> Figure:
    """Lay images out in a grid, such as the worst mistakes.

    Args:
        images: sequence of arrays `(height, width)` or `(height, width, channels)` with 1 or 3
            channels. uint8 in [0, 255]; where no image goes beyond 127, as with digits of 17
            greys, all are brightened alike. Float in [0, 1]; an image beyond it is stretched.
        titles: one short text under each image, broken into lines where it is wider, or None.
            Defaults to None.
        num_columns: int >= 1. Defaults to 6.

    Returns:
        A figure, empty where there are no images.

    Raises:
        ValueError: there are not as many titles as images, or an image has other channels.
    """
    images = [np.asarray(image) for image in images]
    brightest = max(
        (image.max(initial=1) for image in images if image.dtype == np.uint8), default=1
    )
    images = [_displayable(image, brightest if brightest < 128 else 255) for image in images]
    titles = [""] * len(images) if titles is None else list(titles)
    if len(titles) != len(images):
        raise ValueError(
            f"`titles` of pictures.image_grid must be as many as the {len(images)} images. "
            f"Received: {len(titles)} titles."
        )
    # Twenty letters are as wide as an image.
    titles = ["\n".join(textwrap.fill(line, 20) for line in t.splitlines()) for t in titles]
    num_columns = max(1, min(num_columns, len(images)))
    num_rows = max(1, math.ceil(len(images) / num_columns))
    num_lines = max((title.count("\n") + 1 for title in titles if title), default=0)
    with _figure(1.9 * num_columns, (1.95 + 0.24 * num_lines) * num_rows) as figure:
        figure.get_layout_engine().set(h_pad=0.12)
        for position, (image, title) in enumerate(zip(images, titles, strict=True), start=1):
            axes = figure.add_subplot(num_rows, num_columns, position)
            # Small images are shown pixel by pixel, as the network saw them; photographs smoothly.
            smooth = "nearest" if max(image.shape[:2]) <= 64 else "antialiased"
            axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation=smooth)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(True)
            axes.set_xlabel(title, fontsize=11, labelpad=5)
    return figure


def scatter(truth, predicted, *, name: str = "target") -> Figure:
    """Draw predictions of a regression against the truth.

    Args:
        truth: array of float, any shape; it is flattened.
        predicted: array of float of as many values.
        name: str, what is predicted, with its unit. Defaults to "target".

    Returns:
        A figure with equal axes; a perfect model puts every point on the line.

    Raises:
        ValueError: the two hold different numbers of values, or none.
    """
    truth, predicted = np.ravel(truth), np.ravel(predicted)
    if len(truth) != len(predicted) or not len(truth):
        raise ValueError(
            "`predicted` of pictures.scatter must hold as many values as `truth`, and at least "
            f"one. Received: {len(predicted)} values for {len(truth)}."
        )
    both = np.concatenate([truth, predicted])
    both = both[np.isfinite(both)]
    low, high = (both.min(), both.max()) if len(both) else (0.0, 1.0)
    margin = 0.05 * (high - low) or 1.0
    limits = (low - margin, high + margin)
    with _figure(6.0, 6.0) as figure:
        axes = figure.add_subplot()
        axes.plot(limits, limits, color=_INK, linewidth=1.2, linestyle=(0, (4, 3)))
        # Many points are seen as a density, few as points.
        alpha = float(np.clip(60 / math.sqrt(len(truth)) / 3, 0.12, 0.75))
        axes.scatter(truth, predicted, s=26, color=_TRAIN, alpha=alpha, linewidths=0)
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        axes.set_title("Predicted against true")
        axes.set_xlabel(f"true {name}")
        axes.set_ylabel(f"predicted {name}")
        axes.text(0.03, 0.97, "dashed: perfect", transform=axes.transAxes, va="top", fontsize=11)
    return figure


def _curve_panel(axes, metric, history, num_epochs):
    axes.set_title(_readable(metric))
    axes.set_xlabel("epoch")
    validated = f"val_{metric}"
    lines = [("training", metric, _TRAIN, "-"), ("validation", validated, _VALIDATION, "--")]
    if metric == "learning_rate":
        lines = [("", metric, _THIRD, "-")]
    values = []
    for label, name, color, style in lines:
        series = np.asarray(history.get(name, ()), dtype=float)
        if not len(series):
            continue
        epochs = np.linspace(num_epochs / len(series), num_epochs, len(series))
        if len(series) == num_epochs:
            epochs = np.arange(1, num_epochs + 1)
        # A line of one point is invisible.
        marker = "o" if num_epochs <= 12 else None
        axes.plot(epochs, series, style, color=color, label=label, marker=marker, markersize=5)
        values.append(series)
    seen = np.concatenate(values)
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        # A training that diverged in its first epoch still gets its report.
        return
    if metric == "loss" and 0 < 100 * seen.min() < seen.max():
        axes.set_yscale("log")
        axes.set_ylabel("logarithmic scale", fontsize=11)
    elif metric != "loss" and 0.5 < seen.max() <= 1:
        # An accuracy ends at 1, and no line is cut in half there.
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.01))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlim(1 - 0.02 * num_epochs, num_epochs * 1.02)
    if len(values) > 1:
        axes.legend(loc="best")


def _readable(metric):
    return metric.replace("_", " ").strip().capitalize() or metric


def _displayable(image, white):
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[-1] == 3):
        raise ValueError(
            "An image of pictures.image_grid must have 1 or 3 channels, the last axis. "
            f"Received: shape {image.shape}."
        )
    if image.dtype == np.uint8:
        return image / white
    image = np.nan_to_num(image.astype(float))
    low, high = image.min(initial=0.0), image.max(initial=0.0)
    if low < 0 or high > 1:
        low, high = image.min(), image.max()
        image = (image - low) / max(high - low, 1e-12)
    return image
