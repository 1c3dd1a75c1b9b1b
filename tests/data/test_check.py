import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.data.check import check
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.errors import RecipeError


def split_of(num_examples=6):
    inputs = np.arange(num_examples * 2, dtype=np.float32).reshape(num_examples, 2)
    return IndexedSplit(inputs=inputs, targets=np.arange(num_examples) % 2)


@pytest.fixture
def splits():
    return Splits(
        name="mine",
        inputs=Spec("features", (2,), "float32"),
        class_names=("no", "yes"),
        feature_names=("height", "width"),
        train=split_of(),
        validation=split_of(),
        test=split_of(),
        licence="",
        source="",
        fingerprint="",
    )


def changed(splits, split, **fields):
    return dataclasses.replace(
        splits, **{split: dataclasses.replace(getattr(splits, split), **fields)}
    )


def test_sound_data_pass(splits):
    check(splits)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_example_and_feature_that_are_not_finite_are_named(splits, value):
    inputs = splits.test.inputs.copy()
    inputs[4, 1] = value
    with pytest.raises(
        RecipeError,
        match=rf"the test split of 'mine' must be finite. Received: {value} in example 4, "
        "feature 'width'",
    ):
        check(changed(splits, "test", inputs=inputs))


def test_a_pixel_that_is_not_finite_is_named(splits):
    inputs = np.zeros((6, 3, 3, 1), np.float32)
    inputs[2, 1, 0, 0] = np.nan
    with pytest.raises(RecipeError, match=r"example 2, pixel \(1, 0, 0\)"):
        check(changed(dataclasses.replace(splits, feature_names=None), "train", inputs=inputs))


def test_a_late_example_is_looked_at_too(splits):
    inputs = np.zeros((20_000, 2), np.float32)
    inputs[19_999, 0] = np.inf
    targets = np.arange(20_000) % 2
    with pytest.raises(RecipeError, match=r"example 19999, feature 'height'"):
        check(changed(splits, "train", inputs=inputs, targets=targets))


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_lie_in_range(splits, label):
    targets = splits.validation.targets.copy()
    targets[3] = label
    with pytest.raises(
        RecipeError,
        match=rf"the validation split of 'mine' must lie in \[0, 2\). Received: {label} in .* 3",
    ):
        check(changed(splits, "validation", targets=targets))


def test_classes_want_whole_numbers(splits):
    with pytest.raises(RecipeError, match=r"must be whole numbers, .* targets of float64"):
        check(changed(splits, "train", targets=np.zeros(6)))


def test_real_targets_are_finite(splits):
    real = dataclasses.replace(splits, class_names=None)
    for split in ("train", "validation", "test"):
        real = changed(real, split, targets=np.ones(6, np.float32))
    check(real)
    with pytest.raises(
        RecipeError, match=r"Targets of the test split .* Received: nan in example 0"
    ):
        check(changed(real, "test", targets=np.full(6, np.nan, np.float32)))


def test_no_split_is_empty(splits):
    with pytest.raises(RecipeError, match=r"The validation split of 'mine' must hold at least one"):
        check(dataclasses.replace(splits, validation=split_of(0)))


def test_inputs_and_targets_are_equally_many(splits):
    with pytest.raises(RecipeError, match=r"Received: 5 inputs, 6 targets"):
        check(changed(splits, "train", inputs=splits.train.inputs[:5]))


def test_training_has_two_classes(splits):
    with pytest.raises(RecipeError, match=r"at least 2 classes in training. Received: only 'yes'"):
        check(changed(splits, "train", targets=np.ones(6, int)))
    with pytest.raises(RecipeError, match=r"at least 2 classes"):
        check(
            dataclasses.replace(
                splits,
                class_names=("no",),
                **dict.fromkeys(
                    ("train", "validation", "test"),
                    IndexedSplit(inputs=np.zeros((2, 2)), targets=np.zeros(2, int)),
                ),
            )
        )


def test_the_beginning_of_a_stream_is_looked_at(splits):
    inputs = np.zeros((6, 2), np.float32)
    inputs[1, 1] = np.nan
    dataset = tf.data.Dataset.from_tensor_slices((inputs, np.arange(6) % 2))
    stream = StreamedSplit(dataset=dataset, num_examples=6)
    with pytest.raises(RecipeError, match=r"the train split .* example 1, feature 'width'"):
        check(dataclasses.replace(splits, train=stream))
