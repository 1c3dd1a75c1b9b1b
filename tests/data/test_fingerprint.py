import numpy as np
import pytest

from kerasrecipes.recipes.data.fingerprint import fingerprint
from kerasrecipes.recipes.data.indexed import IndexedSplit


def splits_of(pixels, labels=(0, 1)):
    labels = np.array(labels)
    return {
        split: IndexedSplit(inputs=pixels.copy(), targets=labels)
        for split in ("train", "validation", "test")
    }


@pytest.fixture
def pixels():
    return np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)


def test_equal_content_has_an_equal_hash(pixels):
    first = fingerprint(splits_of(pixels), ("a", "b"))
    assert first == fingerprint(splits_of(pixels), ("a", "b"))
    assert len(first) == 16 and int(first, 16)


def test_one_changed_pixel_shows(pixels):
    changed = splits_of(pixels)
    changed["test"].inputs[1, 3, 3, 0] += 1
    assert fingerprint(changed, ("a", "b")) != fingerprint(splits_of(pixels), ("a", "b"))


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: (splits_of(pixels, (1, 0)), ("a", "b")),
        lambda pixels: (splits_of(pixels), ("a", "c")),
        lambda pixels: (splits_of(pixels), None),
        lambda pixels: (splits_of(pixels.astype(np.int8)), ("a", "b")),
        lambda pixels: (splits_of(pixels.reshape(2, 2, 8, 1)), ("a", "b")),
    ],
)
def test_labels_classes_type_and_shape_count(pixels, change):
    assert fingerprint(*change(pixels)) != fingerprint(splits_of(pixels), ("a", "b"))


def test_the_memory_layout_does_not_count(pixels):
    turned = {k: v.take(slice(None)) for k, v in splits_of(np.asfortranarray(pixels)).items()}
    assert fingerprint(turned, None) == fingerprint(splits_of(pixels), None)


def test_what_is_not_in_memory_is_told_apart_by_its_identity(pixels):
    assert fingerprint(splits_of(pixels), None, b"1") != fingerprint(splits_of(pixels), None, b"2")
