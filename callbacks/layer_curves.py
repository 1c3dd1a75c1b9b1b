"""A picture of figures by layer over the epochs."""

import math

import numpy as np
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator

from .pictures import new_figure

# More lines than this are told apart by their colour alone, which goes from input to output.
_MAXIMUM_NAMED = 14


def layer_curves(epochs, layers, figures, logarithmic=()):
    """Draw figures by layer over the epochs.

    Args:
        epochs: array `(num_looks,)` of int, counted from 1.
        layers: sequence of `num_layers` paths, from input to output.
        figures: dict from a title to an array `(num_looks, num_layers)`; NaN leaves a gap.
        logarithmic: titles of those whose axis is logarithmic. Defaults to none.

    Returns:
        A matplotlib `Figure` with a panel for each figure, a line for each layer, dark near the
        input and light near the output.
    """
    num_columns = min(len(figures), 2)
    num_rows = math.ceil(len(figures) / num_columns)
    colours = colormaps["viridis"](np.linspace(0, 0.92, len(layers)))
    handles = {}
    with new_figure(5.2 * num_columns + 2.6, 3.9 * num_rows) as figure:
        for position, (title, values) in enumerate(figures.items(), start=1):
            axes = figure.add_subplot(num_rows, num_columns, position)
            axes.set_title(title)
            axes.set_xlabel("epoch")
            if title in logarithmic and np.any(values > 0):
                axes.set_yscale("log")
            for layer, colour, line in zip(layers, colours, values.T, strict=True):
                if np.all(np.isnan(line)):
                    continue
                # A line of one point is invisible.
                (handles[layer],) = axes.plot(
                    epochs,
                    line,
                    color=colour,
                    marker="o" if len(epochs) <= 12 else None,
                    markersize=4,
                    linewidth=1.8,
                )
            if title.startswith("Share"):
                axes.set_ylim(-0.03, 1.03)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
        _name(figure, [layer for layer in layers if layer in handles], handles)
    return figure


def _name(figure, layers, handles):
    if len(layers) > _MAXIMUM_NAMED:
        picked = np.unique(np.linspace(0, len(layers) - 1, _MAXIMUM_NAMED).astype(int))
        layers = [layers[index] for index in picked]
    # The name of the model, which stands in front of all of them, tells nothing.
    first = {layer.partition("/")[0] for layer in layers}
    names = [
        layer.partition("/")[2] if len(first) == 1 and "/" in layer else layer for layer in layers
    ]
    figure.legend(
        [handles[layer] for layer in layers],
        names,
        loc="outside right upper",
        fontsize=10,
        title="layer, from the input",
        title_fontsize=11,
    )
