import string

import numpy as np
import pytest

from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.uncertainty import noise, unseen_glyphs


def test_unseen_glyphs_are_of_the_other_kind():
    letters = unseen_glyphs(tuple(string.digits), 30)
    assert letters.shape == (30, 28, 28, 1)
    assert letters.dtype == np.uint8
    assert all(image.max() - image.min() > 60 for image in letters)
    np.testing.assert_array_equal(letters, unseen_glyphs(tuple("0123"), 30))
    digits = unseen_glyphs(tuple(string.ascii_uppercase), 30)
    assert np.abs(digits.astype(int) - letters).mean() > 10
    assert unseen_glyphs(("cat", "dog"), 3) is None


def test_noise_has_the_range_and_the_dtype_of_the_data():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 17, (40, 8, 8, 1)).astype("uint8")
    drawn = noise(IndexedSplit(inputs=images, targets=np.zeros(40, int)), 100)
    assert drawn.shape == (100, 8, 8, 1)
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == set(range(17))
    table = (generator.uniform(size=(40, 2)) * [1, 100]).astype("float32")
    drawn = noise(IndexedSplit(inputs=table, targets=np.zeros(40, int)), 500)
    assert drawn.dtype == np.float32
    assert drawn[:, 0].max() <= 1 < 50 < drawn[:, 1].max() <= 100


def test_no_examples():
    with pytest.raises(RecipeError, match=r"`num_examples` of uncertainty\.unseen_glyphs"):
        unseen_glyphs(("0",), 0)
