"""What of a network's size a search may vary: how wide its layers are, and how many."""

from ...recipes.ranges import OneOf
from .arguments import arguments_of

# What architectures call the size of a layer, and the number of layers.
WIDTHS = ("width", "units", "hidden", "filters")
DEPTHS = ("depth", "layers", "rounds", "num_layers", "num_blocks")


def width(recipe):
    """Return the choice of half, the same and twice the recipe's own width.

    A whole factor is what shows: the error moves slowly with the size, and a network that is too
    large costs time rather than accuracy (Bengio 2012, https://arxiv.org/abs/1206.5533). Of a tuple
    with one size a layer, one layer less and one more are there too.
    """
    found = []
    for name, own in _arguments(recipe, WIDTHS):
        if _is_size(own):
            sizes = {max(1, own // 2), own, 2 * own}
            found.append(OneOf(f"build.{name}", tuple(sorted(sizes))))
        elif isinstance(own, tuple) and own and all(map(_is_size, own)):
            half, twice = tuple(max(1, size // 2) for size in own), tuple(2 * s for s in own)
            shapes = [own[:-1], half, own, twice, (*own, own[-1])]
            found.append(OneOf(f"build.{name}", tuple(dict.fromkeys(filter(None, shapes)))))
    return tuple(found)


def depth(recipe):
    """Return the choice of one layer less, the same and one more."""
    return tuple(
        OneOf(f"build.{name}", tuple(sorted({max(1, own - 1), own, own + 1})))
        for name, own in _arguments(recipe, DEPTHS)
        if _is_size(own)
    )


def _arguments(recipe, names):
    return [(name, own) for name, own in arguments_of(recipe.build).items() if name in names]


def _is_size(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
