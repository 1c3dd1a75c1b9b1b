"""The hyperparameters of a recipe: those of its parts, what it refines, and what a caller wants."""

import dataclasses

from ...recipes.errors import RecipeError, near_names
from ...recipes.ranges import Between, OneOf
from ...recipes.recipe import replace
from .arguments import MISSING, callee, own_value
from .augmentation import augmentation
from .hyperparameter import Hyperparameter
from .penalties import dropout, regularization
from .rates import batch_size, learning_rate, optimizer, schedule
from .sizes import DEPTHS, WIDTHS, depth, width

# The parts of a space, from name to a function that gives a recipe's ranges. Each asks the recipe's
# fields and the arguments of its `build`, and gives none where there is nothing to vary.
PARTS = {
    "learning_rate": learning_rate,
    "schedule": schedule,
    "optimizer": optimizer,
    "batch_size": batch_size,
    "regularization": regularization,
    "augmentation": augmentation,
    "width": width,
    "depth": depth,
    "dropout": dropout,
}

# Fields that say what is searched for, or name it, and are not to be varied.
_FIXED = ("name", "summary", "data", "expected", "hold_out", "ranges", "num_parameters")

# Hyperparameters whose part is not that of their field.
_PARTS_BY_NAME = {
    "augment": "augmentation",
    "build.weight_decay": "regularization",
    "build.dropout": "dropout",
    "regularization.dropout": "dropout",
    "regularization.spatial_dropout": "dropout",
    **{f"build.{name}": "width" for name in WIDTHS},
    **{f"build.{name}": "depth" for name in DEPTHS},
}


def declared(base, over=None, ranges=()):
    """Return the hyperparameters of a recipe's space.

    Args:
        base: `Recipe`.
        over: iterable of str, the parts of the space or single hyperparameters to vary; None takes
            all. Defaults to None.
        ranges: tuple of `Between` and `OneOf`, which take the place of the recipe's of that
            name, or are added to them, whatever `over` says.

    Returns:
        A tuple of `Hyperparameter`, a field before the arguments in it.

    Raises:
        RecipeError: a name is unknown, a range is of something that no recipe has, or holds a value
            that the recipe refuses.
    """
    given = {each.name: each for each in ranges}
    names = [each.name for each in ranges]
    if len(given) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RecipeError(
            f"`ranges` must have one range for each name. Received: two of {twice!r}."
        )
    default = {each.name: each for part in PARTS.values() for each in part(base)}
    refined = {each.name: each for each in base.ranges}
    known = {**default, **refined}
    wanted = (over,) if isinstance(over, str) else over
    chosen = known if wanted is None else _chosen(base, known, tuple(wanted))
    found = [
        Hyperparameter(
            _sound(base, range_, (default.get(name), refined.get(name))),
            own_value(base, name),
        )
        for name, range_ in {**known, **given}.items()  # in the order of the parts
        if name in chosen or name in given
    ]
    if not found:
        raise RecipeError(
            f"The space of recipe {base.name!r} must have something to vary. Received: {over=}."
        )
    found.sort(key=lambda each: "." in each.name)
    return tuple(_conditional(each, found, base) for each in found)


def described(base, over=None, ranges=()):
    """Return the space of a recipe in words, a dict from hyperparameter to its values.

    Args:
        base: `Recipe`.
        over: see `declared`.
        ranges: see `declared`.
    """
    return {each.name: str(each) for each in declared(base, over, ranges)}


def part_of(name):
    """Return the part that a hyperparameter belongs to.

    >>> part_of("build.depth"), part_of("optimizer.momentum"), part_of("task.discount")
    ('depth', 'optimizer', 'task')
    """
    return _PARTS_BY_NAME.get(name, name.partition(".")[0])


def _chosen(base, ranges, over):
    parts = {name: part_of(name) for name in ranges}
    known = list(dict.fromkeys([*parts.values(), *parts]))
    for name in over:
        if name not in known:
            raise RecipeError(
                f"`over` must name parts of the space of recipe {base.name!r}: "
                f"{', '.join(known)}. Received: {name!r}."
                + (near_names(name, known) or " Give it a range to add it.")
            )
    return {name for name in ranges if name in over or parts[name] in over}


def _sound(base, range_, labelled):
    """Return a range that is sound for a recipe: labels are values, and each can be had."""
    own = _reached(base, range_)
    if isinstance(range_, Between):
        if isinstance(own, float) and range_.whole:
            range_ = dataclasses.replace(range_, low=float(range_.low), high=float(range_.high))
        tried = (range_.low, range_.high)
    else:
        if _is_made_of_factories(own) and all(isinstance(v, str) for v in range_.values):
            range_ = _by_labels(range_, labelled)
        tried = range_.values
        labels = list(Hyperparameter(range_, own).choices)
        if len(set(labels)) < len(range_.values):
            raise RecipeError(
                f"The choices of `{range_.name}` must differ in how they are called. "
                f"Received: {', '.join(map(str, labels))}."
            )
    for value in tried:
        replace(base, **{range_.name: value})
    return range_


def _reached(base, range_):
    """Return the recipe's own value of what a range is of; raise where there is no such thing."""
    value = range_.low if isinstance(range_, Between) else range_.values[0]
    field, _, argument = range_.name.partition(".")
    if field in _FIXED or range_.name == "task":
        raise RecipeError(
            f"A range must be of what a search can vary, which `{field}` is not: it is the same "
            f"for all trials. Received: a range of {range_.name!r}."
        )
    if argument or field not in {f.name for f in dataclasses.fields(base)}:
        replace(base, **{range_.name: value})  # which says what there is
    own = own_value(base, range_.name)
    if own is MISSING or range_.name == "optimizer.learning_rate":
        raise RecipeError(
            f"A range must be of what the recipe decides, and `{argument}` of its `{field}` is "
            f"given when it is called. Received: a range of {range_.name!r}."
        )
    return own


def _is_made_of_factories(own):
    held = own if isinstance(own, tuple) else (own,)
    return all(map(callable, held))


def _by_labels(range_, labelled):
    """Return a choice of factories that is told by their labels in other choices."""
    known = {
        label: value
        for each in labelled
        if isinstance(each, OneOf)
        for label, value in Hyperparameter(each, None).choices.items()
    }
    for label in range_.values:
        if label not in known:
            raise RecipeError(
                f"`{range_.name}` must be chosen from {', '.join(known) or 'factories'}. "
                f"Received: {label!r}." + near_names(label, known)
            )
    return OneOf(range_.name, tuple(known[label] for label in range_.values), range_.values)


def _conditional(each, found, base):
    """Let an argument count only where its field is what has this argument in the recipe."""
    field, _, argument = each.name.partition(".")
    parent = next((other for other in found if other.name == field), None) if argument else None
    if parent is None:
        return each
    own = callee(getattr(base, field))
    fitting = tuple(c for c, v in parent.choices.items() if callee(v) is own)
    if not fitting:
        raise RecipeError(
            f"`{each.name}` must be varied with the recipe's own `{field}` among its choices. "
            f"Received: {', '.join(map(str, parent.choices))}."
        )
    if len(fitting) == len(parent.choices):
        return each
    return dataclasses.replace(each, only_if=(field, fitting))
