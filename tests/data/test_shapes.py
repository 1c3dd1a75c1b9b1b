import hashlib
import math

import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.readers import shapes


def test_an_image_does_not_depend_on_how_many_there_are():
    few, more = shapes.draw("train", 3, 64), shapes.draw("train", 5, 64)
    np.testing.assert_array_equal(few.inputs, more.inputs[:3])
    np.testing.assert_array_equal(few.targets, more.targets[:3])


def test_every_image_is_another():
    images = [*shapes.draw("train", 20, 64).inputs, *shapes.draw("test", 20, 64).inputs]
    assert len({hashlib.sha256(image.tobytes()).digest() for image in images}) == 40


def test_images_are_bytes_and_masks_are_classes():
    split = shapes.draw("test", 40, 64)
    assert split.inputs.shape == (40, 64, 64, 3) and split.inputs.dtype == np.uint8
    assert split.targets.shape == (40, 64, 64) and split.targets.dtype == np.int8
    counts = np.bincount(split.targets.ravel(), minlength=5) / split.targets.size
    assert len(counts) == len(shapes.CLASS_NAMES)
    # The ground is the most of it; no figure is rare.
    assert 0.75 < counts[0] < 0.95 and counts[1:].min() > 0.02


def test_a_figure_has_the_area_of_its_formula():
    """Areas of a radius r: pi r^2, 2 r^2, 3 sqrt(3) / 4 r^2, and a pentagram's."""
    # Ten triangles round the centre, each between a tip at r and an inner corner 36 degrees on,
    # which is nearer by the square of the golden section.
    inner = ((math.sqrt(5) - 1) / 2) ** 2
    areas = {
        "disc": math.pi,
        "square": 2,
        "triangle": 3 * math.sqrt(3) / 4,
        "star": 10 * inner * math.sin(math.radians(36)) / 2,
    }
    for name, area in areas.items():
        label = shapes.CLASS_NAMES.index(name)
        distance = shapes.outside(label, (100.3, 99.8), 80.0, 0.7, 200)
        assert (distance < 0).sum() == pytest.approx(area * 80**2, rel=0.01)


def test_a_figure_turns_and_moves():
    upright = shapes.outside(2, (32, 32), 10.0, 0.0, 64) < 0
    quarter = shapes.outside(2, (32, 32), 10.0, math.pi / 2, 64) < 0
    # Rounding may lay an edge on the other side of a pixel's middle.
    assert (upright != quarter).mean() < 0.01
    moved = shapes.outside(2, (40, 27), 10.0, 0.0, 64) < 0
    np.testing.assert_array_equal(moved, np.roll(upright, (8, -5), axis=(0, 1)))


def test_the_colour_does_not_tell_the_class():
    """A classifier of the mean colour of each figure does no better than chance."""
    split = shapes.draw("train", 300, 64)
    colours, labels = [], []
    for image, mask in zip(split.inputs, split.targets, strict=True):
        for label in np.unique(mask[mask > 0]):
            colours.append(image[mask == label].mean(axis=0))
            labels.append(label)
    colours, labels = np.array(colours), np.array(labels)
    half = len(labels) // 2
    distances = np.linalg.norm(colours[half:, None] - colours[None, :half], axis=-1)
    nearest = labels[:half][distances.argmin(axis=1)]
    assert np.mean(nearest == labels[half:]) < 0.36


@pytest.mark.parametrize("name, side", [("shapes", 64), ("shapes/128", 128)])
def test_it_loads_by_its_name(monkeypatch, name, side):
    monkeypatch.setattr(shapes, "NUM_EXAMPLES", {"train": 20, "test": 6})
    splits = data.load(name)
    assert splits.input_shape == (side, side, 3)
    assert splits.class_names == ("background", "disc", "square", "triangle", "star")
    counts = [s.num_examples for s in (splits.train, splits.validation, splits.test)]
    assert counts == [18, 2, 6]
    assert splits.fingerprint == data.load(name).fingerprint
