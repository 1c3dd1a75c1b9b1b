import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import images
from kerasrecipes.recipes.errors import RecipeError


def picture(seed, height=20, width=30, channels=3):
    """A smooth picture, since a lossy format would blur noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 5, channels)).astype(np.uint8)
    image = Image.fromarray(coarse[..., 0] if channels == 1 else coarse).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.asarray(image).reshape(height, width, channels)


def write(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = pixels.ndim == 3 and pixels.shape[-1] == 1
    Image.fromarray(pixels[..., 0] if grey else pixels).save(path, **options)


def fill(root, num_images=10, classes=("cat", "dog"), **options):
    for label, name in enumerate(classes):
        for index in range(num_images):
            write(root / name / f"{index:03}.png", picture(100 * label + index, **options))
    return root


def test_images_of_one_size_are_kept_as_they_are(tmp_path):
    splits = data.load(f"folder:{fill(tmp_path / 'pets')}")
    assert splits.class_names == ("cat", "dog")
    assert (splits.inputs.name, splits.input_shape) == ("image", (20, 30, 3))
    # 15 % of 20, then a tenth of the 17 that are left.
    counts = [s.num_examples for s in (splits.train, splits.validation, splits.test)]
    assert counts == [15, 2, 3]
    truth = {picture(100 * label + i).tobytes(): label for label in (0, 1) for i in range(10)}
    for split in (splits.train, splits.validation, splits.test):
        for pixels, label in zip(split.inputs, split.targets, strict=True):
            assert truth.pop(pixels.tobytes()) == label
    assert not truth


def test_grey_images_have_one_channel_unless_one_is_coloured(tmp_path):
    root = fill(tmp_path / "grey", channels=1)
    assert data.load(f"folder:{root}").input_shape == (20, 30, 1)
    write(root / "cat" / "colour.png", picture(7))
    assert data.load(f"folder:{root}").input_shape == (20, 30, 3)


def test_other_sizes_are_resized_and_noted(tmp_path):
    root = fill(tmp_path / "pets")
    write(root / "cat" / "large.png", picture(7, 40, 50))
    splits = data.load(f"folder:{root}")
    assert splits.input_shape == (96, 96, 3)
    assert "images resized to 96x96: aspect ratio kept, cut round the centre" in splits.notes
    assert data.load(f"folder:{root}#12").input_shape == (12, 12, 3)
    assert data.load(f"folder:{root}#12x16").input_shape == (12, 16, 3)


def test_large_images_of_one_size_are_resized(tmp_path):
    root = fill(tmp_path / "pets", num_images=5, height=300, width=10)
    assert data.load(f"folder:{root}").input_shape == (96, 96, 3)


def test_resizing_keeps_the_aspect_ratio_and_the_centre(tmp_path):
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 255  # the middle third is what remains
    for name in ("a", "b"):
        for index in range(3):
            write(tmp_path / "set" / name / f"{index}.png", wide)
    splits = data.load(f"folder:{tmp_path / 'set'}#20")
    assert (splits.train.inputs[:, :, 1:-1] == 255).all()


@pytest.mark.parametrize("validation", [None, "validation", "val"])
def test_train_and_test_folders_are_the_splits(tmp_path, validation):
    root = tmp_path / "pets"
    fill(root / "train", 10)
    fill(root / "test", 3)
    if validation:
        fill(root / validation, 2)
    splits = data.load(f"folder:{root}")
    counts = [s.num_examples for s in (splits.train, splits.validation, splits.test)]
    assert counts == ([20, 4, 6] if validation else [18, 2, 6])


def test_train_may_be_the_name_of_a_class(tmp_path):
    root = fill(tmp_path / "vehicles", classes=("car", "train"))
    assert data.load(f"folder:{root}").class_names == ("car", "train")


def formats(root):
    """One file of each kind that is decoded in its own way."""
    colour, grey = picture(1, 45, 70), picture(2, 45, 70, channels=1)
    alpha = np.concatenate([colour, grey], axis=-1)
    write(root / "a" / "plain.png", colour)
    write(root / "a" / "grey.png", grey)
    write(root / "a" / "alpha.png", alpha)
    write(root / "a" / "photo.jpg", colour, quality=90)
    write(root / "b" / "grey.JPEG", grey, quality=90)
    write(root / "b" / "progressive.jpg", colour, quality=80, progressive=True)
    write(root / "b" / "small.png", picture(3, 10, 8))
    return root


def others(root):
    """What TensorFlow does not decode as PIL does."""
    colour = picture(4, 45, 70)
    write(root / "a" / "bitmap.bmp", colour)
    write(root / "a" / "modern.webp", colour, lossless=True)
    write(root / "b" / "deep.png", picture(5, 45, 70, channels=1).astype(np.uint16) * 257)
    palette = Image.fromarray(colour).convert("P")
    palette.save(root / "b" / "palette.gif")
    palette.save(root / "b" / "holes.png", transparency=bytes(range(256)))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(colour).save(root / "a" / "turned.jpg", exif=exif)
    return root


@pytest.mark.parametrize("with_others", [False, True])
def test_files_decoded_on_the_way_are_those_decoded_at_load(tmp_path, with_others):
    root = formats(tmp_path / "set")
    if with_others:
        others(root)
    name = f"folder:{root}#32x40"
    held, files = data.load(name), data.load(name, memory_limit=0)
    assert files.train.decode is not None and files.train.decode.alike is not with_others
    for split in ("train", "validation", "test"):
        inputs = getattr(files, split).inputs
        dataset = tf.data.Dataset.from_tensor_slices(inputs).map(files.train.decode)
        assert dataset.element_spec.shape == (32, 40, 3)
        assert dataset.element_spec.dtype == tf.uint8
        for path, ours, truth in zip(
            inputs, dataset.as_numpy_iterator(), getattr(held, split).inputs, strict=True
        ):
            difference = np.abs(ours.astype(int) - truth.astype(int))
            assert difference.max() <= 4 and difference.mean() < 0.5, path
        np.testing.assert_array_equal(getattr(files, split).targets, getattr(held, split).targets)


def test_grey_files_are_decoded_to_one_channel(tmp_path):
    root = fill(tmp_path / "grey", channels=1)
    files, held = data.load(f"folder:{root}", memory_limit=0), data.load(f"folder:{root}")
    image = files.train.decode(tf.constant(files.train.inputs[0]))
    np.testing.assert_array_equal(image, held.train.inputs[0])


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    write(tmp_path / "deep.png", np.array([[0, 257, 65535]], np.uint16))
    pixels = images.read_pixels(tmp_path / "deep.png", 1, (1, 3))
    assert pixels.ravel().tolist() == [0, 1, 255]


def test_a_turned_photograph_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(1)).save(tmp_path / "turned.jpg", exif=exif)
    assert images.read_header(tmp_path / "turned.jpg").size == (30, 20)


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_fingerprints_follow_the_content(tmp_path, memory_limit):
    def mark():
        return data.load(f"folder:{root}", memory_limit=memory_limit).fingerprint

    root = fill(tmp_path / "pets")
    first = mark()
    assert first == mark()
    changed = picture(0).copy()
    changed[0, 0, 0] ^= 1
    write(root / "cat" / "000.png", changed)
    assert mark() != first


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_an_unreadable_image_is_named(tmp_path, memory_limit):
    root = fill(tmp_path / "pets")
    whole = (root / "dog" / "003.png").read_bytes()
    (root / "dog" / "003.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecipeError, match=r"dog/003.png' must be a readable image"):
        data.load(f"folder:{root}", memory_limit=memory_limit)
    (root / "dog" / "003.png").write_bytes(b"no image")
    with pytest.raises(RecipeError, match=r"dog/003.png' must be a readable image"):
        data.load(f"folder:{root}", memory_limit=memory_limit)


def test_other_files_and_hidden_ones_are_left_alone(tmp_path):
    root = fill(tmp_path / "pets")
    (root / "cat" / "notes.txt").write_text("hello")
    (root / "cat" / ".hidden.png").write_text("hello")
    (root / ".cache").mkdir()
    assert sum(data.load(f"folder:{root}").describe()["num_examples"].values()) == 20


def test_a_missing_folder(tmp_path):
    with pytest.raises(RecipeError, match=r"must be a folder. Received: no folder .*nowhere"):
        data.load(f"folder:{tmp_path / 'nowhere'}")


def test_an_empty_folder(tmp_path):
    with pytest.raises(RecipeError, match=r"one sub-folder of images for each class"):
        data.load(f"folder:{tmp_path}")


def test_one_class_only(tmp_path):
    fill(tmp_path / "pets", classes=("cat",))
    with pytest.raises(RecipeError, match=r"at least 2 class folders. Received: only 'cat'"):
        data.load(f"folder:{tmp_path / 'pets'}")


def test_a_class_without_images(tmp_path):
    root = fill(tmp_path / "pets")
    (root / "emu").mkdir()
    with pytest.raises(RecipeError, match=r"emu' must hold images .* Received: none"):
        data.load(f"folder:{root}")


def test_a_class_that_was_never_trained(tmp_path):
    root = tmp_path / "pets"
    fill(root / "train")
    fill(root / "test", classes=("cat", "emu"))
    with pytest.raises(RecipeError, match=r"the test split .* among those of train, cat, dog.*emu"):
        data.load(f"folder:{root}")


def test_a_size_out_of_range(tmp_path):
    with pytest.raises(RecipeError, match=r"between 1 and 4096 pixels a side. Received: '#0x3'"):
        data.load(f"folder:{tmp_path}#0x3")
