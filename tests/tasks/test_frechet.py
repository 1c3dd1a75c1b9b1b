"""The Fréchet distance against sets of known answer, and the features it is taken in."""

import random
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.tasks import feature_classifier, frechet
from kerasrecipes.recipes.tasks.frechet import frechet_distance, gaussian_distance


def set_with(mean, covariance, count, seed=0):
    """Return a set whose mean and unbiased covariance are exactly those asked for."""
    points = np.random.default_rng(seed).standard_normal((count, len(mean)))
    points -= points.mean(axis=0)
    points = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points, rowvar=False))).T
    return points @ np.linalg.cholesky(covariance).T + mean


def random_covariance(size, seed):
    root = np.random.default_rng(seed).standard_normal((size, size))
    return root @ root.T


def test_equal_sets_are_at_distance_0():
    features = np.random.default_rng(0).standard_normal((200, 32)) * 100
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-7)
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-7)


def test_diagonal_gaussians_by_arithmetic():
    # sum of (m_a - m_b)^2 + (s_a - s_b)^2: 1 + 4 + 0 and 1 + 0 + 9.
    a = set_with([0.0, 2.0, 5.0], np.diag([4.0, 1.0, 25.0]), 50)
    b = set_with([1.0, 4.0, 5.0], np.diag([9.0, 1.0, 4.0]), 80, seed=1)
    assert frechet_distance(a, b) == pytest.approx(15, rel=1e-10)
    assert frechet_distance(b, a) == pytest.approx(15, rel=1e-10)


def test_a_shift_is_its_squared_length():
    a = np.random.default_rng(0).standard_normal((100, 5))
    assert frechet_distance(a, a + np.array([3, 0, 4, 0, 0])) == pytest.approx(25, rel=1e-10)


def test_full_covariances_as_scipy_has_them():
    linalg = pytest.importorskip("scipy.linalg")
    mean_a, mean_b = np.arange(6.0), np.ones(6)
    covariance_a, covariance_b = random_covariance(6, 1), random_covariance(6, 2)
    root = linalg.sqrtm(covariance_a @ covariance_b).real
    expected = np.sum((mean_a - mean_b) ** 2) + np.trace(covariance_a + covariance_b - 2 * root)
    measured = gaussian_distance(mean_a, covariance_a, mean_b, covariance_b)
    assert measured == pytest.approx(expected, rel=1e-9)
    a, b = set_with(mean_a, covariance_a, 40), set_with(mean_b, covariance_b, 60, seed=1)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_singular_covariances():
    # Points on a line, and a single point: the variance on the line is all there is.
    line = np.outer([-1.0, 0.0, 1.0], [3.0, 4.0])
    assert frechet_distance(line, np.zeros((5, 2))) == pytest.approx(25, rel=1e-10)
    # On two lines at a right angle nothing is shared.
    across = np.outer([-1.0, 0.0, 1.0], [-4.0, 3.0])
    assert frechet_distance(line, across) == pytest.approx(50, rel=1e-10)
    # Fewer points than dimensions.
    few = np.random.default_rng(0).standard_normal((10, 64))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)


def test_one_feature():
    assert frechet_distance([[0.0], [2.0]], [[1.0], [3.0]]) == pytest.approx(1, rel=1e-12)


def test_samples_come_near_the_distance_of_their_distributions():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (20_000, 4)), rng.normal(0.5, 2, (20_000, 4))
    assert frechet_distance(a, b) == pytest.approx(4 * (0.25 + 1), rel=0.03)


@pytest.mark.parametrize(
    ("a", "b", "part"),
    [
        (np.zeros((4, 3)), np.zeros((4, 2)), r"shapes \(4, 3\) and \(4, 2\)"),
        (np.zeros((1, 3)), np.zeros((4, 3)), "at least 2 examples"),
        (np.zeros(4), np.zeros((4, 3)), "Received: shapes"),
        (np.full((4, 3), np.nan), np.zeros((4, 3)), "must be finite. Received: 12 values"),
    ],
)
def test_bad_features(a, b, part):
    with pytest.raises(RecipeError, match=part):
        frechet_distance(a, b)


@pytest.fixture(scope="module")
def digits(data_dir):
    return data.load("digits", data_dir=data_dir)


def test_the_classifier_has_learned(digits):
    inputs, targets = digits.validation.inputs, digits.validation.targets
    assert feature_classifier.accuracy(digits, inputs, targets) > 0.92


def test_the_distance_orders_what_the_eye_orders(digits):
    real = feature_classifier.features(digits, digits.validation.inputs)
    assert real.shape == (digits.validation.num_examples, feature_classifier.NUM_FEATURES)
    assert real.dtype == np.float64

    def distance(images):
        return frechet_distance(real, feature_classifier.features(digits, images))

    test = digits.test.inputs
    rng = np.random.default_rng(0)
    noisy = np.clip(test + rng.normal(0, 60, test.shape), 0, 255).astype("uint8")
    shuffled = frechet.independent_pixels(digits.train.inputs, len(test), seed=0)
    collapsed = test[digits.test.targets == 3]
    assert 0 < distance(test) < distance(noisy) < distance(shuffled)
    assert 5 * distance(test) < distance(collapsed)


def test_the_features_are_a_function_of_the_data_alone(digits):
    images = digits.test.inputs[:20]
    first = feature_classifier.features(digits, images)
    keras.utils.set_random_seed(5)
    feature_classifier._classifiers.pop(digits.fingerprint)
    np.testing.assert_allclose(
        feature_classifier.features(digits, images), first, rtol=1e-4, atol=1e-4
    )


def test_nothing_global_is_moved(digits):
    feature_classifier._classifiers.pop(digits.fingerprint, None)
    keras.utils.set_random_seed(7)
    drawn = keras.random.normal((3,)), np.random.rand(), random.random()
    named = keras.layers.Dense(1).name
    keras.utils.set_random_seed(7)
    feature_classifier.features(digits, digits.test.inputs[:4])
    again = keras.random.normal((3,)), np.random.rand(), random.random()
    np.testing.assert_array_equal(drawn[0], again[0])
    assert drawn[1:] == again[1:]
    number = int(named.removeprefix("dense").removeprefix("_") or 0)
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


def test_independent_pixels_keep_each_pixel_and_lose_the_image():
    images = np.repeat([[[[0], [0]]], [[[9], [9]]]], 500, axis=0).astype("uint8")
    drawn = frechet.independent_pixels(images, 4000, seed=1)
    assert drawn.shape == (4000, 1, 2, 1) and drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == {0, 9}
    correlation = np.corrcoef(drawn.reshape(4000, 2), rowvar=False)[0, 1]
    assert abs(correlation) < 0.06
    np.testing.assert_array_equal(drawn, frechet.independent_pixels(images, 4000, seed=1))


def splits_of(images, labels, class_names):
    split = IndexedSplit(inputs=images, targets=labels)
    return SimpleNamespace(
        name="made",
        train=split,
        class_names=class_names,
        input_shape=images.shape[1:],
        fingerprint=f"made {images.shape} {class_names}",
    )


@pytest.mark.parametrize("shape", [(34, 12, 3), (5, 7, 1), (1, 1, 1)])
def test_any_size_of_image(shape):
    labels = np.arange(60) % 2
    images = np.broadcast_to(labels.reshape(-1, 1, 1, 1) * 200, (60, *shape)).astype("uint8")
    splits = splits_of(images, labels, ("dark", "bright"))
    assert feature_classifier.accuracy(splits, images, labels) == 1
    assert feature_classifier.features(splits, images[:0]).shape == (
        0,
        feature_classifier.NUM_FEATURES,
    )


def test_uncounted_labels_are_not_learned_from():
    labels = np.arange(60) % 3 - 1
    images = np.broadcast_to((labels == 1).reshape(-1, 1, 1, 1) * 200, (60, 4, 4, 1))
    splits = splits_of(images.astype("uint8"), labels, ("dark", "bright"))
    counted = labels >= 0
    assert feature_classifier.accuracy(splits, splits.train.inputs[counted], labels[counted]) == 1


def test_data_without_classes():
    splits = splits_of(np.zeros((9, 4, 4, 1), "uint8"), np.zeros(9), None)
    with pytest.raises(RecipeError, match="must be images with classes"):
        feature_classifier.features(splits, splits.train.inputs)


def test_images_of_another_shape(digits):
    with pytest.raises(RecipeError, match=r"Received: shape \(3, 28, 28, 1\)"):
        feature_classifier.features(digits, np.zeros((3, 28, 28, 1), "uint8"))
