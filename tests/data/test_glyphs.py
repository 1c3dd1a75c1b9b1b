import numpy as np
import pytest
from matplotlib.ft2font import FT2Font

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.embedded import fonts
from kerasrecipes.recipes.data.embedded import glyphs as builder
from kerasrecipes.recipes.errors import RecipeError

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def family(font):
    """The name that the font file itself states, without its style."""
    return FT2Font(str(fonts.font_path(font))).family_name.split()[0].lower()


def test_no_test_font_is_seen_in_training():
    trained = {family(font) for font in fonts.TRAIN_FONTS}
    tested = {family(font) for font in fonts.TEST_FONTS}
    assert trained == {"dejavu", "stixgeneral"}
    assert all(name.startswith("cm") for name in tested)
    assert not trained & tested


@pytest.mark.parametrize("font", fonts.TRAIN_FONTS + fonts.TEST_FONTS)
def test_every_font_has_every_character(font):
    file = FT2Font(str(fonts.font_path(font)))
    assert all(file.get_char_index(ord(character)) for character in CHARACTERS)
    drawn = [views[0].tobytes() for views in fonts.templates([font], CHARACTERS)]
    assert len(set(drawn)) == len(CHARACTERS)
    assert all(any(view) for view in drawn)


def test_a_missing_font_is_named():
    with pytest.raises(RecipeError, match=r"matplotlib's font 'Nope'"):
        fonts.font_path("Nope")


def test_characters_lie_inside_their_template():
    for views in fonts.templates(("DejaVuSans-Bold", "cmr10"), CHARACTERS):
        for view in map(np.asarray, views):
            assert view[[0, -1]].max() < 10 and view[:, [0, -1]].max() < 10
            ys, xs = np.nonzero(view > 32)
            longer = max(np.ptp(ys), np.ptp(xs)) + 1
            assert 48 <= longer <= 74
            assert abs((ys.min() + ys.max()) / 2 - 41.5) <= 3
            assert abs((xs.min() + xs.max()) / 2 - 41.5) <= 3


def test_counts_and_classes_are_as_in_mnist(glyphs):
    assert glyphs.input_shape == (28, 28, 1) and glyphs.train.inputs.dtype == np.uint8
    assert glyphs.class_names == tuple("0123456789")
    assert [s.num_examples for s in (glyphs.train, glyphs.validation, glyphs.test)] == [
        54_000,
        6_000,
        10_000,
    ]
    for split in (glyphs.train, glyphs.validation, glyphs.test):
        assert len(set(np.bincount(split.targets))) == 1


def test_an_example_depends_on_its_seed_alone():
    template = fonts.templates(("cmr10",), "7")[0][0]
    first, again, other = (
        builder.distort(template, np.random.default_rng([1, seed])) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape == (28, 28, 1) and first.dtype == np.uint8
    assert (first != other).mean() > 0.5


def test_no_two_examples_are_equal(glyphs):
    test = glyphs.test.inputs.reshape(10_000, -1)
    assert len(np.unique(test, axis=0)) == 10_000


def test_digits_can_be_told_apart(glyphs):
    """The mean image of each class, from training fonts, knows most digits of unseen fonts."""
    flat = glyphs.train.inputs.reshape(len(glyphs.train.inputs), -1)[:20_000].astype(np.float32)
    labels = glyphs.train.targets[:20_000]
    means = np.stack([flat[labels == label].mean(0) for label in range(10)])
    seen = glyphs.test.inputs.reshape(10_000, -1).astype(np.float32)
    # Correlation, since brightness and contrast vary.
    means -= means.mean(1, keepdims=True)
    scores = seen @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    assert 0.6 < (scores.argmax(1) == glyphs.test.targets).mean() < 0.97


def test_letters_are_balanced(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "NUM_EXAMPLES", {"train": 300, "test": 60})
    splits = data.load("glyphs/letters", data_dir=tmp_path)
    assert splits.class_names == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    # 300 // 26 * 26 = 286 and 60 // 26 * 26 = 52.
    assert splits.train.num_examples + splits.validation.num_examples == 286
    assert set(np.bincount(splits.test.targets)) == {2}
