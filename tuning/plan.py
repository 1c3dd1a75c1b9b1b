"""What the processes of a search have in common, and what runs its trials in each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..recipes import distribute
from ..recipes.errors import RecipeError
from ..recipes.recipe import Recipe
from ..recipes.recipe_data import splits_of
from .declared import declared
from .objective import Objective
from .oracles.methods import oracle
from .ranges_record import from_record
from .search_folder import SearchFolder
from .spaces import space as default_space
from .trials import TrialRunner

if TYPE_CHECKING:
    import keras_tuner

    from ..recipes.data.splits import Splits


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What the processes of a search have in common.

    Attributes:
        folder: the `SearchFolder`.
        base: the `Recipe` that is varied.
        space: callable `(hp, base) -> Recipe`.
        hyperparameters: the declared `keras_tuner.HyperParameters`.
        objective: the `Objective`.
        splits: the `Splits`, loaded once.
    """

    folder: SearchFolder
    base: Recipe
    space: Callable
    hyperparameters: keras_tuner.HyperParameters
    objective: Objective
    splits: Splits


def plan_of(folder, *, recipe=None, space=None):
    """Return what the processes of a search have in common, from what is written down of it.

    Args:
        folder: the `SearchFolder`.
        recipe: as for `resume`. Defaults to None.
        space: as for `resume`. Defaults to None.

    Raises:
        RecipeError: as `resume`.
    """
    record = folder.record
    base = folder.recipe() if recipe is None else recipe
    if record["own_space"] and space is None:
        raise RecipeError(
            f"Search {str(folder.folder)!r} was started from Python with a space of its own; give "
            f"it there, as in `tuning.resume(folder, space=...)`."
        )
    used = (
        partial(default_space, over=record["over"], ranges=from_record(record["ranges"]))
        if space is None
        else space
    )
    plan = Plan(
        folder=folder,
        base=base,
        space=used,
        hyperparameters=declared(used, base),
        objective=Objective(record["objective"], record["direction"]),
        splits=splits_of(base, record["data_dir"]),
    )
    check_unchanged(plan)
    return plan


def runner_of(plan, told=lambda trial: None, heartbeat=None):
    """Return what runs the trials of a plan in this process, in the role that it has."""
    record = plan.folder.record
    return TrialRunner(
        folder=plan.folder,
        base=plan.base,
        space=plan.space,
        splits=plan.splits,
        objective=plan.objective,
        place=distribute.strategy(record["strategy"]),
        oracle=oracle(
            record["method"],
            objective=plan.objective.name,
            direction=plan.objective.direction,
            hyperparameters=plan.hyperparameters.copy(),
            num_trials=record["num_trials"],
            recipe=plan.base,
            seed=record["seed"],
            deadline=record.get("deadline"),
        ),
        told=told,
        heartbeat=heartbeat,
    )


def check_unchanged(plan):
    """Check that recipe, data and space are those that a search was started with.

    Raises:
        RecipeError: one of them is not (what changed).
    """
    folder = plan.folder
    folder.check_recipe(plan.base)
    now, then = described(plan.hyperparameters), folder.record["hyperparameters"]
    gone, new = set(then) - set(now), set(now) - set(then)
    other = [name for name in now if name in then and now[name] != then[name]]
    changes = [f"without {name}" for name in sorted(gone)]
    changes += [f"with {name}" for name in sorted(new)]
    changes += [f"{name} {_range(now[name])}, which was {_range(then[name])}" for name in other]
    if changes:
        raise RecipeError(
            f"The space of search {str(folder.folder)!r} must be as it was. Received: "
            f"{'; '.join(changes)}. Start a search anew."
        )
    folder.check_data(plan.splits)


def described(hyperparameters):
    """Return hyperparameters as a record holds them, a dict from name to JSON values."""
    config = hyperparameters.get_config()
    return {each["config"]["name"]: _plain(each) for each in config["space"]}


def _plain(value):
    """Return a value as it comes back from a JSON file."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _range(described):
    config = described["config"]
    if "values" in config:
        return f"one of {', '.join(map(str, config['values']))}"
    return f"from {config.get('min_value'):g} to {config.get('max_value'):g}"
