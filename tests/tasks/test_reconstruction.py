"""Images back from codes: figures against NumPy, SciPy and scikit-learn."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.linalg import subspace_angles
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.drawings.codes import code_scatter, to_plane
from kerasrecipes.recipes.drawings.mosaics import in_rows, mosaic, stretched
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import autoencoder
from kerasrecipes.recipes.tasks.denoising import Denoising
from kerasrecipes.recipes.tasks.linear_reconstruction import (
    LinearReconstruction,
    principal_angles,
    principal_components,
)
from kerasrecipes.recipes.tasks.reconstruction import Reconstruction, first_of_each
from kerasrecipes.recipes.tasks.sparse_reconstruction import SparseReconstruction

RECIPES = {recipe.name: recipe for recipe in autoencoder.RECIPES}


@pytest.fixture(scope="module")
def splits():
    """Three hundred handwritten digits, a hundred a split."""
    digits = load_digits()
    images = np.round(digits.images[:300] * 255 / 16).astype("uint8")[..., np.newaxis]

    def part(begin):
        chosen = slice(begin, begin + 100)
        return IndexedSplit(inputs=images[chosen], targets=digits.target[chosen])

    return Splits(
        name="a few digits",
        inputs=Spec("image", (8, 8, 1), "uint8"),
        class_names=tuple("0123456789"),
        train=part(0),
        validation=part(100),
        test=part(200),
        licence="",
        source="",
        fingerprint="",
    )


def pixels(split):
    return split.inputs.reshape(len(split.inputs), -1) / 255.0


@pytest.mark.parametrize("seed, columns", [(0, 1), (1, 4), (2, 7)])
def test_principal_angles_are_those_of_scipy(seed, columns):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 20, columns))
    expected = np.degrees(subspace_angles(first, second))
    np.testing.assert_allclose(principal_angles(first, second), expected, atol=1e-9)


@pytest.mark.parametrize("angle", [1e-7, 0.01, 3.0, 44.9, 45.1, 89.0])
def test_a_subspace_turned_by_an_angle_has_that_angle(angle):
    turned = np.zeros((5, 2))
    turned[0, 0] = 3.0  # a length, which does not count
    turned[1, 1], turned[2, 1] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    found = principal_angles(np.eye(5)[:, :2], turned)
    np.testing.assert_allclose(found, [angle, 0.0], rtol=1e-6, atol=1e-9)


def test_principal_components_are_those_of_scikit_learn(splits):
    mean, components = principal_components(splits.train, 4)
    reference = PCA(4, svd_solver="full").fit(pixels(splits.train))
    np.testing.assert_allclose(mean, reference.mean_, atol=1e-12)
    assert np.abs(np.sum(components * reference.components_.T, axis=0)) == pytest.approx(1.0)


def with_weights_of_pca(splits, num_components):
    """Return a linear autoencoder whose weights are PCA's, in a basis turned at random."""
    model = autoencoder.build((8, 8, 1), variant="linear", code=num_components)
    reference = PCA(num_components, svd_solver="full").fit(pixels(splits.train))
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(num_components,) * 2))[0]
    axes, mean = turn @ reference.components_, reference.mean_
    model.encoder.get_layer("code").set_weights([axes.T, -axes @ mean])
    model.decoder.get_layer("pixels").set_weights([axes, mean])
    return model, reference


def test_the_linear_figures_of_pca_itself(splits):
    model, reference = with_weights_of_pca(splits, 5)
    task = LinearReconstruction()
    figures, outcome = task.evaluate(model, splits, splits.test.ordered(32))
    assert tuple(figures) == task.figures
    test = pixels(splits.test)
    restored = reference.inverse_transform(reference.transform(test))
    expected = np.mean((test - restored) ** 2)
    assert figures["pca_mse"] == pytest.approx(expected, rel=1e-9)
    assert figures["mse"] == pytest.approx(expected, rel=1e-5)
    assert figures["principal_angle"] < 1e-3
    assert figures["baseline_principal_angle"] > 60
    mean = pixels(splits.train).mean(axis=0)
    assert figures["baseline_mse"] == pytest.approx(np.mean((test - mean) ** 2))
    assert len(task.pictures(splits, splits.test, outcome)) == 3


def test_pca_is_where_a_linear_autoencoder_rests(splits):
    """Baldi and Hornik 1989: the gradient of the training error vanishes there."""
    model, _ = with_weights_of_pca(splits, 5)
    before = [weight.numpy() for weight in model.trainable_variables]
    model.compile(keras.optimizers.SGD(1.0), loss="mse")
    images, targets = Reconstruction().pair(splits.train.inputs, None)
    model.train_on_batch(images, targets)
    for weight, was in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_allclose(weight.numpy(), was, atol=1e-6)


def test_a_few_hundred_steps_come_near_the_subspace(splits):
    recipe = RECIPES["linear_autoencoder_digits"]
    keras.utils.set_random_seed(0)
    model = autoencoder.build((8, 8, 1), variant="linear", code=2)
    rate = recipe.schedule(0.03, 1, 600)
    recipe.task.compile(
        model, lambda: recipe.optimizer(learning_rate=rate), steps_per_execution=100
    )
    batch = recipe.task.pair(splits.train.inputs, None)
    batches = tf.data.Dataset.from_tensors(batch).repeat()
    model.fit(batches, steps_per_epoch=600, verbose=0, shuffle=False)
    figures, _ = recipe.task.evaluate(model, splits, splits.test.ordered(100))
    assert figures["principal_angle"] < 5
    assert figures["mse"] == pytest.approx(figures["pca_mse"], rel=0.02)


def test_the_figures_do_not_depend_on_the_batches(splits):
    model = autoencoder.build((8, 8, 1), code=4)
    task = Reconstruction()
    whole, outcome = task.evaluate(model, splits, splits.test.ordered(100))
    parts, _ = task.evaluate(model, splits, splits.test.ordered(30))
    assert parts == pytest.approx(whole, rel=1e-6)
    restored = keras.ops.convert_to_numpy(model(splits.test.inputs))
    assert whole["mse"] == pytest.approx(
        np.mean((restored.reshape(100, -1) - pixels(splits.test)) ** 2), rel=1e-5
    )
    np.testing.assert_array_equal(outcome["targets"], splits.test.targets)
    assert len(task.pictures(splits, splits.test, outcome)) == 2


def test_a_denoiser_is_shown_the_same_noise_each_time(splits):
    model = autoencoder.build((8, 8, 1), code=4, masking=0.3)
    task = Denoising(loss="cross_entropy")
    first, outcome = task.evaluate(model, splits, splits.test.ordered(50))
    again, _ = task.evaluate(model, splits, splits.test.ordered(50))
    other, _ = dataclasses.replace(task, seed=1).evaluate(model, splits, splits.test.ordered(50))
    assert first == again and first["baseline_mse"] != other["baseline_mse"]
    images, shown = outcome["images"], outcome["shown"]
    assert set(np.unique(shown[shown != images])) == {0.0}
    assert first["baseline_mse"] == pytest.approx(np.mean((shown - images) ** 2), rel=1e-5)
    assert np.mean(shown[images > 0] == 0) == pytest.approx(0.3, abs=0.03)
    title, _, figure = task.pictures(splits, splits.test, outcome)[0]
    assert title == "Images and what comes back"
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "image",
        "shown",
        "comes back",
    ]


def test_the_activity_of_a_sparse_code(splits):
    model = autoencoder.build((8, 8, 1), code=9, sparsity=0.1)
    task = SparseReconstruction()
    figures, outcome = task.evaluate(model, splits, splits.test.ordered(64))
    codes = keras.ops.convert_to_numpy(model.encode(splits.test.inputs))
    assert figures["activity"] == pytest.approx(codes.mean(), rel=1e-5)
    assert tuple(figures) == task.figures
    assert outcome["features"].shape == (9, 8, 8, 1)
    assert len(task.pictures(splits, splits.test, outcome)) == 3


def test_the_endpoints_are_those_of_the_model(splits):
    model = autoencoder.build((8, 8, 1), code=4)
    endpoints = Reconstruction().endpoints(model, splits)
    assert set(endpoints) == {"serving_default", "encode", "decode"}
    images = splits.validation.inputs[:16]
    (given,) = endpoints["serving_default"].example
    np.testing.assert_array_equal(given, images)
    decoded = endpoints["decode"].answer()["image"]
    np.testing.assert_array_equal(decoded, endpoints["serving_default"].answer()["reconstruction"])
    np.testing.assert_allclose(decoded, model.reconstruct(images), rtol=1e-6)


def sentence(function, *arguments):
    with pytest.raises(RecipeError) as caught:
        function(*arguments)
    return str(caught.value)


def test_what_cannot_be_learnt_is_one_sentence(splits):
    recipe = RECIPES["conv_autoencoder_glyphs"]
    table = dataclasses.replace(splits, inputs=Spec("features", (30,), "float32"))
    assert sentence(recipe.task.core, recipe, table) == (
        "The inputs of 'a few digits' must be images of bytes for an autoencoder. Received: "
        "shape (30,) of float32. Take image data, such as 'digits'."
    )
    scaling = dataclasses.replace(recipe, normalize=keras.layers.Normalization)
    assert "must be None: an autoencoder divides" in sentence(recipe.task.core, scaling, splits)
    other = dataclasses.replace(recipe, build=lambda shape: keras.Sequential(name="plain"))
    assert "must return an Autoencoder" in sentence(recipe.task.core, other, splits)
    assert "with a corruption" in sentence(Denoising().core, recipe, splits)
    assert sentence(Reconstruction, "mae") == (
        "`loss` of a reconstruction must be one of 'mse', 'cross_entropy'. Received: loss='mae'."
    )


def test_one_image_of_each_class_comes_first(splits):
    targets = np.array([3, 3, 1, 1, 0, 3])
    assert first_of_each(targets, splits, 4).tolist() == [4, 2, 0, 1]
    assert first_of_each(targets, splits, 99).tolist() == [4, 2, 0, 1, 3, 5]
    unlabelled = dataclasses.replace(splits, class_names=None)
    assert first_of_each(targets, unlabelled, 4).tolist() == [0, 1, 2, 3]
    masks = np.zeros((6, 8, 8, 1), int)  # a class for each pixel is none of the image
    assert first_of_each(masks, splits, 4).tolist() == [0, 1, 2, 3]


def test_a_mosaic_holds_each_image_at_its_place():
    images = np.linspace(0, 1, 6).reshape(2, 3, 1, 1, 1) * np.ones((2, 3, 4, 4, 1))
    figure = mosaic(images, row_names=("one", "two"))
    page = figure.axes[0].images[0].get_array()
    assert page.shape == (9, 14)
    for row, column in np.ndindex(2, 3):
        inside = page[5 * row : 5 * row + 4, 5 * column : 5 * column + 4]
        np.testing.assert_allclose(inside, images[row, column, ..., 0])
    assert (page[4] == 1).all() and (page[:, 4] == 1).all()
    with pytest.raises(ValueError, match="must be 3 texts, or none"):
        mosaic(images, column_names=("one",))
    with pytest.raises(ValueError, match="Received: shape"):
        mosaic(images[0])


def test_images_of_weights_are_stretched_about_grey():
    images = np.array([-2.0, 0.0, 1.0]).reshape(1, 3, 1, 1)
    assert stretched(images).ravel().tolist() == [0.0, 0.5, 0.75]
    assert stretched(np.zeros((1, 2, 2, 1))).ravel().tolist() == [0.5] * 4
    assert in_rows(np.zeros((7, 2, 2, 1)), 3).shape == (2, 3, 2, 2, 1)
    assert in_rows(np.zeros((2, 2, 2, 1)), 3).shape == (1, 2, 2, 2, 1)


def test_codes_go_to_the_plane_of_their_principal_components():
    codes = np.random.default_rng(0).normal(size=(50, 6)) * [9, 1, 5, 1, 1, 1]
    points, names = to_plane(codes)
    reference = PCA(2).fit(codes)
    np.testing.assert_allclose(np.abs(points), np.abs(reference.transform(codes)), atol=1e-9)
    share = reference.explained_variance_ratio_[0]
    assert names[0] == f"principal component 1 ({share:.0%} of the variance)"
    assert to_plane(codes[:, :2])[1] == ("code 1", "code 2")
    figure = code_scatter(points, np.arange(50) % 2, ("a", "b"), axis_names=names)
    assert {text.get_text() for text in figure.axes[0].texts} == {"a", "b"}
    with pytest.raises(ValueError, match=r"\(examples, 2\)"):
        code_scatter(codes)
