"""From a name to splits: read the source, carve what is missing, check, and fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import RecipeError
from .names import names, resolve
from .splits import Splits, StreamedSplit

MEMORY_LIMIT = 2 * 2**30


def load(name: str, *, data_dir=None, memory_limit: int = MEMORY_LIMIT) -> Splits:
    """Load a data set, the first time preparing or downloading it.

    Args:
        name: str: an embedded set ("digits", "glyphs", ...), a public one ("mnist", ...,
            "tfds:NAME"), or your own files ("folder:PATH", "csv:PATH#TARGET", "npz:PATH").
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
    source = _read(kind, rest, name, data_dir, memory_limit)
    if not isinstance(source.train, StreamedSplit):
        from .carve import fill

        source = fill(source)
    from .check import check
    from .fingerprint import fingerprint

    parts = {"train": source.train, "validation": source.validation, "test": source.test}
    splits = Splits(
        name=name,
        input_name="image" if len(source.input_shape) == 3 else "features",
        input_shape=source.input_shape,
        input_dtype=source.input_dtype,
        class_names=source.class_names,
        feature_names=source.feature_names,
        licence=source.licence,
        source=source.location,
        fingerprint=fingerprint(parts, source.class_names, source.identity),
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
        from . import builders

        found = builders.find(rest.partition("#")[0], name, data_dir)
        builders.expect_reachable(found, name)


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
    if kind not in ("embedded", "tfds"):
        raise RecipeError(f"Data set {name!r} is your own: there is nothing to fetch.")
    from . import builders

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
        "input_name": splits.input_name,
        "feature_names": None if splits.feature_names is None else list(splits.feature_names),
    }


def _read(kind, rest, name, data_dir, memory_limit):
    # Imported as late as this, so that a misspelt name is answered without TensorFlow.
    if kind == "csv":
        from .table import read

        return read(rest, name)
    if kind == "npz":
        from .archive import read

        return read(rest, name)
    if kind == "folder":
        from .folder import read

        return read(rest, name, memory_limit)
    from .catalogued import read

    return read(rest, name, data_dir, memory_limit)
