"""Search for better hyperparameters of a recipe, or tell what a search has found."""

import argparse
import re

from ..recipes.errors import RecipeError
from .changes import add_fields, changes_of, expect
from .console import table
from .quiet import load_tensorflow

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_arguments(parser):
    """Take the recipe, the method, the budget and the space; or the search to go on with."""
    parser.add_argument(
        "name",
        nargs="?",
        help="a name from `kerasrecipes list` or a script; or `report`, for a search's report",
    )
    parser.add_argument("report", nargs="?", metavar="SEARCH", help="the search of `tune report`")
    parser.add_argument("--resume", metavar="SEARCH", help="go on with a search")
    parser.add_argument(
        "--method",
        help="random, grid, bayesian, hyperband or coarse_to_fine; default: bayesian",
    )
    parser.add_argument("--trials", type=int, help="trials in all; default: 20, where no time is")
    parser.add_argument("--time", type=seconds, help="time of the search, such as 90s, 10m or 2h")
    parser.add_argument(
        "--over",
        action="append",
        metavar="PART",
        help="a part of the space, or a hyperparameter, to search over (repeatable); default: all",
    )
    parser.add_argument(
        "--range",
        dest="ranges",
        action="append",
        metavar="NAME=LOW:HIGH[:log]",
        help="the range of a hyperparameter, or its values: batch_size=32,64,128",
    )
    parser.add_argument("--objective", help="what to make better; default: the recipe's own figure")
    parser.add_argument("--seeds", type=int, help="trainings a trial; default: 1")
    parser.add_argument("--folds", type=int, help="compare by cross-validation")
    parser.add_argument("--workers", type=int, help="processes on this machine; default: 1")
    parser.add_argument("--no-retrain", action="store_true", help="leave the winner's training out")
    add_fields(parser)
    parser.add_argument("--seed", type=int, help="default: 0")
    parser.add_argument("--strategy", help="auto, none or mirrored, of each trial; default: auto")
    parser.add_argument("--searches", help="folder of the searches; default: searches")
    parser.add_argument(
        "--folder", help="the search's own folder, where several machines must know it"
    )
    parser.add_argument("--runs", default="runs", help="folder of the runs; default: runs")
    parser.add_argument("--saved-models", help="folder to export the winner to; default: none")
    parser.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
    parser.add_argument("--quiet", action="store_true", help="say nothing of the trials")


def run(arguments):
    """Search, or go on with a search, or report, and print what came of it."""
    if arguments.name == "report":
        return _report(arguments)
    if arguments.report is not None:
        raise RecipeError(
            f"`tune` must be given one recipe. Received: {arguments.name} and {arguments.report}."
        )
    if (arguments.name is None) == (arguments.resume is None):
        received = "neither" if arguments.name is None else "both"
        raise RecipeError(
            f"`tune` must be given a recipe, or a search by --resume. Received: {received}."
        )
    ended = {
        "runs": arguments.runs,
        "saved_models": arguments.saved_models,
        "retrain": not arguments.no_retrain,
        "progress": not arguments.quiet,
    }
    found = (_search if arguments.resume is None else _resume)(arguments, ended)
    _tell(found)


def _search(arguments, ended):
    from ..tuning.spaces.range_text import ranges_of

    expect(arguments)
    ranges = ranges_of(arguments.ranges or ())
    load_tensorflow()
    from .. import tuning

    chosen = {
        "method": arguments.method,
        "objective": arguments.objective,
        "num_seeds": arguments.seeds,
        "folds": arguments.folds,
        "workers": arguments.workers,
        "seed": arguments.seed,
        "strategy": arguments.strategy,
        "searches": arguments.searches,
        "folder": arguments.folder,
        "over": arguments.over,
        "data_dir": arguments.data_dir,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return tuning.search(
        arguments.name,
        budget=_budget(arguments),
        ranges=ranges,
        **given,
        **ended,
        **changes_of(arguments),
    )


def _resume(arguments, ended):
    # What decides a search is written down in it.
    fixed = ("method", "over", "ranges", "objective", "seeds", "folds", "epochs", "data", "seed")
    fixed += ("strategy", "searches", "folder", "data_dir", "changes")
    given = [name for name in fixed if getattr(arguments, name) not in (None, [])]
    if given:
        names = ", ".join("--" + name.replace("_", "-").removesuffix("s") for name in given)
        raise RecipeError(
            f"A search goes on as it was started. Received: {names} beside --resume. Leave it out, "
            f"or start a search anew."
        )
    load_tensorflow()
    from .. import tuning

    return tuning.resume(
        arguments.resume, budget=_budget(arguments), workers=arguments.workers, **ended
    )


def _report(arguments):
    if arguments.report is None:
        raise RecipeError("`tune report` must be given the folder of a search. Received: none.")
    from ..tuning import reporting

    outcome = reporting.outcome_of(arguments.report)
    print(reporting.sentence(outcome))
    for shown in (reporting.table_rows(outcome), reporting.importance_rows(outcome)):
        table(*shown)
    print(f"report: {reporting.report(outcome)}")
    print(f"TensorBoard: {reporting.write_tensorboard(outcome)}")


def _budget(arguments):
    if arguments.trials is None and arguments.time is None:
        return None
    from ..tuning.budget import Budget

    return Budget(trials=arguments.trials, seconds=arguments.time)


def _tell(found):
    best = found.best
    print(f"best of {len(found.trials)} trials: trial {best.number}, {best.objective:.4f}")
    if (code := found.folder / "winner.py").is_file():
        print(f"\n{code.read_text('utf-8')}")
        print(f"recipe: {code}")
    if found.result is not None:
        for metric, value in found.result.figures.items():
            print(f"test {metric}: {value:.4f}")
        print(f"run: {found.result.run}")
    print(f"report: {found.folder / 'report.html'}")


def seconds(text):
    """Return the seconds that a time such as 90s, 10m or 1.5h stands for."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"must be a time such as 90s, 10m or 2h. Received: {text}")
    return float(match[1]) * _UNITS[match[2]]
