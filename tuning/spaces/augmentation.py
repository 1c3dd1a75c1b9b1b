"""What of a recipe's augmentation a search may vary: which functions, and how strong."""

from ...recipes.data.augment import Affine, Crop, Noise, affine, crop, noise
from ...recipes.ranges import OneOf
from .arguments import label_of, same


def augmentation(recipe):
    """Return the choice of the recipe's own augmentation, none, each function alone, half, twice.

    What helps is the data's to say, so nothing is tried that the recipe does not have: a mirror
    image of a digit is none.
    """
    own = recipe.augment
    if not own:
        return ()
    names = [_name(function) for function in own]
    together = "+".join(names)
    choices = {together: own, "none": ()}
    if len(set(names)) == len(names):
        choices.update({n: (f,) for n, f in zip(names, own, strict=True) if n != together})
    for label, factor in (("half", 0.5), ("twice", 2)):
        scaled = tuple(stronger(function, factor) for function in own)
        if not same(scaled, own):
            choices[f"{label} {together}"] = scaled
    return (OneOf("augment", tuple(choices.values()), tuple(choices)),)


def stronger(function, factor):
    """Return an augmentation with its numbers multiplied; one without numbers as it is.

    Args:
        function: what `recipe.augment` holds.
        factor: float > 0.
    """
    if isinstance(function, Crop):
        return crop(padding=max(1, round(factor * function.padding)))
    if isinstance(function, Affine):
        return affine(
            rotation=min(180, factor * function.rotation),
            zoom=min(0.9, factor * function.zoom),
            shift=min(1, factor * function.shift),
        )
    if isinstance(function, Noise):
        return noise(factor * function.deviation)
    return function


def _name(function):
    own = getattr(function, "__name__", None)
    return own or label_of(type(function))
