import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image, ImageOps

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import images, loading
from kerasrecipes.recipes.data.readers import segmented
from kerasrecipes.recipes.errors import RecipeError


def pets(number):
    """Images of three sizes whose left third is a pet, with its mask of 1 to 3."""
    shapes = ((40, 60), (60, 40), (50, 50))
    for index in range(number):
        height, width = shapes[index % 3]
        mask = np.full((height, width, 1), 2, np.uint8)
        mask[:, : width // 3] = 1
        mask[:, width // 3] = 3
        image = np.repeat(np.where(mask == 1, 250, 10), 3, axis=-1).astype(np.uint8)
        yield {
            "image": image,
            "segmentation_mask": mask,
            "label": index % 37,
            "species": 0,
            "file_name": str(index),
        }


@pytest.fixture
def mocked(monkeypatch):
    """The set as tfds describes it, with examples of our own."""
    monkeypatch.setattr(segmented, "DEFAULT_SIZE", (24, 32))
    fields = ("image", "segmentation_mask")

    def as_dataset(builder, **settings):
        signature = {
            name: tf.TensorSpec((None, None, channels), tf.uint8)
            for name, channels in zip(fields, (3, 1), strict=True)
        }
        examples = ({name: pet[name] for name in fields} for pet in pets(20))
        return tf.data.Dataset.from_generator(lambda: examples, output_signature=signature)

    with tfds.testing.mock_data(num_examples=20, as_dataset_fn=as_dataset):
        yield


def test_images_and_masks_of_pets(mocked, tmp_path):
    splits = data.load("oxford_iiit_pet", data_dir=tmp_path)
    assert splits.input_shape == (24, 32, 3)
    assert splits.class_names == ("pet", "background", "outline")
    assert splits.licence == "CC BY-SA 4.0"
    for split in (splits.train, splits.validation, splits.test):
        assert split.inputs.dtype == np.uint8 and split.targets.dtype == np.int8
        assert split.targets.shape == (split.num_examples, 24, 32)
        assert set(np.unique(split.targets)) <= {0, 1, 2}
        # The brightness says what is a pet, but for the pixels that were blended.
        bright = split.inputs[..., 0] > 128
        assert (bright == (split.targets == 0)).mean() > 0.97


def test_the_breeds_are_still_to_be_had_by_the_name_of_tfds(tmp_path):
    with tfds.testing.mock_data(num_examples=40):
        splits = data.load("tfds:oxford_iiit_pet#16", data_dir=tmp_path)
    assert splits.num_classes == 37 and splits.train.targets.ndim == 1


def test_without_a_network_it_is_told_at_once(no_network, tmp_path):
    for ask in (data.load, data.fetch, loading.expect_available):
        with pytest.raises(RecipeError, match=r"is not on this machine and its host cannot be"):
            ask("oxford_iiit_pet", data_dir=tmp_path)


@pytest.mark.parametrize("size", [(24, 24), (8, 40), (50, 30), (17, 23)])
def test_a_mask_is_scaled_as_pil_scales_it(size):
    mask = np.random.default_rng(0).integers(0, 9, (33, 47)).astype(np.uint8)
    found = segmented.nearest(mask[..., None], size).numpy()[..., 0]
    whole = ImageOps.fit(Image.fromarray(mask), size[::-1], method=Image.Resampling.NEAREST)
    # Where a middle falls between two pixels, the two may choose differently.
    assert (found == np.asarray(whole)).mean() > 0.97


def test_a_mask_lies_on_its_image():
    blocks = np.kron(np.random.default_rng(0).integers(0, 2, (5, 8)), np.ones((10, 10)))
    mask = blocks.astype(np.uint8)[..., None]
    image = images.fit(255 * mask, (32, 32)).numpy()
    found = segmented.nearest(mask, (32, 32)).numpy()
    clear = (image < 40) | (image > 215)
    assert clear.mean() > 0.6
    np.testing.assert_array_equal(found[clear], image[clear] > 127)
