"""Going back to an export: where it lies, what it says of itself, and its signatures."""

from __future__ import annotations

import json
from pathlib import Path

import tensorflow as tf

from ..errors import RecipeError
from ..runs.run import Run
from .saved_model import RECORD


def find(source):
    """Return the path of a SavedModel, given as it is or by the run that has one.

    Args:
        source: str or path.

    Raises:
        RecipeError: there is none.
    """
    source = Path(source)
    if (source / "run.json").is_file():
        path = Run.open(source).record.get("saved_model")
        if path is None or not Path(path).is_dir():
            received = "a run without one" if path is None else f"one that is not at {path!r}"
            raise RecipeError(
                f"Run {str(source)!r} must have a SavedModel. Received: {received}. "
                f"Export it with `kerasrecipes export {source}`."
            )
        return Path(path)
    if (source / "saved_model.pb").is_file():
        return source
    raise RecipeError(
        f"{str(source)!r} must be the folder of a run or of a SavedModel. "
        f"Received: {'another folder' if source.is_dir() else 'no folder'}."
    )


def record(path, read):
    """Return what a SavedModel says of itself.

    Args:
        path: path of the SavedModel.
        read: function from the record, a dict of JSON values, to what is wanted of it; it may
            raise what a record of another kind makes it raise.

    Raises:
        RecipeError: it says nothing, or nothing that can be read.
    """
    try:
        return read(json.loads((path / RECORD).read_text("utf-8")))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RecipeError(
            f"SavedModel {str(path)!r} must be one that this package exported, which says in "
            f"{RECORD} what it takes. Received: {error}."
        ) from error


def signature(path, name):
    """Load a SavedModel, and return one of its signatures.

    Raises:
        RecipeError: it is damaged.
    """
    try:
        return tf.saved_model.load(str(path)).signatures[name]
    except Exception as error:  # a damaged graph may make TensorFlow raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"SavedModel {str(path)!r} is damaged: {reason} "
            f"Export it again with `kerasrecipes export RUN`."
        ) from error
