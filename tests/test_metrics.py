import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

from kerasrecipes.recipes import metrics

RNG = np.random.default_rng(1)
LOGITS = RNG.normal(size=(6, 5, 7, 4)).astype("float32")
MASKS = RNG.integers(-1, 4, (6, 5, 7)).astype("int8")
LABELS = LOGITS.argmax(axis=-1)
TRUE, FOUND = MASKS[MASKS >= 0], LABELS[MASKS >= 0]


def test_mean_iou_over_batches_is_that_of_scikit_learn():
    metric = metrics.MeanIoU(4)
    for start in (0, 2, 4):
        metric.update_state(MASKS[start : start + 2], LOGITS[start : start + 2])
    expected = jaccard_score(TRUE, FOUND, average="macro")
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


def test_fewer_logits_are_compared_with_the_middle():
    metric = metrics.MeanIoU(4)
    metric.update_state(MASKS, LOGITS[:, 1:4, 2:5])
    inner = MASKS[:, 1:4, 2:5]
    expected = jaccard_score(inner[inner >= 0], LABELS[:, 1:4, 2:5][inner >= 0], average="macro")
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


def test_a_class_that_is_nowhere_does_not_weigh():
    metric = metrics.MeanIoU(3)
    metric.update_state(np.array([[[0, 1]]]), np.array([[[[1.0, 0, 0], [0, 1.0, 0]]]]))
    assert float(metric.result()) == pytest.approx(1)


def test_it_comes_back_from_its_configuration():
    metric = keras.metrics.deserialize(keras.metrics.serialize(metrics.MeanIoU(4)))
    metric.update_state(MASKS, LOGITS)
    expected = jaccard_score(TRUE, FOUND, average="macro")
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)


def test_counts_and_what_follows_from_them():
    counts = metrics.count(MASKS, LABELS, 4)
    np.testing.assert_array_equal(counts, confusion_matrix(TRUE, FOUND))
    np.testing.assert_allclose(
        metrics.iou_by_class(counts), jaccard_score(TRUE, FOUND, average=None)
    )
    assert metrics.pixel_accuracy(counts) == pytest.approx(accuracy_score(TRUE, FOUND))


def test_what_is_nowhere_has_no_figure():
    assert np.isnan(metrics.iou_by_class(np.diag([3, 0]))).tolist() == [False, True]
    assert np.isnan(metrics.pixel_accuracy(np.zeros((2, 2), int)))
