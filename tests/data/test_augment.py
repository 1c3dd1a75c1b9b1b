import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.data.augment import affine, crop, flip, noise
from kerasrecipes.recipes.errors import RecipeError

FUNCTIONS = [flip(), crop(padding=2), affine(rotation=20, zoom=0.2, shift=0.1), noise(3.0)]
SHAPE = (8, 9, 7, 2)


def images(dtype="uint8", shape=SHAPE):
    return tf.constant(np.random.default_rng(0).integers(0, 256, shape).astype(dtype))


def seed(number=0):
    # As the pipeline makes it: the first of the pair is below 0.
    return tf.constant([-1 - number, 3], tf.int64)


def augmented(function, inputs, seed):
    labels = tf.range(tf.shape(inputs)[0])
    inputs, targets = function(inputs, labels, seed)
    assert targets is labels
    return inputs


@pytest.fixture(params=FUNCTIONS, ids=repr)
def function(request):
    return request.param


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float32"])
def test_shape_and_dtype_stay(function, dtype):
    changed = augmented(function, images(dtype), seed())
    assert changed.dtype == dtype and changed.shape == SHAPE


def test_the_same_seed_gives_the_same_pictures_and_another_does_not(function):
    once = augmented(function, images(), seed()).numpy()
    tf.random.set_seed(99)
    np.testing.assert_array_equal(once, augmented(function, images(), seed()))
    np.testing.assert_array_equal(once, tf.function(augmented)(function, images(), seed()))
    assert not np.array_equal(once, augmented(function, images(), seed(1)))
    assert not np.array_equal(once, images())


def test_seeds_of_32_bits_do_too(function):
    assert augmented(function, images(), tf.constant([1, 2], tf.int32)).shape == SHAPE


def test_each_image_is_changed_on_its_own(function):
    same = tf.repeat(images(shape=(1, *SHAPE[1:])), 16, axis=0)
    changed = augmented(function, same, seed()).numpy()
    assert len(np.unique(changed.reshape(16, -1), axis=0)) > 1


def test_it_runs_in_a_pipeline_with_batches_of_unknown_size(function):
    data = tf.data.Dataset.from_tensor_slices(images()).batch(3)
    batches = list(data.map(lambda batch: augmented(function, batch, seed())))
    assert [len(batch) for batch in batches] == [3, 3, 2]


def test_two_functions_with_one_seed_draw_apart():
    moved = augmented(crop(padding=2), images(), seed())
    assert not np.array_equal(augmented(flip(), moved, seed()), augmented(flip(), moved, seed(1)))


def test_a_repr_says_what_it_does_and_equal_ones_are_equal():
    assert repr(crop(padding=3)) == "Crop(padding=3)"
    assert repr(affine(rotation=5)) == "Affine(rotation=5, zoom=0.0, shift=0.0)"
    assert flip() == flip() and crop(padding=3) != crop(padding=4)


def test_flip_mirrors_about_half():
    batch = images(shape=(400, 2, 5, 1))
    flipped = augmented(flip(), batch, seed()).numpy()
    mirrored = (flipped == batch.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (flipped == batch.numpy()).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 150 < mirrored.sum() < 250


def test_crop_is_a_window_of_the_padded_image_and_reaches_every_offset():
    batch = tf.repeat(images(shape=(1, 5, 6, 2)) + 1, 300, axis=0)
    padded = np.pad(batch[0].numpy(), ((1, 1), (1, 1), (0, 0)))
    windows = {
        padded[row : row + 5, column : column + 6].tobytes(): (row, column)
        for row in range(3)
        for column in range(3)
    }
    found = {
        windows[image.tobytes()] for image in augmented(crop(padding=1), batch, seed()).numpy()
    }
    assert found == set(windows.values())


def test_affine_of_nothing_changes_nothing():
    np.testing.assert_array_equal(augmented(affine(), images(), seed()), images())


def test_affine_shifts_by_no_more_than_it_says():
    batch = np.zeros((200, 21, 11, 1), "float32")
    batch[:, 10, 5] = 1.0
    moved = augmented(affine(shift=0.2), tf.constant(batch), seed()).numpy()[..., 0]
    np.testing.assert_allclose(moved.sum(axis=(1, 2)), 1.0, rtol=1e-4)
    rows = (moved * np.arange(21)[:, None]).sum(axis=(1, 2)) - 10
    columns = (moved * np.arange(11)).sum(axis=(1, 2)) - 5
    assert 3.5 < np.abs(rows).max() <= 4.2 + 1e-3
    assert 1.8 < np.abs(columns).max() <= 2.2 + 1e-3


def test_affine_turns_about_the_centre_by_no_more_than_it_says():
    batch = np.zeros((200, 41, 41, 1), "float32")
    batch[:, 20, 35] = 1.0  # 15 pixels right of the centre
    moved = augmented(affine(rotation=30), tf.constant(batch), seed()).numpy()[..., 0]
    total = moved.sum(axis=(1, 2))
    y = (moved * np.arange(41)[:, None]).sum(axis=(1, 2)) / total - 20
    x = (moved * np.arange(41)).sum(axis=(1, 2)) / total - 20
    np.testing.assert_allclose(np.hypot(x, y), 15, atol=0.5)
    angles = np.degrees(np.arctan2(y, x))
    assert angles.min() < -25 and angles.max() > 25 and np.abs(angles).max() < 32


def test_affine_enlarges_and_shrinks():
    batch = np.zeros((200, 41, 41, 1), "float32")
    batch[:, 16:25, 16:25] = 1.0
    moved = augmented(affine(zoom=0.5), tf.constant(batch), seed()).numpy()
    scale = np.sqrt(moved.sum(axis=(1, 2, 3))) / 9
    assert 0.45 < scale.min() < 0.6 and 1.4 < scale.max() < 1.55


def test_noise_has_its_deviation_and_bytes_do_not_wrap_round():
    grey = tf.fill((4, 32, 32, 1), tf.constant(100, tf.uint8))
    added = augmented(noise(5.0), grey, seed()).numpy().astype(float) - 100
    assert abs(added.mean()) < 0.3 and abs(added.std() - 5) < 0.3
    black = augmented(noise(5.0), tf.zeros_like(grey), seed()).numpy()
    assert black.max() < 40 and (black == 0).mean() > 0.4


def test_noise_serves_features():
    features = tf.zeros((5, 3))
    assert augmented(noise(0.1), features, seed()).shape == (5, 3)


@pytest.mark.parametrize("function", FUNCTIONS[:3], ids=repr)
def test_masks_are_moved_along_with_their_images(function):
    # An image that is its own mask, in large blocks: the two agree wherever nothing is blended.
    classes = np.random.default_rng(1).integers(0, 5, (6, 4, 4)).repeat(8, 1).repeat(8, 2)
    inputs, targets = function(
        tf.constant(classes[..., None] * 50, tf.float32), tf.constant(classes, tf.int32), seed()
    )
    inputs, targets = inputs.numpy()[..., 0] / 50, targets.numpy()
    assert targets.dtype == np.int32 and not np.array_equal(targets, classes)
    assert set(np.unique(targets)) <= {-1, 0, 1, 2, 3, 4}
    pure = (np.abs(inputs - inputs.round()) < 1e-3) & (targets >= 0)
    assert pure.mean() > 0.4
    assert (inputs.round()[pure] == targets[pure]).mean() > 0.97


@pytest.mark.parametrize(
    "make, sentence",
    [
        (
            lambda: crop(padding=0),
            "`padding` of augment.crop must be a whole number of at least 1. Received: padding=0.",
        ),
        (
            lambda: affine(rotation=-1),
            "`rotation` of augment.affine must be between 0 and 180 degrees. "
            "Received: rotation=-1.",
        ),
        (
            lambda: affine(zoom=1),
            "`zoom` of augment.affine must be at least 0 and below 1. Received: zoom=1.",
        ),
        (
            lambda: affine(shift=2),
            "`shift` of augment.affine must be between 0 and 1. Received: shift=2.",
        ),
        (
            lambda: noise(0),
            "`deviation` of augment.noise must be above 0. Received: deviation=0.",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(make, sentence):
    with pytest.raises(RecipeError) as caught:
        make()
    assert str(caught.value) == sentence
