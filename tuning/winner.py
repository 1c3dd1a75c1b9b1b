"""The winner of a search: a recipe again, as code, and as a run."""

from __future__ import annotations

import dataclasses
import warnings

import keras_tuner

from ..recipes import catalog, regularizing
from ..recipes.atomic import write_text
from ..recipes.errors import RecipeError
from ..recipes.measured import measured
from ..recipes.training import train
from .recipe_code import recipe_code


def recipe_of(plan, trial):
    """Return the recipe of a trial, to be trained to its end and on all data.

    Where the data cannot be joined, or a callback of the recipe watches the validation split, that
    split stays out of training.

    Args:
        plan: the `Plan` of the search.
        trial: a `Trial` of it.
    """
    hp = keras_tuner.HyperParameters()
    hp.values = dict(trial.values)
    base = plan.base
    recipe = dataclasses.replace(
        plan.space(hp, base),
        name=f"{base.name}_tuned",
        summary=f"{base.summary.rstrip('.')}, tuned.",
    )
    watched = any(
        str(getattr(make(), "monitor", "")).startswith("val_")
        for make in regularizing.callbacks(recipe)
    )
    if watched or not plan.splits.train.divisible:
        return recipe
    return dataclasses.replace(recipe, hold_out=False)


def write(folder, recipe):
    """Write a recipe as `winner.py` into the folder of its search.

    Returns:
        The path, or None where the search was of a recipe without a name, which no code can begin
        with, or where a field of it cannot be written as code, which is said in a warning.
    """
    origin = folder.record["origin"]
    if origin is None:
        return None
    try:
        code = recipe_code(catalog.get(origin), recipe, origin=origin, name=recipe.name)
    except RecipeError as error:
        warnings.warn(f"The winner is not written as code: {error}", stacklevel=2)
        return None
    return write_text(folder.folder / "winner.py", code)


def retrain(folder, recipe, *, runs, saved_models, progress):
    """Train the winner and look at the test split, once.

    Args:
        folder: the `SearchFolder`.
        recipe: the winner, a `Recipe`.
        runs: as for `recipes.train`.
        saved_models: as for `recipes.train`.
        progress: bool, whether to show progress on the terminal.

    Returns:
        `Result`.
    """
    path = write(folder, recipe)
    result = train(
        recipe if path is None else str(path.resolve()),
        seed=folder.record["seed"],
        strategy=folder.record["strategy"],
        runs=runs,
        saved_models=saved_models,
        data_dir=folder.record["data_dir"],
        progress=progress,
    )
    known = measured().get(folder.record["recipe"]["name"])
    figure = recipe.expected.metric
    folder.update(
        winner={
            **folder.record["winner"],
            "run": str(result.run.resolve()),
            "figures": result.figures,
            "base_figures": None if known is None else {figure: known.mean},
        }
    )
    return result
