import numpy as np
import pytest

from kerasrecipes.recipes.drawings import uncertainty
from kerasrecipes.recipes.pictures import png


def test_a_bar_is_the_accuracy_of_its_bin():
    bins = (np.array([0, 3, 1]), np.array([np.nan, 0.5, 0.9]), np.array([np.nan, 1.0, 0.25]))
    figure = uncertainty.reliability({"plain": bins, "scaled": bins})
    axes, below = figure.axes[0], figure.axes[1]
    assert [bar.get_height() for bar in axes.patches] == [1.0, 0.25]
    assert axes.patches[0].get_x() == pytest.approx(1 / 3)
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], [0, 0.75, 0.25])
    assert len(figure.axes) == 4
    assert png(figure).startswith(b"\x89PNG")


def test_histograms_of_entropy_have_the_area_one():
    inside, outside = np.array([0.0, 0.1, 0.1]), np.array([0.6, 0.69314718])
    figure = uncertainty.entropies(inside, {"noise": outside}, num_classes=2)
    (axes,) = figure.axes
    drawn = [np.sum(patch.get_data().values) for patch in axes.patches]
    np.testing.assert_allclose(drawn, 1)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["test split", "noise"]
    assert png(figure).startswith(b"\x89PNG")


def test_the_line_ends_at_the_accuracy_on_all():
    share, accuracy = np.arange(1, 11) / 10, np.linspace(1, 0.8, 10)
    figure = uncertainty.coverage({"plain": (share, accuracy)})
    (line,) = figure.axes[0].lines
    np.testing.assert_allclose(line.get_ydata()[-1], 0.8)
    assert png(figure).startswith(b"\x89PNG")


def test_nothing_to_draw():
    with pytest.raises(ValueError, match=r"`bins` of uncertainty\.reliability"):
        uncertainty.reliability({})
    with pytest.raises(ValueError, match=r"`ways` of uncertainty\.coverage"):
        uncertainty.coverage({})
    with pytest.raises(ValueError, match="`num_classes` of uncertainty"):
        uncertainty.entropies(np.zeros(2), {}, num_classes=1)
