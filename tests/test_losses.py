import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import losses

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(2, 4, 6, 3)).astype("float32")
MASKS = RNG.integers(-1, 3, (2, 4, 6)).astype("int8")
ALL = (losses.CrossEntropy, losses.Dice, losses.CrossEntropyDice)


def softmax(logits):
    powers = np.exp(logits.astype("float64"))
    return powers / powers.sum(axis=-1, keepdims=True)


def dice(masks, logits, epsilon):
    """The loss by loops, pixel by pixel."""
    probabilities = softmax(logits)
    overlaps = []
    for label in range(logits.shape[-1]):
        shared = predicted = true = 0.0
        for place in np.ndindex(masks.shape):
            if masks[place] >= 0:
                p, g = probabilities[(*place, label)], float(masks[place] == label)
                shared, predicted, true = shared + p * g, predicted + p * p, true + g * g
        overlaps.append((2 * shared + epsilon) / (predicted + true + epsilon))
    return 1 - np.mean(overlaps)


def cross_entropy(masks, logits):
    counted = masks >= 0
    chosen = np.take_along_axis(softmax(logits), masks.clip(0)[..., None].astype(int), -1)[..., 0]
    return -np.log(chosen[counted]).mean()


@pytest.mark.parametrize("epsilon", [1.0, 1e-3])
def test_dice_is_the_formula(epsilon):
    found = losses.Dice(epsilon)(MASKS, LOGITS)
    assert float(found) == pytest.approx(dice(MASKS, LOGITS, epsilon), rel=1e-5)


def test_dice_by_hand():
    """Two pixels that are certain, one right and one wrong, of two classes and no epsilon."""
    logits = np.array([[[[50.0, 0.0], [50.0, 0.0]]]], "float32")
    # Class 0: 2 * 1 / (2 + 1); class 1: 0 / (0 + 1).
    found = losses.Dice(epsilon=1e-7)(np.array([[[0, 1]]]), logits)
    assert float(found) == pytest.approx(1 - (2 / 3 + 0) / 2, rel=1e-5)


def test_cross_entropy_is_the_mean_over_what_counts():
    found = losses.CrossEntropy()(MASKS, LOGITS)
    assert float(found) == pytest.approx(cross_entropy(MASKS, LOGITS), rel=1e-5)


def test_the_sum_is_the_sum():
    found = losses.CrossEntropyDice()(MASKS, LOGITS)
    expected = cross_entropy(MASKS, LOGITS) + dice(MASKS, LOGITS, 1.0)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_pixels_that_do_not_count_have_no_gradient(kind):
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = kind()(MASKS, logits)
    gradient = np.abs(tape.gradient(loss, logits).numpy()).sum(axis=-1)
    assert (gradient[MASKS < 0] == 0).all()
    assert (gradient[MASKS >= 0] > 0).all()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("label", [-1, 0])
def test_it_is_finite_where_classes_or_all_pixels_are_missing(kind, label):
    logits = tf.Variable(30 * LOGITS)
    with tf.GradientTape() as tape:
        loss = kind()(np.full_like(MASKS, label), logits)
    assert np.isfinite(loss)
    assert np.isfinite(tape.gradient(loss, logits)).all()


@pytest.mark.parametrize("kind", ALL)
def test_a_perfect_answer_costs_nothing(kind):
    logits = 60 * np.eye(3, dtype="float32")[MASKS.clip(0)]
    assert float(kind()(MASKS, logits)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_fewer_logits_are_compared_with_the_middle(kind):
    inner = np.ascontiguousarray(LOGITS[:, 1:3, 2:4])
    assert float(kind()(MASKS, inner)) == pytest.approx(float(kind()(MASKS[:, 1:3, 2:4], inner)))


@pytest.mark.parametrize("kind", ALL)
def test_half_precision_is_computed_in_single(kind):
    whole = kind()(MASKS, LOGITS)
    half = kind()(MASKS, LOGITS.astype("float16"))
    assert half.dtype == "float32"
    assert float(half) == pytest.approx(float(whole), rel=2e-3)


@pytest.mark.parametrize("kind", ALL)
def test_it_comes_back_from_its_configuration(kind):
    arguments = {} if kind is losses.CrossEntropy else {"epsilon": 0.5}
    loss = kind(**arguments)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is kind
    assert float(again(MASKS, LOGITS)) == float(loss(MASKS, LOGITS))
