import io

import numpy as np
import pytest
from PIL import Image

from kerasrecipes.recipes.drawings.masks import class_colours, mask_grid, mask_png
from kerasrecipes.recipes.pictures import png

NAMES = ("background", "cat", "dog")


def test_the_masks_lie_over_the_image_in_the_colours_of_the_legend():
    image = np.full((4, 6, 3), 200, np.uint8)
    truth = np.zeros((4, 6), int)
    truth[:2, :3], truth[3] = 1, -1
    figure = mask_grid([image], [truth], [np.full((4, 6), 2)], NAMES, ["a caption"])
    shown, true, predicted = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(shown, 200 / 255)
    grey, (_, cat, dog) = 200 / 255, class_colours(NAMES)
    np.testing.assert_allclose(true[0, 0], 0.25 * grey + 0.75 * np.array(cat))
    np.testing.assert_allclose(true[2, 4], grey)
    assert len(np.unique(true[3].reshape(-1, 3), axis=0)) == 1 and true[3, 0, 0] != grey
    np.testing.assert_allclose(predicted[1, 1], 0.25 * grey + 0.75 * np.array(dog))
    assert [axes.get_title("center") for axes in figure.axes] == ["image", "truth", "prediction"]
    assert "a caption" in [axes.get_xlabel() for axes in figure.axes]
    assert len(figure.legends[0].get_texts()) == 4


def test_of_a_larger_image_the_middle_is_shown():
    image = np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
    figure = mask_grid([image], [np.zeros((2, 4), int)], [np.zeros((2, 4), int)], NAMES)
    shown = figure.axes[0].images[0].get_array()[..., 0] * 255
    np.testing.assert_allclose(shown, image[2:4, 1:5, 0])


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_any_number_of_examples_makes_a_picture(number):
    masks = [np.zeros((8, 8), int)] * number
    figure = mask_grid([np.zeros((8, 8, 1), np.uint8)] * number, masks, masks, NAMES)
    assert len(figure.axes) == 3 * number
    assert png(figure).startswith(b"\x89PNG")


def test_as_many_masks_as_images():
    with pytest.raises(ValueError, match="equally many"):
        mask_grid([np.zeros((8, 8, 1), np.uint8)], [], [], NAMES)


@pytest.mark.parametrize("number", [3, 7, 8, 40])
def test_each_class_has_a_colour_of_its_own(number):
    colours = class_colours([f"class {n}" for n in range(number)])
    assert len(set(colours)) == number
    assert all(0 <= part <= 1 for colour in colours for part in colour)


def test_a_mask_in_a_file_holds_the_numbers_of_the_classes():
    mask = np.array([[0, 1, 2], [2, 2, 0]])
    with Image.open(io.BytesIO(mask_png(mask, NAMES))) as image:
        np.testing.assert_array_equal(np.asarray(image), mask)
        pixel = image.convert("RGB").getpixel((1, 0))
    assert pixel == tuple(round(255 * part) for part in class_colours(NAMES)[1])
