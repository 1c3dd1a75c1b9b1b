"""A user's own images with a mask each: a pair of folders `images` and `masks`."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ...errors import RecipeError
from .. import images
from ..indexed import IndexedSplit
from ..source import Source, spec
from ..splits import IGNORED

DEFAULT_SIZE = (128, 128)
# Up to this many pixels a side, images of one size are kept as they are.
_LARGEST_KEPT = 256
# What many sets write where a pixel belongs to no class (Everingham et al. 2010, PASCAL VOC).
_VOID = 255
_MOST_CLASSES = 256
_SPLITS = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}


def read(rest, name, data_dir=None, memory_limit=math.inf) -> Source:
    """Read a pair of folders.

    `PATH/images` holds images and `PATH/masks` a PNG file of the same stem for each; or both stand
    in `PATH/train` and `PATH/test` (and `PATH/validation`). A mask holds one value a pixel: grey
    levels, or indices of a palette. `PATH/classes.txt` names the classes, one a line, in the order
    of the values; without it a class is called by its value.

    Values are classes from 0 on. 255 beside them is not counted. Where values have gaps, as 0 and
    255 alone, they stand for the classes in order.

    Args:
        rest: str, "PATH", "PATH#96" or "PATH#96x128" (height, then width).
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: int, bytes up to which decoded images are held in memory; beyond, the splits
            hold file names and a `decode`. Masks are always held, a byte a pixel.

    Returns:
        `Source`, with a test and validation split if the folder has them.

    Raises:
        RecipeError: a folder is missing, an image has no mask or a mask no image, a mask does not
            fit its image, or its values are no classes. The message names the file.
    """
    rest, size = images.parse_size(rest)
    root = Path(rest).expanduser()
    if not root.is_dir():
        raise RecipeError(f"Data set {name!r} must be a folder. Received: no folder {str(root)!r}.")
    pairs = {split: _pairs(folder) for split, folder in _split_folders(root).items()}
    paths = [path for split in pairs.values() for path, _ in split]
    size, channels, alike, notes = _decide([images.read_header(path) for path in paths], size)
    masks = {split: [_read_mask(*pair) for pair in found] for split, found in pairs.items()}
    classes = _Classes(root, name, pairs, masks)
    kept = len(paths) * math.prod(size) * channels <= memory_limit
    decode = None if kept else images.Decode(size, channels, alike)
    splits = {}
    for split, found in pairs.items():
        targets = np.stack([classes.of(_fitted(mask, size)) for mask in masks.pop(split)])
        files = [path for path, _ in found]
        inputs = _decoded(files, size, channels) if kept else np.array([str(f) for f in files])
        splits[split] = IndexedSplit(inputs=inputs, targets=targets, decode=decode)
    return Source(
        **splits,
        inputs=spec((*size, channels), "uint8"),
        class_names=classes.names,
        location=str(root),
        identity=b"" if kept else images.verify(paths, size, channels, root),
        notes=(*notes, *classes.notes),
    )


class _Classes:
    """What the values in the masks stand for.

    Attributes:
        names: tuple of str, the classes. notes: tuple of str.
    """

    def __init__(self, root, name, pairs, masks):
        first = {}  # from a value to the first file that has it
        for split, found in pairs.items():
            for (_, path), mask in zip(found, masks[split], strict=True):
                for value in np.unique(mask).tolist():
                    first.setdefault(value, path)
                if len(first) > _MOST_CLASSES:
                    raise RecipeError(
                        f"Masks of {name!r} must hold at most {_MOST_CLASSES} different values, "
                        f"one a class. Received: more, the last in {str(path)!r}. Save masks "
                        "without smoothed edges."
                    )
        file = root / "classes.txt"
        named = _lines(file) if file.is_file() else None
        self.values = class_values(sorted(first), len(named) if named else None)
        if self.values is None:
            wrong = next(v for v in sorted(first) if v >= len(named) and v != _VOID)
            raise RecipeError(
                f"Mask file {str(first[wrong])!r} must hold values in [0, {len(named)}), as "
                f"{str(file)!r} names {len(named)} classes. Received: {wrong}."
            )
        self.names = tuple(named or map(str, self.values))
        self.notes = ()
        if _VOID in first and _VOID not in self.values:
            self.notes += (f"pixels of value {_VOID} in a mask are not counted",)
        if self.values != list(range(len(self.values))):
            meaning = ", ".join(map("{} {}".format, self.values, self.names))
            self.notes += (f"values in the masks and their classes: {meaning}",)

    def of(self, mask):
        """Return the classes of a mask of values, as int8, or int16 where there are many."""
        dtype = np.int8 if len(self.values) <= np.iinfo(np.int8).max else np.int16
        values = np.array(self.values)
        labels = np.searchsorted(values, mask).clip(max=len(values) - 1)
        return np.where(values[labels] == mask, labels, IGNORED).astype(dtype)


def class_values(values, num_named=None):
    """Return the values that stand for the classes in order; 255 may be left out.

    Args:
        values: sorted list of int, all that the masks hold.
        num_named: int, how many classes have a name, or None where none has.

    Returns:
        A list with a value for each class, or None where the values do not fit the names.

    >>> class_values([0, 1, 2, 255])  # without names, one class after the other, and no class
    [0, 1, 2]
    >>> class_values([0, 255])  # black and white
    [0, 255]
    >>> class_values([0, 2], num_named=4)  # some classes are in no mask
    [0, 1, 2, 3]
    """
    others = [value for value in values if value != _VOID]
    if num_named is None:
        return others if len(others) > 1 and others == list(range(len(others))) else values
    if values[-1] < num_named:
        return list(range(num_named))
    if len(values) == num_named:
        return values
    return list(range(num_named)) if others and others[-1] < num_named else None


def _split_folders(root):
    """Return the folder of each split, or the root as the only one."""
    if not (root / "train" / "images").is_dir():
        return {"train": root}
    return {
        split: root / choice
        for split, choices in _SPLITS.items()
        for choice in choices
        if (root / choice).is_dir()
    }


def _pairs(folder):
    """Return the images of a folder with their masks, sorted by name."""
    for part in ("images", "masks"):
        if not (folder / part).is_dir():
            raise RecipeError(
                f"Folder {str(folder)!r} must hold the folders 'images' and 'masks'. "
                f"Received: none named {part!r}."
            )
    found = sorted(
        path
        for path in (folder / "images").iterdir()
        if path.suffix.lower() in images.EXTENSIONS and not path.name.startswith(".")
    )
    if not found:
        raise RecipeError(
            f"Folder {str(folder / 'images')!r} must hold images ({', '.join(images.EXTENSIONS)}). "
            "Received: none."
        )
    masks = {path.stem: path for path in sorted((folder / "masks").glob("[!.]*.png"))}
    for path in found:
        if path.stem not in masks:
            raise RecipeError(
                f"Image file {str(path)!r} must have a mask, {path.stem + '.png'!r} in the folder "
                "'masks'. Received: none."
            )
    if alone := sorted(set(masks) - {path.stem for path in found}):
        raise RecipeError(
            f"Mask file {str(masks[alone[0]])!r} must have an image of the same name in the folder "
            "'images'. Received: none."
        )
    return [(path, masks[path.stem]) for path in found]


def _read_mask(path, mask_path):
    """Return the values of a mask, an integer array `(height, width)`, as large as its image."""
    try:
        with Image.open(mask_path) as image:
            values = np.asarray(image)
    except Exception as error:  # PIL's decoders raise many kinds.
        raise RecipeError(
            f"Mask file {str(mask_path)!r} must be a readable image. Received: {error}."
        ) from error
    if values.ndim == 3:
        if (values[..., :3] != values[..., :1]).any():
            raise RecipeError(
                f"Mask file {str(mask_path)!r} must hold one value a pixel: a grey level or an "
                "index of a palette. Received: colours. Save it as a palette image."
            )
        values = values[..., 0]
    height, width = images.read_header(path).size
    if values.shape != (height, width):
        raise RecipeError(
            f"Mask file {str(mask_path)!r} must be as large as its image {str(path)!r}, "
            f"{height}x{width} pixels (height x width). Received: "
            f"{values.shape[0]}x{values.shape[1]}."
        )
    if values.dtype == bool:
        values = values.astype(np.uint8)
    return values


def _fitted(mask, size):
    """Return a mask scaled and cut like its image by `images.read_pixels`, without blending."""
    if mask.shape == size:
        return mask
    # 32 bits hold every value that a mask may have.
    image = Image.fromarray(mask.astype(np.int32))
    return np.asarray(ImageOps.fit(image, size[::-1], method=Image.Resampling.NEAREST))


def _decide(headers, size):
    """Return size, channels, whether TensorFlow decodes alike, and notes."""
    sizes = {header.size for header in headers}
    if size is None:
        (kept, *others) = sizes
        size = kept if not others and max(kept) <= _LARGEST_KEPT else DEFAULT_SIZE
    channels = 1 if all(header.grey for header in headers) else 3
    notes = () if sizes == {size} else (images.resized_note(size),)
    return size, channels, all(header.alike for header in headers), notes


def _decoded(paths, size, channels):
    return np.stack([images.read_pixels(path, channels, size) for path in paths])


def _lines(file):
    try:
        lines = file.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"File {str(file)!r} must be text in UTF-8, one class a line. Received: {error}."
        ) from error
    return [line.strip() for line in lines if line.strip()]
