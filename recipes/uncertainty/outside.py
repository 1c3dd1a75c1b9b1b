"""Data that a classifier has not learnt: unseen classes of glyphs, and noise."""

import string

import keras
import numpy as np

from ..data.embedded import fonts
from ..data.embedded.glyphs import IMAGE_SIZE, distort
from ..errors import check_at_least


def unseen_glyphs(class_names, num_examples=500, *, seed=0):
    """Return glyphs of classes that are not among those learnt, straight from their fonts.

    They are drawn as those of the data set `glyphs`, in its test fonts: letters for a classifier of
    digits, and digits for one of letters. Some letters look like digits (O and 0, I and 1): telling
    all of them apart is not possible.

    Args:
        class_names: tuple of str, the classes learnt.
        num_examples: int >= 1. Defaults to 500.
        seed: int >= 0. Defaults to 0.

    Returns:
        uint8 array `(num_examples, 28, 28, 1)`; None where the classes are neither digits nor
        letters.

    Raises:
        RecipeError: `num_examples` is below 1.
    """
    check_at_least("uncertainty.unseen_glyphs", 1, num_examples=num_examples)
    if set(class_names) <= set(string.digits):
        characters = string.ascii_uppercase
    elif set(class_names) <= set(string.ascii_uppercase):
        characters = string.digits
    else:
        return None
    templates = fonts.templates(fonts.TEST_FONTS, characters)
    images = []
    for index in range(num_examples):
        generator = np.random.default_rng([seed, index])
        drawn = templates[index % len(characters)]
        images.append(distort(drawn[generator.integers(len(drawn))], generator))
    return np.stack(images)


def noise(split, num_examples=500, *, seed=0):
    """Return examples of uniform noise, in the range and the dtype of a split.

    Args:
        split: `Split` whose first 256 examples say the range: of all values for images, of each
            feature for tables.
        num_examples: int >= 1. Defaults to 500.
        seed: int >= 0. Defaults to 0.

    Returns:
        Array `(num_examples, ...)`, or a dict of them.

    Raises:
        RecipeError: `num_examples` is below 1.
    """
    check_at_least("uncertainty.noise", 1, num_examples=num_examples)
    inputs, _ = split.examples(range(min(256, split.num_examples)))
    generator = np.random.default_rng(seed)

    def drawn(array):
        axes = None if array.ndim == 4 else 0
        low, high = array.min(axis=axes), array.max(axis=axes)
        shape = (num_examples, *array.shape[1:])
        if array.dtype.kind in "iu":
            return generator.integers(low, high, shape, endpoint=True, dtype=array.dtype)
        return generator.uniform(low, high, shape).astype(array.dtype)

    return keras.tree.map_structure(drawn, inputs)


def outside_of(splits, num_examples=500, *, seed=0):
    """Return what there is to try a classifier of some splits on, a dict from name to inputs."""
    found = {"noise": noise(splits.validation, num_examples, seed=seed)}
    if splits.input_shape == (IMAGE_SIZE, IMAGE_SIZE, 1):
        glyphs = unseen_glyphs(splits.class_names, num_examples, seed=seed)
        if glyphs is not None:
            found["unseen"] = glyphs
    return found
