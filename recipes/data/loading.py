"""From a name to splits: read the source, carve what is missing, check, and fingerprint."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from ..errors import RecipeError
from .names import names, resolve
from .splits import Splits

MEMORY_LIMIT = 2 * 2**30

# The module that reads each kind of source, or one data set that is a kind of its own; each has
# `read(rest, name, data_dir, memory_limit)`.
READERS = {
    "dates": "dates",
    "pydoc_text": "text",
    "text": "text",
    "pairs": "pairs",
    "embedded": "catalogued",
    "tfds": "catalogued",
    "prepared": "prepared",
    "folder": "folder",
    "masks": "masks",
    "shapes": "shapes",
    "shapes/128": "shapes",
    "oxford_iiit_pet": "segmented",
    "csv": "table",
    "npz": "archive",
    "graph": "graph",
    "gym": "environment",
    "karate_club": "graph",
}


def load(name: str, *, data_dir=None, memory_limit: int = MEMORY_LIMIT) -> Splits:
    """Load a data set, the first time preparing or downloading it.

    Args:
        name: str: an embedded set ("digits", "glyphs", ...), a public one ("mnist", ...,
            "tfds:NAME"), or your own files ("folder:PATH", "csv:PATH#TARGET", "npz:PATH", or the
            path of a folder of TFRecord files, "/PATH" or "gs://PATH").
        data_dir: folder of the prepared sets. Defaults to that of TensorFlow Datasets.
        memory_limit: int, bytes of decoded examples up to which images and public sets are held
            as arrays; tables and npz files always are. Defaults to 2 GiB.

    Returns:
        `Splits`, checked.

    Raises:
        RecipeError: there is no such data set, it cannot be reached or read, or its content
            would spoil a training run. The message is one sentence and what to do.
    """
    kind, rest = resolve(name)
    # Imported as late as this, so that a misspelt name is answered without TensorFlow.
    reader = importlib.import_module(f".readers.{READERS.get(name, READERS[kind])}", __package__)
    source = reader.read(rest, name, data_dir, memory_limit)
    if source.train.divisible:
        from .carve import fill

        source = fill(source)
    from .check import check
    from .fingerprint import fingerprint

    parts = {"train": source.train, "validation": source.validation, "test": source.test}
    splits = Splits(
        name=name,
        inputs=source.inputs,
        class_names=source.class_names,
        feature_names=source.feature_names,
        vocabularies=source.vocabularies,
        licence=source.licence,
        source=source.location,
        fingerprint=fingerprint(
            parts, source.class_names, source.identity + _texts(source.vocabularies)
        ),
        notes=source.notes,
        **parts,
    )
    check(splits)
    return splits


def expect_available(name: str, *, data_dir=None) -> None:
    """Check in a second, and without TensorFlow, that a data set is here or can be reached.

    Args:
        name: str, as `load` takes it.
        data_dir: folder of the prepared sets. Defaults to that of TensorFlow Datasets.

    Raises:
        RecipeError: there is no such set, or its host cannot be reached.
    """
    kind, rest = resolve(name)
    if kind == "tfds":
        from .readers import builders

        found = builders.find(rest.partition("#")[0], name, data_dir)
        builders.expect_reachable(found, name)
    if kind == "prepared":
        from .reach import expect_cloud

        expect_cloud(name)


def fetch(name: str, *, data_dir=None) -> Path:
    """Download or prepare a data set without loading it.

    Args:
        name: str, an embedded or public set.
        data_dir: folder of the prepared sets. Defaults to that of TensorFlow Datasets.

    Returns:
        The folder that the set lies in.

    Raises:
        RecipeError: as `load`, and where the name stands for your own files.
    """
    kind, rest = resolve(name)
    if kind != "tfds" and READERS.get(name, READERS[kind]) != "catalogued":
        raise RecipeError(
            f"Data set {name!r} is made from what is here: there is nothing to fetch."
        )
    from .readers import builders

    builder = builders.find(rest.partition("#")[0], name, data_dir)
    builders.prepare(builder, name)
    return Path(builder.data_dir)


def info(name: str, *, data_dir=None) -> dict[str, Any]:
    """Load a data set and return what there is to say about it, as JSON values."""
    splits = load(name, data_dir=data_dir)
    row = next((row for row in names() if row.name == name), None)
    return {
        **splits.describe(),
        "description": row.description if row else "",
        "feature_names": None if splits.feature_names is None else list(splits.feature_names),
    }


def _texts(vocabularies):
    """Return what stands for vocabularies in a fingerprint; nothing where there are none."""
    return repr(sorted(vocabularies.items())).encode() if vocabularies else b""
