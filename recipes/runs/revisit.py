"""Going back to a finished run: to evaluate, report or export it again."""

from pathlib import Path

import keras

from ..errors import RecipeError, check_at_least
from ..recipe import Result
from ..recipe_data import splits_of
from ..recipe_faults import check_classes, check_dropout
from ..serving.saved_model import export as export_model
from ..tasks.endpoint import of_dropout_passes
from .finish import evaluate as evaluate_model
from .finish import write_report
from .history import read_csv
from .run import Run


def evaluate(folder, *, recipe=None):
    """Return the figures of a finished run on its test split, a dict from metric to float.

    Args:
        folder: str or path of the run.
        recipe: the `Recipe` of the run, where `train` was given a value and not a name. Defaults
            to None, which looks the recipe up by its name.

    Raises:
        RecipeError: the run is not finished, is damaged, or its data have changed.
    """
    _, recipe, splits, model = open_finished(folder, recipe)
    return evaluate_model(model, recipe.task, splits)[0]


def result_of(folder, *, recipe=None):
    """Return the `Result` of a finished run, and write its report where that was broken off.

    The arguments and errors are those of `evaluate`.
    """
    run, recipe, splits, model = open_finished(folder, recipe)
    history = history_of(run)
    if not (run.folder / "report.html").is_file():
        with run.locked():
            report_again(run, recipe, splits, model, history)
    saved_model = run.record["saved_model"]
    return Result(
        recipe=recipe,
        seed=run.record["seed"],
        model=model,
        splits=splits,
        history=history,
        figures=run.record["figures"],
        reached=run.record["reached"],
        run=run.folder,
        saved_model=saved_model and Path(saved_model),
        seconds=run.record["seconds"],
    )


def report(folder, *, recipe=None):
    """Write the report of a finished run again, and return its path; the rest as `evaluate`."""
    run, recipe, splits, model = open_finished(folder, recipe)
    history = history_of(run)
    with run.locked():
        return report_again(run, recipe, splits, model, history)


def report_again(run, recipe, splits, model, history):
    """Write the report of a finished run, locked by the caller, and return its path.

    Args:
        run: the `Run`.
        recipe: its `Recipe`.
        splits: its `Splits`.
        model: its trained `keras.Model`.
        history: as `history_of` gives it.
    """
    _, outcome = evaluate_model(model, recipe.task, splits)
    return write_report(run, recipe, splits, model, history, outcome)


def history_of(run):
    """Return the history of a run, a dict from metric to a list with one float an epoch.

    Raises:
        RecipeError: its file is not there or damaged.
    """
    path = run.folder / "history.csv"
    try:
        return read_csv(path)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RecipeError(
            f"{str(path)!r} could not be read: {str(error) or type(error).__name__}. "
            f"Run the recipe again with the same seed."
        ) from error


def export(folder, saved_models="saved_models", *, mc_dropout=None, recipe=None):
    """Export a finished run as the next version of its recipe, and return the path.

    Args:
        folder: str or path of the run.
        saved_models: str or path of the folder of all exports. Defaults to "saved_models".
        mc_dropout: int >= 1, the passes of a signature `mc_dropout` beside the others, or None for
            no such signature. Defaults to None.
        recipe: as for `evaluate`. Defaults to None.

    Raises:
        RecipeError: as `evaluate`, the export answers otherwise than the model, or Monte Carlo
            dropout is asked of a model without dropout or without classes.
    """
    if mc_dropout is not None:
        check_at_least("export", 1, mc_dropout=mc_dropout)
    run, recipe, splits, model = open_finished(folder, recipe)
    more = {}
    if mc_dropout is not None:
        check_classes(recipe)
        check_dropout(model)
        more["mc_dropout"] = of_dropout_passes(model, splits, mc_dropout)
    with run.locked():
        path = export_model(model, recipe.task, splits, recipe.name, saved_models, more=more)
        run.update(saved_model=str(path.resolve()))
    return path


def open_finished(folder, recipe=None):
    """Return the run, the recipe, the splits and the model of a finished run.

    Args:
        folder: str or path of the run.
        recipe: as for `evaluate`. Defaults to None.

    Raises:
        RecipeError: as `evaluate`.
    """
    run = Run.open(folder)
    if run.record["status"] != "finished":
        raise RecipeError(
            f"Run {str(folder)!r} must be finished. Received: status {run.record['status']!r}. "
            f"Go on with it by `kerasrecipes train --resume {folder}`."
        )
    recipe = run.recipe() if recipe is None else recipe
    splits = splits_of(recipe, run.record["data_dir"])
    run.check_data(splits)
    path = run.folder / "model.keras"
    try:
        # A file may come from a stranger: nothing in it is run that Keras does not know as safe.
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged file may make Keras, HDF5 and zip raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"{str(path)!r} could not be read: {reason} Run the recipe again with the same seed."
        ) from error
    return run, recipe, splits, model
