"""One image file to an array, once with PIL and once in TensorFlow, to the same grey levels."""

from __future__ import annotations

import dataclasses
import hashlib
import re

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from ..errors import RecipeError

DEFAULT_SIZE = (96, 96)
EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
_LARGEST_SIZE = 4096
_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
# What TensorFlow decodes to the same pixels as PIL.
_ALIKE = {("PNG", "L"), ("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "L"), ("JPEG", "RGB")}
_ORIENTATION = 0x0112


@dataclasses.dataclass(frozen=True)
class Header:
    """What an image file says before it is decoded.

    Attributes:
        size: (height, width) in pixels, as displayed.
        grey: bool, whether it has no colours.
        alike: bool, whether TensorFlow's decoder gives what PIL gives.
    """

    size: tuple[int, int]
    grey: bool
    alike: bool


def parse_size(text):
    """Split "path#96x128" into "path" and (height, width), None where no size follows.

    Raises:
        RecipeError: a side is not in [1, 4096].

    >>> parse_size("cats#96x128")
    ('cats', (96, 128))
    >>> parse_size("cats")
    ('cats', None)
    """
    match = re.fullmatch(r"(.*)#(\d+)(?:x(\d+))?", text)
    if match is None:
        return text, None
    size = int(match[2]), int(match[3] or match[2])
    if not all(1 <= side <= _LARGEST_SIZE for side in size):
        raise RecipeError(
            f"The size of images must lie between 1 and {_LARGEST_SIZE} pixels a side. "
            f"Received: '#{match[2]}{'x' + match[3] if match[3] else ''}'."
        )
    return match[1], size


def resized_note(size):
    """Say in a note what was done to images."""
    return f"images resized to {size[0]}x{size[1]}: aspect ratio kept, cut round the centre"


def read_header(path) -> Header:
    """Open an image file without decoding it.

    Args:
        path: the file.

    Raises:
        RecipeError: PIL cannot read it.
    """
    with _open(path) as image:
        turned = image.getexif().get(_ORIENTATION, 1) if _may_be_turned(image) else 1
        width, height = image.size
        size = (width, height) if turned in (5, 6, 7, 8) else (height, width)
        alike = (image.format, image.mode) in _ALIKE and turned == 1
        # A palette of greys is still a palette: only the mode counts.
        return Header(size, image.mode in _GREY_MODES, alike and "transparency" not in image.info)


def read_pixels(path, channels, size) -> np.ndarray:
    """Decode an image file with PIL.

    Args:
        path: the file.
        channels: 1 or 3.
        size: (height, width): other images are scaled until they cover it, and cut round the
            centre.

    Returns:
        uint8 array `(height, width, channels)`.

    Raises:
        RecipeError: PIL cannot read it.
    """
    with _open(path) as image:
        try:
            upright = ImageOps.exif_transpose(image) if _may_be_turned(image) else image
            pixels = _convert(upright, "L" if channels == 1 else "RGB")
        except Exception as error:  # PIL's decoders raise many kinds.
            raise _unreadable(path, error) from error
    height, width = size
    if pixels.size != (width, height):
        pixels = ImageOps.fit(pixels, (width, height), method=Image.Resampling.BILINEAR)
    return np.asarray(pixels).reshape(height, width, channels)


@dataclasses.dataclass(frozen=True)
class Decode:
    """From a file name to an image, inside a `tf.data` pipeline.

    Attributes:
        size: (height, width).
        channels: 1 or 3.
        alike: bool, whether TensorFlow's own decoders do; else PIL is called.
    """

    size: tuple[int, int]
    channels: int
    alike: bool

    def __call__(self, path):
        """Return the uint8 image `(height, width, channels)` of a scalar string tensor."""
        if self.alike:
            file = tf.io.read_file(path)
            # The fast cosine transform, the default, is off by some grey levels.
            image = tf.cond(
                tf.io.is_jpeg(file),
                lambda: tf.io.decode_jpeg(file, self.channels, dct_method="INTEGER_ACCURATE"),
                lambda: tf.io.decode_png(file, self.channels),
            )
            return fit(image, self.size)

        def decode(path):
            return read_pixels(path.decode(), self.channels, self.size)

        image = tf.numpy_function(decode, [path], tf.uint8, stateful=False)
        return tf.ensure_shape(image, (*self.size, self.channels))


def fit(image, size):
    """Scale an image in TensorFlow until it covers a size, and cut round the centre.

    Args:
        image: uint8 tensor `(any, any, channels)`.
        size: (height, width).

    Returns:
        uint8 tensor `(height, width, channels)`, as PIL's `ImageOps.fit` with a triangle filter.
    """
    target = tf.cast(size, tf.float32)
    source = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = tf.reduce_max(target / source)
    offset = (target - source * scale) / 2
    scaled = tf.raw_ops.ScaleAndTranslate(
        images=tf.cast(image, tf.float32)[tf.newaxis],
        size=size,
        scale=tf.stack([scale, scale]),
        translation=offset,
        kernel_type="triangle",
        antialias=True,
    )[0]
    pixels = tf.cast(tf.clip_by_value(tf.round(scaled), 0, 255), tf.uint8)
    return tf.ensure_shape(pixels, (*size, image.shape[-1]))


def _open(path):
    try:
        return Image.open(path)
    except Exception as error:  # PIL's decoders raise many kinds.
        raise _unreadable(path, error) from error


def _may_be_turned(image):
    # PIL decodes the whole of a PNG file to look for an orientation, which cameras do not write.
    return image.format != "PNG"


def _unreadable(path, error):
    return RecipeError(
        f"Image file {str(path)!r} must be a readable image. Received: {error}. "
        "Replace or remove the file."
    )


def _convert(image, mode):
    if image.mode.startswith("I"):
        # 16 bits a pixel; `convert` would clip at 255 in place of scaling.
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert(mode)


def verify(paths, size, channels, root):
    """Decode every image once, so that none fails hours later, and return a hash of the files.

    Args:
        paths: list of path, below `root`.
        size: (height, width) that they are read at.
        channels: 1 or 3.
        root: path of the folder of the set.

    Raises:
        RecipeError: a file is no image that can be read.
    """
    digest = hashlib.sha256(repr((size, channels)).encode())
    for path in paths:
        read_pixels(path, channels, size)
        digest.update(str(path.relative_to(root)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
