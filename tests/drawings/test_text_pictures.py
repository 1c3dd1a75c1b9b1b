"""Pictures of texts: what stands where, and what does not fit."""

import numpy as np
import pytest

from kerasrecipes.recipes.drawings import texts
from kerasrecipes.recipes.pictures import png


def shown(figure):
    """Return the characters of a picture by (line, column)."""
    axes = figure.axes[0]
    return {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in axes.texts}


def test_each_character_stands_on_its_surprise():
    text = "ab c\n$d$" + "x" * 90
    bits = np.arange(len(text), dtype=float)
    figure = texts.surprise(text, bits)
    found = shown(figure)
    assert [found[0, 0], found[0, 1], found[0, 3], found[0, 4]] == ["a", "b", "c", "↵"]
    # A space has a colour and no letter; lines break after 80; a dollar sign is no formula.
    assert (0, 2) not in found and found[1, 0] == "$" and found[2, 0] == "x"
    colors = figure.axes[0].images[0].get_array()
    assert [colors[0, 2], colors[1, 1], colors[2, 0]] == [2, 6, 10]
    assert np.ma.getmaskarray(colors)[0, 5:].all() or np.isnan(colors[0, 5:]).all()
    assert png(figure).startswith(b"\x89PNG")


def test_a_long_text_is_cut_at_24_lines():
    assert max(line for line, _ in shown(texts.surprise("x" * 5_000, np.zeros(5_000)))) == 23


def test_memory_is_drawn_beside_the_other_model():
    figure = texts.bits_by_memory(np.full(256, 2.5), 1.75, "5-gram")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_legend().get_texts()] == ["model", "5-gram"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 2.5)
    np.testing.assert_allclose(axes.lines[2].get_ydata(), 1.75)
    assert png(figure).startswith(b"\x89PNG")
    assert png(texts.bits_by_memory([3.0], 2.0, "n-gram")).startswith(b"\x89PNG")


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="one number a character"):
        texts.surprise("abc", [1.0])
    with pytest.raises(ValueError, match="at least one number"):
        texts.bits_by_memory([], 1.0, "n-gram")
