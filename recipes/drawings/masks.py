"""Pictures of a segmentation: the image, what is there, and what the model saw."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from ..pictures import _displayable, _figure

# Okabe and Ito 2008, without black, in an order in which neighbours differ most.
_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#0072B2")
_NOT_COUNTED = (0.82, 0.82, 0.82)
_HEADINGS = ("image", "truth", "prediction")
_EDGE = "#9aa0a8"
_OPACITY = 0.75


def mask_grid(images, truth, predicted, class_names: Sequence[str], captions=None) -> Figure:
    """Lay images out beside their true and their predicted mask, two examples a row.

    Args:
        images: uint8 or float arrays `(height, width, channels)` with 1 or 3 channels; where they
            are larger than their masks, their middle is shown.
        truth: int arrays `(height, width)` of classes, -1 where a pixel is not counted.
        predicted: int arrays of the same shapes.
        class_names: names in the order of the classes; a class named "background" stays clear.
        captions: one short text for each image, or None. Defaults to None.

    Returns:
        A figure with a legend of the classes.

    Raises:
        ValueError: there are not as many masks or captions as images.
    """
    captions = [""] * len(images) if captions is None else list(captions)
    if not len(images) == len(truth) == len(predicted) == len(captions):
        raise ValueError(
            "`images`, `truth`, `predicted` and `captions` of masks.mask_grid must be equally "
            f"many. Received: {len(images)}, {len(truth)}, {len(predicted)}, {len(captions)}."
        )
    colours = class_colours(class_names)
    num_beside = min(2, max(1, len(images)))
    num_rows = max(1, -(-len(images) // num_beside))
    with _figure(5.4 * num_beside, 2.05 * num_rows + 0.9) as figure:
        # Three pictures, a gap, three pictures.
        widths = [1, 1, 1, 0.12][: 4 if num_beside > 1 else 3] + [1, 1, 1] * (num_beside - 1)
        grid = figure.add_gridspec(num_rows, len(widths), width_ratios=widths)
        for position, (image, *masks) in enumerate(zip(images, truth, predicted, strict=True)):
            clear = _in_colour(_middle(np.asarray(image), np.shape(masks[0])))
            # On grey, so that the colours of the classes are those of the legend.
            grey = np.repeat(clear.mean(axis=-1, keepdims=True), 3, axis=-1)
            drawn = [clear, *(_laid_over(grey, np.asarray(mask), colours) for mask in masks)]
            row, beside = divmod(position, num_beside)
            for column, (picture, heading) in enumerate(zip(drawn, _HEADINGS, strict=True)):
                axes = figure.add_subplot(grid[row, 4 * beside + column])
                smooth = "nearest" if max(picture.shape[:2]) <= 128 else "antialiased"
                axes.imshow(picture, interpolation=smooth)
                axes.set_xticks([])
                axes.set_yticks([])
                axes.grid(False)
                axes.spines[:].set_visible(False)
                if position < num_beside:
                    axes.set_title(heading, fontsize=11, fontweight="normal", loc="center", pad=5)
                if column == 1:
                    axes.set_xlabel(captions[position], fontsize=11, labelpad=4)
        handles = [
            Patch(
                facecolor=colour or "white", edgecolor=_EDGE, label=name + (not colour) * " (clear)"
            )
            for name, colour in zip(class_names, colours, strict=True)
        ]
        if any((np.asarray(mask) < 0).any() for mask in truth):
            handles.append(Patch(facecolor=_NOT_COUNTED, edgecolor=_EDGE, label="not counted"))
        figure.legend(
            handles=handles, loc="outside lower center", ncols=min(6, len(handles)), fontsize=11
        )
    return figure


def mask_png(mask, class_names: Sequence[str]) -> bytes:
    """Return a mask as a PNG file: a palette image of class numbers, in the colours of `mask_grid`.

    Args:
        mask: int array `(height, width)` of classes in [0, 256).
        class_names: names in the order of the classes.
    """
    numbers = np.asarray(mask).astype(np.uint8)
    image = Image.frombytes("P", numbers.shape[::-1], numbers.tobytes())
    colours = [(0, 0, 0) if colour is None else colour for colour in class_colours(class_names)]
    image.putpalette([round(255 * part) for colour in colours for part in colour])
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def class_colours(class_names: Sequence[str]):
    """Return a colour for each class, as RGB in [0, 1]; None for the class "background"."""
    others = [name for name in class_names if name != "background"]
    chosen = {}
    for number, name in enumerate(others):
        if len(others) <= len(_COLOURS):
            code = _COLOURS[number]
            chosen[name] = tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
        else:
            chosen[name] = tuple(hsv_to_rgb((number / len(others), 0.85, 0.7 + number % 2 * 0.3)))
    return [chosen.get(name) for name in class_names]


def _laid_over(image, mask, colours):
    result = image.copy()
    for label, colour in enumerate(colours):
        if colour is not None:
            where = mask == label
            result[where] = (1 - _OPACITY) * image[where] + _OPACITY * np.array(colour)
    result[mask < 0] = _NOT_COUNTED
    return result


def _middle(image, shape):
    top, left = ((whole - part) // 2 for whole, part in zip(image.shape, shape, strict=False))
    return image[top : top + shape[0], left : left + shape[1]]


def _in_colour(image):
    image = _displayable(image, 255)
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=-1)
