"""After training: the one look at the test split, the report and the export."""

import dataclasses

from ..architecture import layer_table, num_parameters
from ..atomic import replacing, write_bytes
from ..pictures import curves, png
from ..recipe import Result
from ..serving.saved_model import export
from . import kept_uncertainty, report


def finish(run, recipe, splits, model, history):
    """Save a trained model, test it once, and write its report and its export.

    Args:
        run: the `Run`, locked by the caller.
        recipe: its `Recipe`.
        splits: its `Splits`.
        model: the trained `keras.Model`.
        history: dict from metric to a list with one float an epoch.

    Returns:
        `Result`.
    """
    with replacing(run.folder / "model.keras") as path:
        model.save(path)
    figures, outcome = evaluate(model, recipe.task, splits)
    # What is expected is of the data's own test split.
    comparable = "data" not in run.record["overrides"] and not run.record.get("resampled")
    reached = recipe.expected.reached(figures[recipe.expected.metric]) if comparable else None
    saved_model = None
    if run.record["saved_models"] is not None:
        saved_model = export(model, recipe.task, splits, recipe.name, run.record["saved_models"])
    run.update(
        status="finished",
        figures=figures,
        expected=dataclasses.asdict(recipe.expected),
        reached=reached,
        num_parameters=num_parameters(model),
        saved_model=saved_model and str(saved_model.resolve()),
    )
    write_report(run, recipe, splits, model, history, outcome)
    return Result(
        recipe=recipe,
        seed=run.record["seed"],
        model=model,
        splits=splits,
        history=history,
        figures=figures,
        reached=reached,
        run=run.folder,
        saved_model=saved_model,
        seconds=run.record["seconds"],
    )


def evaluate(model, task, splits):
    """Return a task's figures on the test split, and what its pictures are drawn from."""
    return task.evaluate(model, splits, splits.test.ordered(256))


def write_report(run, recipe, splits, model, history, outcome):
    """Write `curves.png` and `report.html` of a run, and return the path of the report."""
    shown = curves(history)
    write_bytes(run.folder / "curves.png", png(shown))
    pictures = [("Learning curves", "Training against validation, after each epoch.", shown)]
    pictures += recipe.task.pictures(splits, splits.test, outcome)
    tables = recipe.task.tables(model, splits, outcome)
    header = ("layer", "kind", "output", "trainable parameters")
    more_pictures, more_tables = kept_uncertainty.shown(run.folder)
    return report.write(
        run.folder,
        record=run.record,
        history=history,
        pictures=[
            *((title, caption, png(figure)) for title, caption, figure in pictures),
            *more_pictures,
        ],
        tables=[*tables, *more_tables, ("Layers", header, layer_table(model))],
    )
