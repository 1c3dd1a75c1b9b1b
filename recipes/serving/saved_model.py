"""A trained model to a SavedModel that counts only once a fresh process has checked it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..atomic import make_folder, replacing
from ..errors import RecipeError

# Where a SavedModel may carry files of its own that loaders and servers leave alone.
RECORD = Path("assets.extra") / "recipe.json"


def export(model, task, splits, name, root="saved_models", *, more=None):
    """Write the next version of a recipe's SavedModel, whole or not at all.

    It is loaded again in a fresh process, every endpoint is fed with its example, and the answers
    are compared with the Keras model's, before it gets its name.

    Args:
        model: trained `keras.Model` that takes raw input.
        task: the `Task`, which names the endpoints.
        splits: the `Splits` it was trained on.
        name: str, the recipe's name.
        root: str or path of the folder of all exports. Defaults to "saved_models".
        more: dict from name to `Endpoint` of what it offers beside what its task does, or None.
            Defaults to None.

    Returns:
        The path of the SavedModel, `<root>/<name>/<version>/`.

    Raises:
        RecipeError: the folder cannot be written, or the export answers otherwise than the model.
    """
    parent = make_folder(Path(root) / name)
    path = parent / str(1 + max(versions(parent), default=0))
    endpoints = {**task.endpoints(model, splits), **(more or {})}
    record = {
        "recipe": name,
        "inputs": splits.describe()["inputs"],
        "class_names": splits.class_names and list(splits.class_names),
        "feature_names": splits.feature_names and list(splits.feature_names),
        "vocabularies": {key: list(tokens) for key, tokens in splits.vocabularies.items()},
        "data": splits.name,
    }
    with replacing(path) as temporary:
        try:
            write(model, endpoints, temporary)
        except tf.errors.OpError as error:  # TensorFlow's name for a full disk
            raise RecipeError(
                f"SavedModel {str(path)!r} could not be written: {error.message} "
                f"Nothing was kept; the run's model.keras is whole."
            ) from error
        (temporary / RECORD).parent.mkdir()
        (temporary / RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        _check_in_fresh_process(temporary, expected(endpoints))
    return path


def versions(parent):
    """Return the versions that a folder of exports holds, as ints in no order."""
    return [int(path.name) for path in Path(parent).iterdir() if path.name.isdecimal()]


def write(model, endpoints, path):
    """Write a model with its endpoints, a dict from name to `Endpoint`, as a SavedModel."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, endpoint in endpoints.items():
        archive.add_endpoint(name, endpoint.function, input_signature=list(endpoint.inputs))
    archive.write_out(str(path), verbose=False)


def expected(endpoints):
    """Return what a SavedModel must answer: arrays by "ENDPOINT/input|output/NAME"."""
    arrays = {}
    for name, endpoint in endpoints.items():
        for spec, array in zip(endpoint.inputs, endpoint.example, strict=True):
            arrays[f"{name}/input/{spec.name}"] = np.asarray(array, spec.dtype.as_numpy_dtype)
        for output, array in endpoint.answer().items():
            arrays[f"{name}/output/{output}"] = array
    return arrays


def _check_in_fresh_process(path, arrays):
    file = path.parent / "expected.npz"
    np.savez(file, **arrays)
    process = subprocess.run(
        [sys.executable, "-m", f"{__package__}.saved_model_check", str(path), str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if process.returncode:
        said = process.stderr.strip().splitlines() or ["nothing"]
        raise RecipeError(
            f"The export must answer as the Keras model does, in a fresh process. Received: "
            f"{said[-1]}. Nothing was kept; the run's model.keras is whole."
        )
