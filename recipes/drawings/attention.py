"""Pictures of attention: where in the source each head looks for each token of the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..pictures import _figure

# What would be invisible, or wider than any letter.
SYMBOLS = {" ": "\u2423", "<end>": "\u220e"}

_NUM_COLUMNS = 2
# Wider than this, single tokens cannot be read beside a map.
_MOST_NAMED = 60


def attention_heads(weights, source: Sequence[str], target: Sequence[str]) -> Figure:
    """Draw the attention of each head as a map, source along the columns.

    Args:
        weights: float array `(heads, len(target), len(source))` in [0, 1], whose rows sum to 1.
        source: the tokens that are looked at.
        target: the tokens that are written, each beside the row that decided it.

    Returns:
        A figure with a panel a head. Dark is much; all panels have one scale.

    Raises:
        ValueError: the weights do not fit the tokens.
    """
    weights = np.asarray(weights, float)
    expected = (len(target), len(source))
    if weights.ndim != 3 or weights.shape[1:] != expected:
        raise ValueError(
            f"`weights` of attention.attention_heads must have shape (heads, {expected[0]}, "
            f"{expected[1]}). Received: {weights.shape}."
        )
    num_heads = len(weights)
    num_columns = min(_NUM_COLUMNS, num_heads)
    num_rows = math.ceil(num_heads / num_columns)
    width, height = 0.17 * len(source) + 1.0, 0.2 * len(target) + 1.1
    with _figure(max(3.2, width) * num_columns, max(2.2, height) * num_rows) as figure:
        for number, head in enumerate(weights, start=1):
            axes = figure.add_subplot(num_rows, num_columns, number)
            axes.imshow(head, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
            axes.grid(False)
            axes.set_title(f"head {number}", fontsize=12, pad=6)
            _name(axes.set_xticks, source)
            _name(axes.set_yticks, target)
            axes.tick_params(length=0)
    return figure


def _name(set_ticks, tokens):
    if len(tokens) > _MOST_NAMED:
        set_ticks([])
        return
    labels = [SYMBOLS.get(token, token.replace("$", r"\$")) for token in tokens]
    # Letters stand upright and words lie on their side.
    turned = 90 if max(map(len, labels), default=0) > 2 else 0
    rotation = {"rotation": turned} if set_ticks.__name__ == "set_xticks" else {}
    set_ticks(range(len(tokens)), labels, fontsize=9, **rotation)
