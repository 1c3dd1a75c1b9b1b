"""Many small images in rows and columns, as one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..pictures import _figure

_GAP = 0.08  # of an image's side, between two images


def mosaic(
    images,
    *,
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    inches: float = 0.75,
) -> Figure:
    """Lay images out in rows and columns, row and column named where they mean something.

    Args:
        images: float array `(rows, columns, height, width, channels)` with 1 or 3 channels; values
            outside [0, 1] are cut off.
        row_names: one short text a row, or nothing. Defaults to nothing.
        column_names: one short text a column, or nothing. Defaults to nothing.
        inches: float > 0, the side of an image. Defaults to 0.75.

    Returns:
        A figure of one picture, pixel by pixel.

    Raises:
        ValueError: the array has another rank, other channels or no image, or the names are not as
            many as the rows or columns.
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 5 or images.shape[-1] not in (1, 3) or not images.size:
        raise ValueError(
            "`images` of mosaics.mosaic must be of the shape (rows, columns, height, width, 1 or "
            f"3). Received: shape {images.shape}."
        )
    num_rows, num_columns, height, width, num_channels = images.shape
    for names, count, what in (
        (row_names, num_rows, "row_names"),
        (column_names, num_columns, "column_names"),
    ):
        if len(names) not in (0, count):
            raise ValueError(
                f"`{what}` of mosaics.mosaic must be {count} texts, or none. "
                f"Received: {len(names)}."
            )
    gap = max(1, round(_GAP * max(height, width)))
    high, wide = height + gap, width + gap
    page = np.ones((num_rows * high - gap, num_columns * wide - gap, num_channels))
    for row, column in np.ndindex(num_rows, num_columns):
        top, left = row * high, column * wide
        page[top : top + height, left : left + width] = np.clip(images[row, column], 0, 1)
    margin = 0.11 * max(map(len, row_names), default=0)
    shape = (inches * num_columns + margin + 0.2, inches * num_rows * height / width + 0.45)
    with _figure(max(shape[0], 2.0), shape[1]) as figure:
        axes = figure.add_subplot()
        axes.imshow(
            page[..., 0] if num_channels == 1 else page,
            cmap="gray",
            vmin=0,
            vmax=1,
            interpolation="nearest",
        )
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.set_yticks([row * high + height / 2 for row in range(len(row_names))], row_names)
        axes.set_xticks(
            [column * wide + width / 2 for column in range(len(column_names))], column_names
        )
    return figure


def stretched(images):
    """Return images of any real values, each stretched to [0, 1] about a middle grey of 0.

    Args:
        images: array `(count, height, width, channels)`, weights for example.
    """
    images = np.asarray(images, dtype=float)
    largest = np.abs(images).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + 0.5 * images / np.maximum(largest, 1e-12)


def in_rows(images, num_columns):
    """Return images `(count, ...)` as rows of `num_columns`, what is left over left out."""
    images = np.asarray(images)
    num_columns = min(num_columns, len(images))
    num_rows = len(images) // num_columns
    return images[: num_rows * num_columns].reshape(num_rows, num_columns, *images.shape[1:])
