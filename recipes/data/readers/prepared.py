"""Sets that lie as TFRecord files, in the format of TensorFlow Datasets, in a folder.

Everything is read by the file systems of TensorFlow, so that a folder may be in a cloud: what
describes the set is copied to a temporary folder, and its records are read where they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds

from ...errors import RecipeError, near_names
from .. import images, reach
from ..source import Source
from . import catalogued, records

_INFO = "dataset_info.json"
_DESCRIBING = (".json", ".txt", "LICENSE")
_MOST_NAMED = 8


def read(rest, name, data_dir, memory_limit) -> Source:
    """Read the set of a folder.

    Args:
        rest: str, the folder, or one with versions of the set; with `#size` where images are to be
            resized.
        name: str, what the user calls it.
        data_dir: not used: the name says where the set lies.
        memory_limit: int, bytes of decoded examples up to which they are held in memory.

    Returns:
        `Source`; of arrays test and validation may be missing.

    Raises:
        RecipeError: there is no such set, it cannot be read, its files are not all there, or it
            holds no pairs of an image or features and a target.
    """
    path, size = images.parse_size(rest)
    reach.expect_cloud(path)
    with _told_plainly(name), tempfile.TemporaryDirectory(prefix="kerasrecipes-") as copy:
        folder = _folder_of_set(_whole(path), name)
        there = set(tf.io.gfile.listdir(folder))
        for file in there:
            if file.endswith(_DESCRIBING):
                tf.io.gfile.copy(f"{folder}/{file}", f"{copy}/{file}")
        found = _described(copy, name)
        _check_files(found, there, name)
        more = Path(copy) / "metadata.json"
        stored = json.loads(more.read_text("utf-8")) if more.is_file() else {}
        return catalogued.source_of(
            found,
            name,
            size,
            memory_limit,
            location=stored.get("source") or path,
            folder=folder,
            notes=tuple(stored.get("notes", ())),
        )


def _whole(path):
    """Return a path that is the same for a process that stands in another folder."""
    if "://" in path:
        return path.rstrip("/")
    return os.path.abspath(os.path.expanduser(path))


def _folder_of_set(folder, name):
    """Return a folder that holds a set: this one, or its newest version."""
    exists = tf.io.gfile.exists
    if exists(f"{folder}/{_INFO}"):
        return folder
    parent, _, last = folder.rpartition("/")
    if not exists(folder):
        near = near_names(last, _listed(parent)) if parent and exists(parent) else ""
        raise RecipeError(
            f"Data set {name!r} must be a folder of TFRecord files. Received: a path that is not "
            f"there.{near} Write one with `kerasrecipes data write`."
        )
    versions = _versions(folder)
    if versions:
        newest = max(versions, key=lambda version: [int(n) for n in version.split(".")])
        return f"{folder}/{newest}"
    # A folder of tfds has a folder for each set, and in it one for each version.
    sets = [
        child
        for child in _listed(folder)
        if exists(f"{folder}/{child}/{_INFO}") or _versions(f"{folder}/{child}")
    ]
    held = f"one with the sets {', '.join(sorted(sets)[:_MOST_NAMED])}" if sets else "one without"
    remedy = "Name one of them" if sets else "Write a set with `kerasrecipes data write`"
    raise RecipeError(
        f"Data set {name!r} must be a folder with the file {_INFO!r}, or with versions of a set. "
        f"Received: {held}. {remedy}."
    )


def _versions(folder):
    found = [child for child in _listed(folder) if re.fullmatch(r"\d+\.\d+\.\d+", child)]
    return [child for child in found if tf.io.gfile.exists(f"{folder}/{child}/{_INFO}")]


def _listed(folder):
    if not tf.io.gfile.isdir(folder):
        return []
    return [child.rstrip("/") for child in tf.io.gfile.listdir(folder)]


def _check_files(found, there, name):
    """Say now, and not at some step, that a file is not there."""
    if not records.has_records(found):
        kind = found.info.file_format.value if found.info.splits else "no examples"
        raise RecipeError(
            f"Data set {name!r} must hold TFRecord files. Received: {kind}. Write it again with "
            f"`kerasrecipes data write`."
        )
    expected = [
        part.path.rpartition("/")[2]
        for split in found.info.splits
        for part in records.files(found, split)
    ]
    missing = sorted(set(expected) - there)
    if missing:
        raise RecipeError(
            f"Data set {name!r} must have all of its {len(expected)} files. Received: a folder "
            f"without {missing[0]!r}{' and others' if missing[1:] else ''}. Copy it again."
        )


def _described(folder, name):
    try:
        return tfds.builder_from_directory(folder)
    except Exception as error:  # as many kinds as there are parsers in it
        raise _unreadable(name, error) from error


@contextlib.contextmanager
def _told_plainly(name):
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name, error):
    # TensorFlow begins with the node of its graph.
    reason = re.sub(r"\{\{.*?\}\} *", "", getattr(error, "message", None) or str(error)).strip()
    return RecipeError(
        f"Data set {name!r} could not be read: {type(error).__name__}, "
        f"{(reason.splitlines() or ['no reason given'])[0][:200]}. See to that, or write the set "
        f"again with `kerasrecipes data write`."
    )
