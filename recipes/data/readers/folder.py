"""A user's own images: one sub-folder a class."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ...errors import RecipeError
from .. import images
from ..indexed import IndexedSplit
from ..source import Source, spec

# Up to this many pixels a side, images of one size are kept as they are.
_LARGEST_KEPT = 256
_SPLITS = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}


def read(rest, name, data_dir, memory_limit) -> Source:
    """Read a folder of images.

    Args:
        rest: str, "PATH", "PATH#96" or "PATH#96x128" (height, then width).
        name: str, what the user calls it.
        data_dir: not asked for here; every reader is called alike.
        memory_limit: int, bytes up to which decoded images are held in memory; beyond, the splits
            hold file names and a `decode`.

    Returns:
        `Source`, with a test and validation split if the folder has `train` and `test` (and
        `validation` or `val`) in which the class folders lie.

    Raises:
        RecipeError: no such folder, no images, an unreadable one, or classes that differ
            between the splits.
    """
    root, size = images.parse_size(rest)
    root = Path(root).expanduser()
    if not root.is_dir():
        raise RecipeError(f"Data set {name!r} must be a folder. Received: no folder {str(root)!r}.")
    folders = _split_folders(root)
    class_names = _class_names(folders["train"], name)
    listed = {s: _list(folder, class_names, s, name) for s, folder in folders.items()}
    paths = [path for files, _ in listed.values() for path in files]
    size, channels, alike, notes = _decide([images.read_header(p) for p in paths], size)
    if len(paths) * math.prod(size) * channels <= memory_limit:
        splits = {s: _decoded(*found, size, channels) for s, found in listed.items()}
        identity = b""
    else:
        decode = images.Decode(size, channels, alike)
        splits = {s: _undecoded(*found, decode) for s, found in listed.items()}
        identity = images.verify(paths, size, channels, root)
    return Source(
        **splits,
        inputs=spec((*size, channels), "uint8"),
        class_names=class_names,
        location=str(root),
        identity=identity,
        notes=notes,
    )


def _split_folders(root):
    """Return the folder of each split, or the root as the only one."""
    train = root / "train"
    # A class may be called "train": then it holds images, not folders.
    if not train.is_dir() or not _sub_folders(train) or not (root / "test").is_dir():
        return {"train": root}
    return {
        split: root / choice
        for split, choices in _SPLITS.items()
        for choice in choices
        if (root / choice).is_dir()
    }


def _class_names(folder, name):
    class_names = tuple(path.name for path in _sub_folders(folder))
    if not class_names:
        raise RecipeError(
            f"Data set {name!r} must hold one sub-folder of images for each class. "
            f"Received: no sub-folders in {str(folder)!r}."
        )
    if len(class_names) < 2:
        raise RecipeError(
            f"Data set {name!r} must hold at least 2 class folders. "
            f"Received: only {class_names[0]!r}. Add a folder for another class."
        )
    return class_names


def _list(folder, class_names, split, name):
    """Return the image files of a split, sorted, and their labels."""
    found = [path.name for path in _sub_folders(folder)]
    if unknown := sorted(set(found) - set(class_names)):
        raise RecipeError(
            f"Classes of the {split} split of {name!r} must be among those of train, "
            f"{', '.join(class_names)}. Received: {unknown[0]!r}. Rename or remove the folder."
        )
    paths, labels = [], []
    for label, class_name in enumerate(class_names):
        files = sorted(
            path
            for path in (folder / class_name).rglob("*")
            if path.suffix.lower() in images.EXTENSIONS and not path.name.startswith(".")
        )
        if not files and split == "train":
            raise RecipeError(
                f"Class folder {str(folder / class_name)!r} must hold images "
                f"({', '.join(images.EXTENSIONS)}). Received: none."
            )
        paths += files
        labels += [label] * len(files)
    return paths, np.array(labels, np.int64)


def _decide(headers, size):
    """Return size, channels, whether TensorFlow decodes alike, and notes."""
    channels = 1 if all(header.grey for header in headers) else 3
    alike = all(header.alike for header in headers)
    sizes = {header.size for header in headers}
    if size is None and len(sizes) == 1 and max(max(sizes)) <= _LARGEST_KEPT:
        size = next(iter(sizes))
    size = size or images.DEFAULT_SIZE
    notes = () if sizes == {size} else (images.resized_note(size),)
    return size, channels, alike, notes


def _decoded(paths, labels, size, channels):
    pixels = np.empty((len(paths), *size, channels), np.uint8)
    for index, path in enumerate(paths):
        pixels[index] = images.read_pixels(path, channels, size)
    return IndexedSplit(inputs=pixels, targets=labels)


def _undecoded(paths, labels, decode):
    return IndexedSplit(inputs=np.array([str(p) for p in paths]), targets=labels, decode=decode)


def _sub_folders(folder):
    folders = (path for path in folder.iterdir() if path.is_dir())
    return sorted((f for f in folders if not f.name.startswith(".")), key=lambda f: f.name)
