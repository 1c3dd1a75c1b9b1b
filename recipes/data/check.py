"""Look at every example once, whatever its source: finite inputs, labels in range."""

from __future__ import annotations

import keras
import numpy as np

from ..errors import RecipeError
from .indexed import IndexedSplit
from .splits import IGNORED, Splits
from .streamed import StreamedSplit

# A stream may hold terabytes; its beginning shows a wrong scale or a label that is out of range.
NUM_STREAMED = 256
_NUM_ROWS_AT_ONCE = 8192


def check(splits: Splits) -> None:
    """Raise on the first thing in a data set that would spoil a training run.

    Arrays are looked at in full, of a stream the first 256 pairs, of files the labels.

    Args:
        splits: the data set.

    Raises:
        RecipeError: a split is empty, an input or target is NaN or infinite, a label is not in
            [0, num_classes), targets of classes are no whole numbers, or training has one class.
    """
    for name in ("train", "validation", "test"):
        split = getattr(splits, name)
        if not split.num_examples:
            raise RecipeError(
                f"The {name} split of {splits.name!r} must hold at least one example. "
                "Received: none. Add examples, or leave the split out to have it carved."
            )
        if isinstance(split, StreamedSplit):
            split = _beginning(split)
        if not isinstance(split, IndexedSplit):
            continue  # Checked by whoever made it, as it was read.
        where = f"the {name} split of {splits.name!r}"
        check_lengths(split, where)
        if split.decode is None:
            for inputs in keras.tree.flatten(split.inputs):
                _check_inputs(inputs, where, splits.feature_names)
        _check_targets(split.targets, where, splits.class_names)
    if splits.class_names is not None:
        _check_classes(splits)


def check_lengths(split, where):
    """Raise a `RecipeError` unless a split in memory has a target for every input."""
    for inputs in keras.tree.flatten(split.inputs):
        if len(inputs) != len(split.targets):
            raise RecipeError(
                f"Inputs and targets of {where} must be equally many. "
                f"Received: {len(inputs)} inputs, {len(split.targets)} targets."
            )


def _check_inputs(inputs, where, feature_names):
    if not np.issubdtype(inputs.dtype, np.floating):
        return
    for start in range(0, len(inputs), _NUM_ROWS_AT_ONCE):
        finite = np.isfinite(inputs[start : start + _NUM_ROWS_AT_ONCE])
        if finite.all():
            continue
        example, *position = (int(i) for i in np.argwhere(~finite)[0])
        value = inputs[(start + example, *position)]
        if feature_names is not None and len(position) == 1:
            feature = f"feature {feature_names[position[0]]!r}"
        else:
            feature = f"feature {position[0]}" if len(position) == 1 else f"pixel {tuple(position)}"
        raise RecipeError(
            f"Inputs of {where} must be finite. Received: {value} in example {start + example}, "
            f"{feature}. Remove the example or fill the value in."
        )


def _check_targets(targets, where, class_names):
    floating = np.issubdtype(targets.dtype, np.floating)
    if class_names is None:
        wrong = np.argwhere(~np.isfinite(targets)) if floating else []
        if len(wrong):
            raise RecipeError(
                f"Targets of {where} must be finite. Received: {targets[tuple(wrong[0])]} in "
                f"example {wrong[0][0]}. Remove the example."
            )
        return
    if not np.issubdtype(targets.dtype, np.integer):
        raise RecipeError(
            f"Targets of {where} must be whole numbers, since it has classes. Received: targets of "
            f"{targets.dtype}. Store the labels as integers."
        )
    # Where an example has several targets, one of them may be left out of the count.
    lowest = 0 if targets.ndim == 1 else IGNORED
    wrong = np.argwhere((targets < lowest) | (targets >= len(class_names)))
    if len(wrong):
        raise RecipeError(
            f"Labels of {where} must lie in [0, {len(class_names)}). Received: "
            f"{targets[tuple(wrong[0])]} in example {wrong[0][0]}. Number the classes from 0 on, "
            f"as in training."
        )


def _check_classes(splits):
    num_classes = len(splits.class_names)
    if num_classes > 1 and not isinstance(splits.train, IndexedSplit):
        return  # A stream that is sorted by class begins with a single one.
    found = np.unique(splits.train.targets)
    found = found[found != IGNORED]
    if num_classes < 2 or len(found) < 2:
        name = splits.class_names[int(found[0])] if len(found) else "none"
        raise RecipeError(
            f"Data set {splits.name!r} must have at least 2 classes in training. "
            f"Received: only {name!r}. Add examples of another class."
        )


def _beginning(split):
    inputs, targets = next(split.dataset.batch(NUM_STREAMED).as_numpy_iterator())
    return IndexedSplit(inputs=inputs, targets=targets)
