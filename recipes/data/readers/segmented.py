"""Public sets of TensorFlow Datasets whose examples are an image and a mask."""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from .. import images
from ..names import licence_of
from ..source import Source, spec
from ..splits import IGNORED
from . import builders, examples

DEFAULT_SIZE = (128, 128)


@dataclasses.dataclass(frozen=True)
class Masked:
    """How a set stores its masks.

    Attributes:
        image: str, the feature that is the image.
        mask: str, the feature that is the mask.
        first: int, the value of the first class; the others follow.
        class_names: tuple of str.
    """

    image: str
    mask: str
    first: int
    class_names: tuple[str, ...]


SETS = {
    # Parkhi et al. 2012. The third class is a line round the animal of which nobody said whether
    # it is fur or not.
    "oxford_iiit_pet": Masked("image", "segmentation_mask", 1, ("pet", "background", "outline")),
}


def read(rest, name, data_dir, memory_limit) -> Source:
    """Prepare and read a set.

    Args:
        rest: str, a key of `SETS`, with `#size` where images are not to be 128x128.
        name: str, what the user calls it.
        data_dir: folder of the prepared sets, or None for that of tfds.
        memory_limit: int, bytes of decoded images up to which they are held in memory.

    Returns:
        `Source` of uint8 images and int8 masks; values that are no class are -1.

    Raises:
        RecipeError: as `builders.find` and `builders.prepare`.
    """
    rest, size = images.parse_size(rest)
    size = size or DEFAULT_SIZE
    masked = SETS[rest]
    found = builders.find(rest, name, data_dir)
    builders.prepare(found, name)

    def convert(example):
        values = tf.cast(nearest(example[masked.mask], size)[..., 0], tf.int32) - masked.first
        is_class = (values >= 0) & (values < len(masked.class_names))
        mask = tf.cast(tf.where(is_class, values, IGNORED), tf.int8)
        return images.fit(example[masked.image], size), mask

    pairs = examples.Pairs(
        input_shape=(*size, 3),
        input_dtype="uint8",
        class_names=masked.class_names,
        feature_names=None,
        convert=convert,
        supervised=False,
        notes=(images.resized_note(size),),
    )
    splits, notes, identity = examples.splits(found, pairs, name, memory_limit)
    return Source(
        **splits,
        inputs=spec(pairs.input_shape, pairs.input_dtype),
        class_names=pairs.class_names,
        licence=licence_of(name),
        location=found.info.homepage or f"TensorFlow Datasets, {found.info.full_name}",
        identity=identity,
        notes=(*pairs.notes, *notes),
    )


def nearest(mask, size):
    """Scale a mask in TensorFlow as `images.fit` does with its image, without blending classes.

    Args:
        mask: tensor `(any, any, channels)`.
        size: (height, width).

    Returns:
        A tensor `(height, width, channels)` of values of the mask.
    """
    target = tf.cast(size, tf.float32)
    source = tf.cast(tf.shape(mask)[:2], tf.float32)
    scale = tf.reduce_max(target / source)
    offset = (target - source * scale) / 2
    for axis in (0, 1):
        # The middle of each new pixel, where it was in the mask.
        places = (tf.range(size[axis], dtype=tf.float32) + 0.5 - offset[axis]) / scale
        last = tf.shape(mask)[axis] - 1
        mask = tf.gather(mask, tf.clip_by_value(tf.cast(places, tf.int32), 0, last), axis=axis)
    return tf.ensure_shape(mask, (*size, mask.shape[-1]))
