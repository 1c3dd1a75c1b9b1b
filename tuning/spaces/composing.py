"""A recipe's search space in KerasTuner's terms, and the recipe at a point of it."""

from ...recipes.errors import RecipeError, near_names
from ...recipes.recipe import replace
from .arguments import own_value, same
from .declared import declared
from .hyperparameter import INACTIVE
from .rates import usual_rate


def space(hp, base, *, over=None, ranges=()):
    """Declare a recipe's search space, and return the recipe at the point that is chosen there.

    Everything is declared whatever is chosen, so that one call tells the whole space. Where
    nothing has been chosen, it is the recipe itself that is returned.

    The rate is told for the recipe's own optimizer: with another it is multiplied by the ratio of
    their usual rates (`rates.usual_rate`), since SGD and Adam differ by a factor of 30.

    Args:
        hp: `keras_tuner.HyperParameters`; names are those that `replace` knows.
        base: `Recipe`.
        over: iterable of str, parts of the space ("learning_rate", "regularization") or single
            hyperparameters ("optimizer.momentum"); None takes all that the recipe has. Defaults to
            None.
        ranges: tuple of `Between` and `OneOf`: each takes the place of the recipe's range of its
            name, or is added. Defaults to none.

    Returns:
        A `Recipe`, valid, with the name of the base.

    Raises:
        RecipeError: a part or hyperparameter is unknown (with near names), or a range is unsound.
    """
    return _composed(hp, base, declared(base, over, ranges))


def hyperparameters(base, over=None, ranges=()):
    """Return the whole space of a recipe, every condition included.

    Args:
        base: `Recipe`.
        over: see `space`.
        ranges: see `space`.

    Returns:
        `keras_tuner.HyperParameters`, its values those of the recipe itself.
    """
    import keras_tuner  # seconds, and only a search needs it

    found = keras_tuner.HyperParameters()
    space(found, base, over=over, ranges=ranges)
    return found


def values_of(hp):
    """Return the values that count at a point, plain ones that JSON knows.

    Args:
        hp: `keras_tuner.HyperParameters`.

    Returns:
        A dict from hyperparameter to a number, a text or a bool.
    """
    return {
        name: getattr(value, "item", lambda value=value: value)()  # NumPy's numbers too
        for name, value in hp.values.items()
        if hp.is_active(name)
    }


def recipe_at(base, values, over=None, ranges=()):
    """Return the recipe at a point that was written down.

    Args:
        base: `Recipe`.
        values: dict, as `values_of` gave it; what is not in it is as in the recipe.
        over: see `space`.
        ranges: see `space`.

    Raises:
        RecipeError: a value is of no hyperparameter, or not in its range.
    """
    import keras_tuner

    found = declared(base, over, ranges)
    names = [each.name for each in found]
    for name in values:
        if name not in names:
            raise RecipeError(
                f"The values of a point must be of {', '.join(names)}. Received: {name!r}."
                + near_names(name, names)
            )
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return _composed(hp, base, found)


def _composed(hp, base, found):
    recipe = base
    for each in found:
        value = each.declare(hp)
        if value is not INACTIVE and not same(value, own_value(recipe, each.name)):
            recipe = _varied(recipe, each.name, value)
    return recipe


def _varied(recipe, name, value):
    changes = {name: value}
    if name == "optimizer":
        old, new = usual_rate(recipe.optimizer), usual_rate(value)
        if old and new:
            changes["learning_rate"] = recipe.learning_rate * (new / old)
    if name.partition(".")[0] == "build":
        changes["num_parameters"] = None  # the table's number is of another network
    return replace(recipe, **changes)
