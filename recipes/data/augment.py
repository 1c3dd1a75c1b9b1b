"""Augmentation: pure functions of a batch and a seed.

Each function here returns a value to call with `(inputs, targets, seed)`, which gives `(inputs,
targets)`. The same seed gives the same pictures, so that a run that is resumed sees what it would
have seen. Nothing here has a state.

    augment=(flip(), crop(padding=4))

`inputs` is a tensor `(batch, height, width, channels)` of any real dtype, which stays as it is;
`seed` is an integer tensor of shape `(2,)`. Each image is changed on its own. Targets that are
masks, integers `(batch, height, width)`, are moved along with their image; where nothing was, they
are -1, which no loss counts. All other targets stay.
"""

import dataclasses
import math

import tensorflow as tf

from ..errors import RecipeError
from .splits import IGNORED


def flip():
    """Mirror half of the images left to right."""
    return Flip()


def crop(*, padding=4):
    """Pad with zeros on every side, and cut the old size out at a random place.

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385, section 4.2.

    Args:
        padding: int >= 1, pixels a side. Defaults to 4.
    """
    if not isinstance(padding, int) or padding < 1:
        raise RecipeError(
            f"`padding` of augment.crop must be a whole number of at least 1. Received: {padding=}."
        )
    return Crop(padding)


def affine(*, rotation=0.0, zoom=0.0, shift=0.0):
    """Rotate about the centre, enlarge or shrink, and shift, with zeros where nothing was.

    Args:
        rotation: float in [0, 180], degrees: the angle is drawn from [-rotation, rotation].
        zoom: float in [0, 1): the scale is drawn from [1 - zoom, 1 + zoom]; above 1 enlarges.
        shift: float in [0, 1], a part of the side, drawn from [-shift, shift] for each axis.
    """
    if not 0 <= rotation <= 180:
        raise RecipeError(
            "`rotation` of augment.affine must be between 0 and 180 degrees. "
            f"Received: {rotation=}."
        )
    if not 0 <= zoom < 1:
        raise RecipeError(
            f"`zoom` of augment.affine must be at least 0 and below 1. Received: {zoom=}."
        )
    if not 0 <= shift <= 1:
        raise RecipeError(f"`shift` of augment.affine must be between 0 and 1. Received: {shift=}.")
    return Affine(rotation, zoom, shift)


def noise(deviation):
    """Add normal noise to every value; integers are rounded and stay within their dtype.

    Takes inputs of any rank.

    Args:
        deviation: float > 0, in the units of the inputs: 0 to 255 for images of bytes.
    """
    if not deviation > 0:
        raise RecipeError(f"`deviation` of augment.noise must be above 0. Received: {deviation=}.")
    return Noise(deviation)


@dataclasses.dataclass(frozen=True)
class Flip:
    """See `flip`."""

    def __call__(self, inputs, targets, seed):
        """Return the batch, about half of it mirrored."""
        mirrored = _uniform(inputs, seed, "flip", 1) < 0.5  # (batch, 1)
        if _are_masks(targets):
            targets = tf.where(mirrored[:, :, None], targets[:, :, ::-1], targets)
        return tf.where(mirrored[:, :, None, None], inputs[:, :, ::-1, :], inputs), targets


@dataclasses.dataclass(frozen=True)
class Crop:
    """See `crop`."""

    padding: int

    def __call__(self, inputs, targets, seed):
        """Return the batch, each image moved by up to `padding` pixels each way."""
        offsets = tf.cast(
            _uniform(inputs, seed, "crop", 2) * (2 * self.padding + 1), tf.int32
        )  # (batch, 2), from 0 to 2 * padding
        if _are_masks(targets):
            targets = self._cut(targets[..., None], offsets, IGNORED)[..., 0]
        return self._cut(inputs, offsets, 0), targets

    def _cut(self, images, offsets, fill):
        margin = [self.padding, self.padding]
        padded = tf.pad(images, [[0, 0], margin, margin, [0, 0]], constant_values=fill)
        shape = tf.shape(images)
        rows = offsets[:, :1] + tf.range(shape[1])  # (batch, height)
        columns = offsets[:, 1:] + tf.range(shape[2])  # (batch, width)
        cut = tf.gather(
            tf.gather(padded, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1
        )
        return tf.ensure_shape(cut, images.shape)


@dataclasses.dataclass(frozen=True)
class Affine:
    """See `affine`."""

    rotation: float
    zoom: float
    shift: float

    def __call__(self, inputs, targets, seed):
        """Return the batch, each image under a map of its own, by bilinear interpolation.

        A mask is taken from the nearest pixel, since classes have nothing between them.
        """
        drawn = 2 * _uniform(inputs, seed, "affine", 4) - 1  # (batch, 4) in [-1, 1)
        angle = drawn[:, 0] * math.radians(self.rotation)
        scale = 1 + drawn[:, 1] * self.zoom
        height, width = tf.unstack(tf.cast(tf.shape(inputs)[1:3], tf.float32))
        right, down = drawn[:, 2] * self.shift * width, drawn[:, 3] * self.shift * height
        # The kernel wants the map from a pixel of the result back to one of the source, which is
        # the inverse: take the centre and the shift off, turn back, shrink, and put the centre on.
        cosine, sine = tf.cos(angle) / scale, tf.sin(angle) / scale
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        x, y = middle_x + right, middle_y + down
        zero = tf.zeros_like(angle)
        rows = [
            [cosine, sine, middle_x - cosine * x - sine * y],
            [-sine, cosine, middle_y + sine * x - cosine * y],
            [zero, zero],
        ]
        transforms = tf.stack([value for row in rows for value in row], axis=1)
        if _are_masks(targets):
            moved = _transformed(targets[..., None], transforms, "NEAREST", IGNORED)
            targets = moved[..., 0]
        return _transformed(inputs, transforms, "BILINEAR", 0), targets


@dataclasses.dataclass(frozen=True)
class Noise:
    """See `noise`."""

    deviation: float

    def __call__(self, inputs, targets, seed):
        """Return the batch with noise on it."""
        added = tf.random.stateless_normal(
            tf.shape(inputs), fold(seed, "noise"), stddev=self.deviation
        )
        return cast_back(tf.cast(inputs, tf.float32) + added, inputs.dtype), targets


# What is folded into the seed, so that two functions given the same one draw apart.
FOLDS = {"flip": 1, "crop": 2, "affine": 3, "noise": 4, "mixup": 5}


def fold(seed, function):
    """Return the seed of a function, apart from that of any other that is given the same one."""
    return tf.random.experimental.stateless_fold_in(seed, FOLDS[function])


def _uniform(inputs, seed, function, count):
    return tf.random.stateless_uniform((tf.shape(inputs)[0], count), fold(seed, function))


def _are_masks(targets):
    return targets.shape.rank == 3 and targets.dtype.is_integer


def _transformed(images, transforms, interpolation, fill):
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=float(fill),
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )
    return tf.ensure_shape(cast_back(moved, images.dtype), images.shape)


def cast_back(values, dtype):
    """Return values as a dtype; whole numbers are rounded and stay within it."""
    if dtype.is_integer:
        values = tf.clip_by_value(tf.round(values), float(dtype.min), float(dtype.max))
    return tf.cast(values, dtype)
