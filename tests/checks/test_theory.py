"""The first and the least value of a loss, against the loss itself on known answers."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import entropy

from kerasrecipes.recipes.checks.finding import NotApplicable
from kerasrecipes.recipes.checks.theory import loss_of, takes_logits, theory, value
from kerasrecipes.recipes.losses import CrossEntropy, CrossEntropyDice, SmoothedCrossEntropy

LABELS = np.array([0, 2, 1, 3, 3])
HARD = np.eye(4, dtype="float32")[LABELS]
SMOOTH = 0.9 * HARD + 0.1 / 4

# A loss, its targets, the answers of one who knows nothing, and those of one who knows all.
CLASSES = {
    "sparse": (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        LABELS,
        np.zeros((5, 4)),
        60 * HARD,
    ),
    "by name": (
        keras.losses.get("sparse_categorical_crossentropy"),
        LABELS,
        np.full((5, 4), 0.25),
        HARD,
    ),
    "with a class left out": (
        CrossEntropy(),
        np.array([0, 2, -1, 3, 3]),
        np.zeros((5, 4)),
        60 * HARD,
    ),
    "smoothed": (SmoothedCrossEntropy(0.1), LABELS, np.zeros((5, 4)), np.log(SMOOTH)),
    "categorical, smoothed": (
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        HARD,
        np.zeros((5, 4)),
        np.log(SMOOTH),
    ),
    "binary": (
        keras.losses.BinaryCrossentropy(),
        np.array([[0.2, 0.9], [0.5, 0.0]]),
        np.full((2, 2), 0.5),
        np.array([[0.2, 0.9], [0.5, 0.0]]),
    ),
}


@pytest.mark.parametrize("name", CLASSES)
def test_who_knows_nothing_begins_there_and_who_knows_all_ends_there(name):
    loss, y, nothing, everything = CLASSES[name]
    nothing, everything = (
        ops.convert_to_tensor(a.astype("float32")) for a in (nothing, everything)
    )
    told = theory(loss, y, nothing)
    assert value(loss, y, nothing) == pytest.approx(told.first, rel=1e-5)
    assert value(loss, y, everything) == pytest.approx(told.least, rel=1e-4, abs=1e-4)


def test_the_least_of_smoothed_labels_is_their_entropy():
    told = theory(SmoothedCrossEntropy(0.1), LABELS, ops.zeros((5, 4)))
    assert told.least == pytest.approx(entropy([0.925, 0.025, 0.025, 0.025]))


@pytest.mark.parametrize("loss", ["mse", "mae", keras.losses.Huber(2.0)])
def test_a_distance_begins_where_answering_all_alike_does(loss):
    generator = np.random.default_rng(0)
    y, answers = generator.normal(3, 2, size=50), generator.normal(1, 0.5, size=(50, 1))
    told = theory(keras.losses.get(loss), y, ops.convert_to_tensor(answers))
    error = np.abs(y - answers.mean())
    expected = {
        "mse": np.mean(error**2),
        "mae": np.mean(error),
    }.get(loss if isinstance(loss, str) else "")
    if expected is None:
        expected = np.mean(np.where(error < 2, error**2 / 2, 2 * error - 2))
    assert told.first == pytest.approx(expected, rel=1e-5)
    assert told.least == 0


def test_what_a_loss_takes():
    assert takes_logits(keras.losses.BinaryCrossentropy(from_logits=True)) is True
    assert takes_logits(keras.losses.get("binary_crossentropy")) is False
    assert takes_logits(CrossEntropyDice()) is True
    assert takes_logits(keras.losses.MeanSquaredError()) is None
    assert theory(CrossEntropyDice(), LABELS, ops.zeros((5, 4))).first is None


def test_a_model_with_no_one_loss_is_told_so():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd")
    with pytest.raises(NotApplicable, match="makes its loss itself"):
        loss_of(model)
    inputs = keras.Input((2,))
    two = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])
    two.compile("sgd", loss=["mse", "mae"])
    with pytest.raises(NotApplicable, match="2 losses"):
        loss_of(two)
