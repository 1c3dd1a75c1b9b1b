import io

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from kerasrecipes.recipes import pictures


def panels(figure):
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_curves_lay_training_against_validation_from_epoch_1():
    history = {
        "accuracy": [0.5, 0.75],
        "loss": [2.0, 1.0],
        "val_accuracy": [0.25, 0.5],
        "val_loss": [2.5, 1.5],
        "learning_rate": [0.1, 0.01],
        "milliseconds_per_step": [9.0, 9.0],
        "waiting_for_data": [0.0, 0.0],
    }
    shown = panels(pictures.curves(history))
    assert list(shown) == ["Loss", "Accuracy", "Learning rate"]
    training, validation = shown["Accuracy"].lines
    assert training.get_xydata().tolist() == [[1, 0.5], [2, 0.75]]
    assert validation.get_xydata().tolist() == [[1, 0.25], [2, 0.5]]
    words = [text.get_text() for text in shown["Loss"].get_legend().get_texts()]
    assert words == ["training", "validation"]
    assert len(shown["Learning rate"].lines) == 1
    assert all(axes.get_xlabel() == "epoch" for axes in shown.values())


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        ([2.0, 0.001], "log"),
        ([2.0, 0.1], "linear"),
        ([2.0, 0.0], "linear"),
        ([2.0, -9.0], "linear"),
        ([float("nan"), float("nan")], "linear"),
    ],
)
def test_the_loss_is_logarithmic_beyond_two_decades(loss, scale):
    figure = pictures.curves({"loss": loss})
    assert figure.axes[0].get_yscale() == scale
    pictures.png(figure)


def test_values_of_some_epochs_alone_lie_where_they_were_measured():
    figure = pictures.curves({"loss": [4.0, 3.0, 2.0, 1.0], "val_loss": [3.5, 1.5]})
    assert figure.axes[0].lines[1].get_xdata().tolist() == [2, 4]


def test_no_epoch_is_refused():
    with pytest.raises(ValueError, match="at least one epoch"):
        pictures.curves({"waiting_for_data": [0.1], "loss": []})


def test_a_confusion_matrix_of_few_classes_is_annotated():
    figure = pictures.confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"])
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} >= {"5", "1", "4"}
    assert "0" not in {text.get_text() for text in axes.texts}
    right, wrong = (image.get_array() for image in axes.images)
    assert right[0, 0] == pytest.approx(5 / 6) and right[1, 1] == 1
    assert wrong[0, 1] == pytest.approx(1 / 6)
    assert wrong.mask.tolist() == [[True, False], [True, True]]


def test_a_confusion_matrix_of_many_classes_is_not():
    names = [f"a class with a long name {number}" for number in range(100)]
    figure = pictures.confusion_matrix(np.eye(100, dtype=int), names)
    assert len(figure.axes[0].texts) == 1
    pictures.png(figure, dots_per_inch=30)


def test_a_class_that_never_occurs_is_no_division_by_zero():
    pictures.confusion_matrix([[0, 0], [1, 2]], ["never", "often"])


def test_counts_and_names_must_match():
    with pytest.raises(ValueError, match=r"3 class names. Received: counts of shape \(2, 2\)"):
        pictures.confusion_matrix(np.zeros((2, 2), int), "abc")


@pytest.mark.parametrize(
    "image",
    [
        np.full((8, 8), 255, "uint8"),
        np.full((8, 8, 1), 1.0),
        np.full((8, 8, 3), 255, "uint8"),
        np.full((100, 90, 3), 0.5, "float32"),
        np.linspace(-3, 300, 64).reshape(8, 8),
        np.full((4, 4), np.nan),
    ],
)
def test_images_of_every_kind_lie_in_0_1(image):
    figure = pictures.image_grid([image] * 3, ["one", "two", "a title that is far too wide"], 2)
    shown = np.asarray(figure.axes[0].images[0].get_array())
    assert shown.min() >= 0 and shown.max() <= 1
    assert "\n" in figure.axes[2].get_xlabel()
    pictures.png(figure, dots_per_inch=30)


def test_images_that_are_all_dark_are_brightened_alike():
    dark, darker = np.full((8, 8), 16, "uint8"), np.full((8, 8), 8, "uint8")
    shown = [axes.images[0].get_array() for axes in pictures.image_grid([dark, darker]).axes]
    assert [image.max() for image in shown] == [1, 0.5]
    bright = np.full((8, 8), 255, "uint8")
    shown = [axes.images[0].get_array() for axes in pictures.image_grid([dark, bright]).axes]
    assert [image.max() for image in shown] == [16 / 255, 1]


def test_a_grid_of_nothing_and_grids_that_do_not_fit():
    pictures.png(pictures.image_grid([]))
    with pytest.raises(ValueError, match=r"as many as the 1 images\. Received: 2 titles"):
        pictures.image_grid([np.zeros((2, 2))], ["a", "b"])
    with pytest.raises(ValueError, match=r"1 or 3 channels.*\(2, 2, 4\)"):
        pictures.image_grid([np.zeros((2, 2, 4))])


def test_a_scatter_plot_has_equal_axes():
    figure = pictures.scatter([[1.0], [3.0]], [2.0, 3.0], name="price (1000 $)")
    (axes,) = figure.axes
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_xlabel() == "true price (1000 $)"
    assert axes.collections[0].get_offsets().tolist() == [[1, 2], [3, 3]]
    pictures.scatter([1.0], [1.0])
    with pytest.raises(ValueError, match="Received: 1 values for 2"):
        pictures.scatter([1.0, 2.0], [1.0])


def test_a_picture_is_a_png_and_nothing_global_has_changed():
    before = dict(matplotlib.rcParams)
    figure = pictures.scatter([1.0, 2.0], [1.5, 2.0])
    assert isinstance(figure, Figure)
    data = pictures.png(figure)
    with Image.open(io.BytesIO(data)) as image:
        image.verify()
        assert image.format == "PNG" and min(image.size) > 300
    assert data == pictures.png(pictures.scatter([1.0, 2.0], [1.5, 2.0]))
    assert dict(matplotlib.rcParams) == before
