"""The embedded set "shapes": figures drawn on textured grounds, with the class of every pixel.

Drawn anew each time, in seconds. Every image has a generator of its own, seeded with its split and
its number, so that an image does not depend on how many there are. What a figure is, only its
outline tells: colours and textures of figures and grounds come from one and the same drawing of
lots.
"""

from __future__ import annotations

import math

import numpy as np

from ..indexed import IndexedSplit
from ..source import Source, spec

CLASS_NAMES = ("background", "disc", "square", "triangle", "star")
NUM_EXAMPLES = {"train": 2_000, "test": 500}
SIDES = {"shapes": 64, "shapes/128": 128}

# For each polygon: how many half-planes, the distance of their edges from the centre in units of
# the radius, and of how many of them a point may be outside. A star of five points is what lies
# in at least four of the half-planes of a pentagram.
_POLYGONS = {
    2: (4, math.cos(math.pi / 4), 0),
    3: (3, math.cos(math.pi / 3), 0),
    4: (5, math.cos(2 * math.pi / 5), 1),
}
# Of one radius the star is the smallest to look at, and the disc the largest.
_ENLARGED = {1: 0.85, 2: 1.0, 3: 1.15, 4: 1.25}
# How far colours lie apart in one of the three channels, and centres in units of a radius.
_CONTRAST, _APART = 70.0, 0.8
_NUM_TRIES = 30


def read(rest, name, data_dir=None, memory_limit=None) -> Source:
    """Draw the set.

    Args:
        rest: str, "shapes" or "shapes/128".
        name: str, what the user calls it.
        data_dir: not used; nothing is stored.
        memory_limit: not used; the larger set has 123 MB.

    Returns:
        `Source` with a training and a test split, images uint8 and masks int8.
    """
    side = SIDES[rest]
    splits = {split: draw(split, num, side) for split, num in NUM_EXAMPLES.items()}
    return _source(splits, side)


def draw(split, num_examples, side):
    """Draw the first examples of a split.

    Args:
        split: "train" or "test".
        num_examples: int.
        side: int, pixels.

    Returns:
        `IndexedSplit` of uint8 images `(num_examples, side, side, 3)` and int8 masks
        `(num_examples, side, side)`.
    """
    images = np.empty((num_examples, side, side, 3), np.uint8)
    masks = np.empty((num_examples, side, side), np.int8)
    for index in range(num_examples):
        rng = np.random.default_rng([list(NUM_EXAMPLES).index(split), index, side])
        images[index], masks[index] = scene(rng, side)
    return IndexedSplit(inputs=images, targets=masks)


def scene(rng, side):
    """Draw a ground and two to four figures, the later ones over the earlier ones.

    Args:
        rng: `numpy.random.Generator`.
        side: int, pixels.

    Returns:
        uint8 array `(side, side, 3)`, and int8 array `(side, side)` of classes.
    """
    colours, circles = [_colour(rng)], []
    image = texture(rng, side, colours[0])
    mask = np.zeros((side, side), np.int8)
    for _ in range(rng.integers(2, 5)):
        label = int(rng.integers(1, len(CLASS_NAMES)))
        radius = side * rng.uniform(0.13, 0.24) * _ENLARGED[label]
        centre = _place(rng, side, radius, circles)
        circles.append((centre, radius))
        distance = outside(label, centre, radius, rng.uniform(0, 2 * math.pi), side)
        # The pixel's share of the figure, so that edges are as smooth as a camera's.
        share = np.clip(0.5 - distance, 0, 1)[..., None].astype(np.float32)
        colours.append(_colour(rng, colours))
        image += share * (texture(rng, side, colours[-1]) - image)
        mask[distance < 0] = label
    image += rng.normal(scale=rng.uniform(4, 14), size=image.shape).astype(np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), mask


def outside(label, centre, radius, turn, side):
    """Return how far the middle of each pixel lies outside a figure, in pixels; inside below 0.

    Args:
        label: int, a class but the background.
        centre: row and column.
        radius: float, of the circle round the figure.
        turn: float, an angle.
        side: int, pixels of the image.
    """
    places = np.arange(side, dtype=np.float32) + np.float32(0.5)
    down, right = (places - np.float32(place) for place in centre)
    if label not in _POLYGONS:
        return np.sqrt(down[:, None] ** 2 + right**2) - np.float32(radius)
    num_edges, apothem, may_miss = _POLYGONS[label]
    edges = []
    for number in range(num_edges):
        angle = turn + 2 * math.pi * number / num_edges
        edges.append((math.sin(angle) * down)[:, None] + math.cos(angle) * right)
    edges = np.stack(edges) - np.float32(radius * apothem)
    if not may_miss:
        return edges.max(axis=0)
    return np.partition(edges, num_edges - 1 - may_miss, axis=0)[num_edges - 1 - may_miss]


def texture(rng, side, colour):
    """Return a surface of stripes, of checks or of blotches round a colour.

    Args:
        rng: `numpy.random.Generator`.
        side: int, pixels.
        colour: float array `(3,)` in [0, 255].

    Returns:
        float32 array `(side, side, 3)`.
    """
    kind = rng.integers(3)
    if kind == 2:
        pattern = _blotches(rng, side)
    else:
        pattern = _waves(rng, side)
        if kind == 1:
            pattern = np.sign(pattern * _waves(rng, side))
    contrast = rng.uniform(5, 28) * rng.uniform(0.3, 1, size=3) * rng.choice([-1, 1])
    return (colour + pattern[..., None] * contrast).astype(np.float32)


def _place(rng, side, radius, circles):
    """Return a centre that hides no other figure whole, where chance finds one."""
    for _ in range(_NUM_TRIES):
        centre = rng.uniform(0.12 * side, 0.88 * side, size=2)
        if all(np.abs(centre - c).max() > _APART * max(radius, r) for c, r in circles):
            break
    return centre


def _colour(rng, others=()):
    """Return a colour that is far from others, where chance finds one."""
    for _ in range(_NUM_TRIES):
        colour = rng.uniform(30, 225, size=3)
        if all(np.abs(colour - other).max() > _CONTRAST for other in others):
            break
    return colour


def _waves(rng, side):
    """Return straight waves in [-1, 1], of triangular profile."""
    angle, length = rng.uniform(0, math.pi), side * rng.uniform(0.08, 0.3)
    places = np.arange(side, dtype=np.float32) / np.float32(length)
    phase = (math.sin(angle) * places)[:, None] + math.cos(angle) * places + rng.uniform()
    return 4 * np.abs(phase - np.floor(phase) - 0.5) - 1


def _blotches(rng, side):
    """Return values in [-1, 1] at a few places, and straight lines between them."""
    num_places = int(rng.integers(3, 9))
    values = rng.uniform(-1, 1, size=(num_places + 1, num_places + 1)).astype(np.float32)
    places = np.linspace(0, num_places, side, endpoint=False, dtype=np.float32)
    whole = places.astype(int)
    part = places - whole
    rows = values[whole] * (1 - part)[:, None] + values[whole + 1] * part[:, None]
    return rows[:, whole] * (1 - part) + rows[:, whole + 1] * part


def _source(splits, side):
    return Source(
        **splits,
        inputs=spec((side, side, 3), "uint8"),
        class_names=CLASS_NAMES,
        licence="CC0-1.0",
        location="drawn by kerasrecipes.recipes.data.shapes",
    )
