"""Sets that TensorFlow Datasets prepares: ours, its own, and any that a user registered."""

from __future__ import annotations

import tensorflow_datasets as tfds

from .. import images
from ..names import licence_of
from ..source import Source, spec
from . import builders, examples, translation


def read(rest, name, data_dir, memory_limit) -> Source:
    """Prepare and read a data set.

    Args:
        rest: str, what tfds calls it, with `#size` where images are to be resized.
        name: str, what the user calls it.
        data_dir: folder of the prepared sets, or None for that of tfds.
        memory_limit: int, bytes of decoded examples up to which they are held in memory.

    Returns:
        `Source`; streamed splits are all there, of arrays test and validation may be missing.

    Raises:
        RecipeError: as `builders.find` and `builders.prepare`, or the set holds no pairs of an
            image, features or a text and a target.
    """
    rest, size = images.parse_size(rest)
    found = builders.find(rest, name, data_dir)
    builders.prepare(found, name)
    if isinstance(found.info.features, tfds.features.Translation):
        return translation.source(found, name)
    return source_of(
        found,
        name,
        size,
        memory_limit,
        licence=licence_of(name),
        location=found.info.homepage or f"TensorFlow Datasets, {found.info.full_name}",
    )


def source_of(found, name, size, memory_limit, *, location, licence="", folder=None, notes=()):
    """Read a set that is prepared.

    Args:
        found: a prepared `tfds.core.DatasetBuilder`.
        name: str, what the user calls the set.
        size: (height, width) to resize images to, or None.
        memory_limit: int, bytes of decoded examples up to which they are held in memory.
        location: str, where the set comes from.
        licence: str, "" for the one that the set states. Defaults to "".
        folder: str, where the files lie, if not where the builder has them. Defaults to None.
        notes: tuple of str, what else there is to note. Defaults to nothing.

    Raises:
        RecipeError: the set holds no pairs of an image or features and a target.
    """
    pairs = examples.describe(found, name, size)
    splits, carved, identity = examples.splits(found, pairs, name, memory_limit, folder)
    return Source(
        **splits,
        inputs=spec(pairs.input_shape, pairs.input_dtype),
        class_names=pairs.class_names,
        feature_names=pairs.feature_names,
        licence=licence or found.info.redistribution_info.license or "",
        location=location,
        identity=identity,
        notes=(*notes, *pairs.notes, *carved),
    )
