"""A user's own arrays: an npz file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ...errors import RecipeError
from ..check import check_lengths
from ..indexed import IndexedSplit
from ..source import Source, spec

_SPLITS = ("train", "validation", "test")
# More are no classes but numbers that were stored without a decimal point.
_MOST_CLASSES = 1000


def read(rest, name, data_dir=None, memory_limit=None) -> Source:
    """Read an npz file into memory.

    It holds `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test` and perhaps `x_validation`,
    `y_validation`. Inputs of shape `(num_examples, num_features)` are features, of
    `(num_examples, height, width)` or `(num_examples, height, width, channels)` images. Whole
    numbers and texts in y are classes, floats real values.

    Args:
        rest: str, the path.
        name: str, what the user calls it.
        data_dir: not asked for here; every reader is called alike.
        memory_limit: not asked for here.

    Returns:
        `Source`. Inputs of uint8 images stay as they are, all others become float32.

    Raises:
        RecipeError: no such file, missing arrays, Python objects in them, or shapes that do not
            fit each other.
    """
    path = Path(rest).expanduser()
    if not path.is_file():
        raise RecipeError(f"Data set {name!r} must be a file. Received: no file {str(path)!r}.")
    arrays = _load(path, name)
    if "x" in arrays:
        suffixes = {"train": ""}
    else:
        suffixes = {s: f"_{s}" for s in _SPLITS if f"x_{s}" in arrays or s != "validation"}
    missing = [a for s in suffixes.values() for a in (f"x{s}", f"y{s}") if a not in arrays]
    if missing:
        raise RecipeError(
            f"Data set {name!r} must hold arrays x and y, or x_train, y_train, x_test and y_test. "
            f"Received: {', '.join(arrays) or 'none'}. Add {', '.join(missing)}."
        )
    inputs = {s: _inputs(arrays[f"x{end}"], f"x{end}", name) for s, end in suffixes.items()}
    targets = {s: _targets(arrays[f"y{end}"], f"y{end}", name) for s, end in suffixes.items()}
    train = inputs["train"]
    for split, array in inputs.items():
        if (array.shape[1:], array.dtype) != (train.shape[1:], train.dtype):
            raise RecipeError(
                f"Inputs of all splits of {name!r} must be alike. Received: {train.dtype} of "
                f"{train.shape[1:]} in train, {array.dtype} of {array.shape[1:]} in {split}."
            )
    class_names, targets = _number(targets, name)
    splits = {s: IndexedSplit(inputs=inputs[s], targets=targets[s]) for s in suffixes}
    for split, found in splits.items():
        check_lengths(found, f"the {split} split of {name!r}")
    return Source(
        **splits,
        inputs=spec(train.shape[1:], train.dtype),
        class_names=class_names,
        location=str(path),
    )


def _load(path, name):
    try:
        # Never pickle: opening a file must not run what is written in it.
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, TypeError, EOFError) as error:
        raise RecipeError(
            f"Data set {name!r} must be an npz file of plain arrays, as `numpy.savez` writes it. "
            f"Received: {error}"
        ) from error


def _inputs(array, key, name):
    numeric = np.issubdtype(array.dtype, np.number) or array.dtype == bool
    if array.ndim not in (2, 3, 4) or not numeric or np.iscomplexobj(array):
        raise RecipeError(
            f"Array {key} of {name!r} must hold numbers, with 2 axes for features, or 3 or 4 for "
            f"images. Received: {array.dtype} of shape {array.shape}."
        )
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim == 4 and array.dtype == np.uint8:
        return array
    return array.astype(np.float32)


def _targets(array, key, name):
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "biufU":
        raise RecipeError(
            f"Array {key} of {name!r} must hold one label, text or number an example, in one axis. "
            f"Received: {array.dtype} of shape {array.shape}."
        )
    return array


def _number(targets, name):
    """Return class names, or None, and labels from 0 on, or float32 values."""
    kind = targets["train"].dtype.kind
    if any((array.dtype.kind in "fU") != (kind in "fU") for array in targets.values()):
        raise RecipeError(f"Targets of all splits of {name!r} must be of one type.")
    if kind == "f":
        return None, {split: array.astype(np.float32) for split, array in targets.items()}
    if kind == "U":
        return _number_texts(targets, name)
    labels = {split: array.astype(np.int64) for split, array in targets.items()}
    num_classes = int(labels["train"].max(initial=-1)) + 1
    if num_classes > _MOST_CLASSES:
        raise RecipeError(
            f"Labels of {name!r} must lie in [0, {_MOST_CLASSES}). Received: {num_classes - 1}. "
            "Number the classes from 0 on, or store real values as floats."
        )
    return tuple(str(label) for label in range(num_classes)), labels


def _number_texts(targets, name):
    class_names = np.unique(targets["train"])
    labels = {}
    for split, array in targets.items():
        unknown = np.setdiff1d(array, class_names)
        if len(unknown):
            raise RecipeError(
                f"Classes of the {split} split of {name!r} must be among those of train. "
                f"Received: {str(unknown[0])!r}."
            )
        labels[split] = np.searchsorted(class_names, array).astype(np.int64)
    return tuple(class_names.tolist()), labels
