import re

import numpy as np
import pytest
from PIL import Image

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.readers import masks
from kerasrecipes.recipes.errors import RecipeError

RNG = np.random.default_rng(0)


def save(array, path, palette=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image = image.convert("P")
        image.putdata(array.ravel().tolist())
        image.putpalette(RNG.integers(0, 256, 768).tolist())
    image.save(path)


def blobs(height=16, width=24, values=(0, 1, 2)):
    """A mask of every value, in blocks that no scaling to a half loses."""
    blocks = RNG.permutation(np.resize(np.array(values), (height // 4) * (width // 4)))
    return np.kron(blocks.reshape(height // 4, -1), np.ones((4, 4))).astype(np.uint8)


@pytest.fixture
def make(tmp_path):
    """Make a folder of 20 images and their masks, and return its path."""

    def make(folder="set", values=(0, 1, 2), num_images=20, size=(16, 24), palette=False):
        root = tmp_path / folder
        for number in range(num_images):
            mask = blobs(*size, values)
            image = np.stack([mask * 0 + 200, 255 * (mask > 0), 255 * (mask == values[-1])], -1)
            save(image.astype(np.uint8), root / "images" / f"scene {number:02}.png")
            save(mask, root / "masks" / f"scene {number:02}.png", palette)
        return root

    return make


def together(splits):
    parts = (splits.train, splits.validation, splits.test)
    return np.concatenate([part.targets for part in parts])


@pytest.mark.parametrize("palette", [False, True])
def test_indices_are_classes(make, palette):
    root = make(palette=palette)
    splits = data.load(f"masks:{root}")
    assert splits.input_shape == (16, 24, 3)
    assert splits.class_names == ("0", "1", "2")
    assert splits.train.targets.dtype == np.int8
    assert len(together(splits)) == 20
    for split in (splits.train, splits.validation, splits.test):
        # What the image shows is what the mask says.
        np.testing.assert_array_equal(split.inputs[..., 1] > 0, split.targets > 0)
        np.testing.assert_array_equal(split.inputs[..., 2] > 0, split.targets == 2)


def test_black_and_white_are_two_classes(make):
    splits = data.load(f"masks:{make(values=(0, 255))}")
    assert splits.class_names == ("0", "255")
    assert set(np.unique(together(splits))) == {0, 1}
    assert splits.notes[0] == "values in the masks and their classes: 0 0, 255 255"


def test_names_and_a_value_for_no_class(make):
    root = make(values=(0, 2, 255))
    (root / "classes.txt").write_text("ground\nroad\n\nhouse\ntree\n")
    splits = data.load(f"masks:{root}")
    assert splits.class_names == ("ground", "road", "house", "tree")
    assert set(np.unique(together(splits))) == {-1, 0, 2}
    assert splits.notes[0] == "pixels of value 255 in a mask are not counted"


@pytest.mark.parametrize(
    "values, num_named, expected",
    [
        ([0, 1, 2], None, [0, 1, 2]),
        ([0, 1, 255], None, [0, 1]),
        ([0, 255], None, [0, 255]),
        ([0, 128, 255], None, [0, 128, 255]),
        ([1, 2, 3], None, [1, 2, 3]),
        ([0, 255], 2, [0, 255]),
        ([0, 1, 255], 2, [0, 1]),
        ([0, 1, 255], 3, [0, 1, 255]),
        ([0, 3], 5, [0, 1, 2, 3, 4]),
        ([1, 2, 3], 3, [1, 2, 3]),
        ([0, 7, 9], 2, None),
        ([255], 2, None),
    ],
)
def test_which_values_are_classes(values, num_named, expected):
    assert masks.class_values(values, num_named) == expected


def test_grey_levels_of_16_bits(make):
    root = make(values=(0, 1))
    for path in (root / "masks").iterdir():
        values = np.asarray(Image.open(path)).astype(np.uint16) * 1000
        Image.fromarray(values).save(path)
    splits = data.load(f"masks:{root}")
    assert splits.class_names == ("0", "1000")
    np.testing.assert_array_equal(splits.train.inputs[..., 1] > 0, splits.train.targets > 0)


def test_split_folders_stay_apart(make):
    root = make("set/train").parent
    make("set/test", num_images=5)
    splits = data.load(f"masks:{root}")
    counts = [s.num_examples for s in (splits.train, splits.validation, splits.test)]
    assert counts == [18, 2, 5]


@pytest.mark.parametrize("size", ["16x20", "24", "12x24", "40"])
def test_a_mask_is_scaled_and_cut_like_its_image(make, size):
    root = make(values=(0, 1), size=(32, 40))
    splits = data.load(f"masks:{root}#{size}")
    height, _, width = size.partition("x")
    assert splits.input_shape == (int(height), int(width or height), 3)
    brightness = splits.train.inputs[..., 1].astype(float)
    # Away from the edges, where pixels of the image are blended.
    clear = (brightness < 60) | (brightness > 195)
    assert clear.mean() > 0.6
    differ = (brightness > 127) != (splits.train.targets > 0)
    assert differ[clear].mean() < 0.01


def test_files_are_decoded_as_they_are_in_memory(make):
    root = make()
    held = data.load(f"masks:{root}#8x12")
    lazy = data.load(f"masks:{root}#8x12", memory_limit=0)
    assert held.train.decode is None and lazy.train.decode is not None
    numbers = range(held.train.num_examples)
    for one, other in zip(held.train.examples(numbers), lazy.train.examples(numbers), strict=True):
        # Two scalings of the same formula round apart by a grey level.
        np.testing.assert_allclose(one.astype(int), other.astype(int), atol=1)


def test_sizes_that_differ_are_brought_to_one(make):
    make(num_images=4)
    root = make(num_images=3, size=(32, 32))
    splits = data.load(f"masks:{root}")
    assert splits.input_shape == (*masks.DEFAULT_SIZE, 3)
    assert splits.notes[0].startswith("images resized to 128x128")


def test_a_changed_mask_changes_the_fingerprint(make):
    root = make()
    before = data.load(f"masks:{root}").fingerprint
    path = root / "masks" / "scene 03.png"
    mask = np.array(Image.open(path))
    mask[0, 0] = (mask[0, 0] + 1) % 3
    Image.fromarray(mask).save(path)
    assert data.load(f"masks:{root}").fingerprint != before


def break_size(root):
    save(blobs(16, 20), root / "masks" / "scene 07.png")


def take_mask(root):
    (root / "masks" / "scene 07.png").unlink()


def take_image(root):
    (root / "images" / "scene 07.png").unlink()


def write_nonsense(root):
    (root / "masks" / "scene 07.png").write_text("no image")


def colour(root):
    save(RNG.integers(0, 255, (16, 24, 3), np.uint8), root / "masks" / "scene 07.png")


def smooth(root):
    values = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24)
    Image.fromarray(values).save(root / "masks" / "scene 07.png")


def name_two(root):
    (root / "classes.txt").write_text("ground\nroad\n")


def take_masks(root):
    (root / "masks").rename(root / "labels")


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (
            break_size,
            "Mask file 'ROOT/masks/scene 07.png' must be as large as its image 'ROOT/images/scene "
            "07.png', 16x24 pixels (height x width). Received: 16x20.",
        ),
        (
            take_mask,
            "Image file 'ROOT/images/scene 07.png' must have a mask, 'scene 07.png' in the folder "
            "'masks'. Received: none.",
        ),
        (
            take_image,
            "Mask file 'ROOT/masks/scene 07.png' must have an image of the same name in the folder "
            "'images'. Received: none.",
        ),
        (write_nonsense, "Mask file 'ROOT/masks/scene 07.png' must be a readable image. "),
        (
            colour,
            "Mask file 'ROOT/masks/scene 07.png' must hold one value a pixel: a grey level or an "
            "index of a palette. Received: colours. Save it as a palette image.",
        ),
        (
            smooth,
            "Masks of 'masks:ROOT' must hold at most 256 different values, one a class. Received: "
            "more, the last in 'ROOT/masks/scene 07.png'. Save masks without smoothed edges.",
        ),
        (
            name_two,
            "Mask file 'ROOT/masks/scene 00.png' must hold values in [0, 2), as "
            "'ROOT/classes.txt' names 2 classes. Received: 2.",
        ),
        (
            take_masks,
            "Folder 'ROOT' must hold the folders 'images' and 'masks'. "
            "Received: none named 'masks'.",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_file(make, damage, sentence):
    root = make()
    damage(root)
    with pytest.raises(RecipeError) as caught:
        data.load(f"masks:{root}")
    assert re.match(re.escape(sentence.replace("ROOT", str(root))), str(caught.value))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RecipeError, match="must be a folder"):
        data.load(f"masks:{tmp_path / 'nowhere'}")
