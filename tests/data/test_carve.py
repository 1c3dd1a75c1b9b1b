import numpy as np
import pytest

from kerasrecipes.recipes.data.carve import carve, fill
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.source import Source
from kerasrecipes.recipes.data.splits import Spec
from kerasrecipes.recipes.errors import RecipeError


def source_of(labels, **fields):
    inputs = np.arange(len(labels), dtype=np.float32)[:, np.newaxis]
    split = IndexedSplit(inputs=inputs, targets=np.asarray(labels))
    fields = {"inputs": Spec("features", (1,), "float32"), "class_names": ("a", "b")} | fields
    return Source(train=split, **fields)


def test_the_two_sides_hold_every_example_once():
    stay, leave = carve(np.arange(100) % 3, 0.15, stratify=True)
    assert len(leave) == 15
    np.testing.assert_array_equal(np.sort(np.concatenate([stay, leave])), np.arange(100))
    assert (np.diff(stay) > 0).all() and (np.diff(leave) > 0).all()


def test_classes_keep_their_shares():
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    _, leave = carve(labels, 0.1, stratify=True)
    np.testing.assert_array_equal(np.bincount(labels[leave]), [70, 20, 10])


def test_carving_is_decided_by_the_seed():
    labels = np.arange(200) % 4
    first, again = (carve(labels, 0.2, stratify=True)[1] for _ in range(2))
    other = carve(labels, 0.2, stratify=True, seed=1)[1]
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_only_example_of_a_class_stays():
    labels = np.array([0] * 50 + [1] * 49 + [2])
    for seed in range(20):
        stay, _ = carve(labels, 0.2, stratify=True, seed=seed)
        assert 99 in stay


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1], list(range(30)) * 2])
def test_no_class_is_emptied_where_there_are_few_examples(labels):
    labels = np.array(labels)
    for seed in range(20):
        stay, leave = carve(labels, 0.3, stratify=True, seed=seed)
        assert set(labels[stay]) == set(labels)
        assert len(leave) >= 1


def test_real_values_are_carved_at_random():
    stay, leave = carve(np.linspace(0, 1, 50), 0.1, stratify=False)
    assert (len(stay), len(leave)) == (45, 5)


def test_one_example_cannot_be_carved():
    with pytest.raises(RecipeError, match=r"at least 2 examples. Received: 1"):
        carve(np.array([0.5]), 0.1, stratify=False)
    with pytest.raises(RecipeError, match=r"some class has at least 2 examples"):
        carve(np.array([0, 1, 2]), 0.1, stratify=True)


def test_missing_splits_are_filled_and_noted():
    full = fill(source_of([0, 1] * 100))
    assert full.test.num_examples == 30
    assert full.validation.num_examples == 17  # a tenth of the 170 that are left
    assert full.train.num_examples == 153
    assert full.notes == (
        "test: 30 examples carved from train, stratified, seed 0",
        "validation: 17 examples carved from train, stratified, seed 0",
    )
    joined = np.concatenate([s.inputs[:, 0] for s in (full.train, full.validation, full.test)])
    np.testing.assert_array_equal(np.sort(joined), np.arange(200))


def test_splits_that_exist_are_kept():
    given = source_of([0, 1] * 5)
    full = fill(source_of([0, 1] * 100, validation=given.train, test=given.train))
    assert full.train.num_examples == 200 and full.notes == ()
