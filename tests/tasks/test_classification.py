import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.tasks.classification import Classification


def make_splits(logits, targets):
    """Inputs that are the logits already, so that the model hands them through."""
    split = IndexedSplit(inputs=logits.astype("float32"), targets=targets)
    return Splits(
        name="made",
        inputs=Spec("features", (logits.shape[1],), "float32"),
        class_names=tuple("abcde")[: logits.shape[1]],
        train=split,
        validation=split,
        test=split,
        licence="",
        source="",
        fingerprint="",
    )


def evaluate(logits, targets):
    inputs = keras.Input((logits.shape[1],))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    splits = make_splits(logits, targets)
    return Classification().evaluate(model, splits, splits.test.ordered(7))


@pytest.mark.parametrize("scale", [1, 5])
def test_the_figures_are_those_of_scikit_learn(scale):
    generator = np.random.default_rng(2)
    logits = (scale * generator.normal(size=(60, 4))).astype("float32")
    targets = generator.integers(0, 4, 60)
    figures, outcome = evaluate(logits, targets)
    exponential = np.exp(logits.astype("float64") - logits.max(axis=1, keepdims=True))
    probabilities = exponential / exponential.sum(axis=1, keepdims=True)
    assert figures["nll"] == pytest.approx(log_loss(targets, probabilities, labels=range(4)))
    assert figures["accuracy"] == accuracy_score(targets, logits.argmax(axis=1))
    most_frequent = np.full(60, np.bincount(targets).argmax())
    assert figures["baseline_accuracy"] == accuracy_score(targets, most_frequent)
    np.testing.assert_allclose(outcome["confidence"], probabilities.max(axis=1))
    assert tuple(figures) == Classification.figures


def test_logits_far_apart_stay_finite():
    logits = np.array([[1e4, -1e4], [1e4, -1e4]])
    figures, _ = evaluate(logits, np.array([0, 1]))
    assert figures["nll"] == pytest.approx(1e4)


def test_the_pictures_show_what_was_confused():
    logits = np.eye(3)[[0, 1, 2, 2]] * 5
    splits = make_splits(logits, np.array([0, 1, 2, 0]))
    _, outcome = evaluate(logits, np.array([0, 1, 2, 0]))
    titles = [title for title, _, _ in Classification().pictures(splits, splits.test, outcome)]
    assert titles == ["Confusion matrix"]
