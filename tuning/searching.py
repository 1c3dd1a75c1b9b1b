"""The search: from a recipe's name to a better recipe, straight down."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
import time
from functools import partial
from pathlib import Path

from ..recipes import catalog, distribute
from ..recipes.atomic import check_folder
from ..recipes.errors import RecipeError, check_at_least, check_seed
from ..recipes.recipe import Recipe, Result, replace
from ..recipes.recipe_data import splits_of
from ..recipes.runs.run import hardware, is_plain, versions
from . import winner
from .budget import Budget
from .cluster.supervisor import supervise
from .declared import declared
from .objective import Objective, objective_of
from .oracles.methods import check_method, oracle
from .quiet import without_retracing_warnings
from .ranges_record import as_record, from_record
from .search_folder import SearchFolder, Trial
from .spaces import space as default_space
from .telling import Telling
from .trials import TrialRunner

# What stands for no budget: twenty trials find the best twentieth of a space in two of three
# searches (1 - 0.95 ** 20 = 0.64), Bergstra and Bengio 2012.
TRIALS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """What a search gives back.

    Attributes:
        folder: path of the search's folder.
        trials: tuple of the `Trial`s, by their number.
        best: the best `Trial`.
        recipe: the `Recipe` of the best trial.
        result: `Result` of its last training, or None where that was not asked for.
    """

    folder: Path
    trials: tuple[Trial, ...]
    best: Trial
    recipe: Recipe
    result: Result | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Plan:
    """Everything that the processes of a search have in common."""

    folder: SearchFolder
    base: Recipe
    space: object
    hyperparameters: object
    objective: Objective
    splits: object


def search(
    recipe,
    *,
    method="bayesian",
    budget=None,
    over=None,
    ranges=(),
    space=None,
    objective=None,
    seed=0,
    num_seeds=1,
    folds=None,
    workers=1,
    strategy="auto",
    searches="searches",
    folder=None,
    runs="runs",
    saved_models=None,
    retrain=True,
    data_dir=None,
    progress=True,
    **overrides,
):
    """Search for better hyperparameters of a recipe.

    The data are loaded once for all trials, which are trained on the training split and compared on
    the validation split. The test split is looked at once, by the last training of the winner.

    Args:
        recipe: as for `recipes.train`.
        method: "random", "grid", "bayesian", "hyperband" or "coarse_to_fine". Defaults to
            "bayesian".
        budget: `Budget`, or int for a number of trials. Defaults to 20 trials.
        over: list of str, the parts of the default space or single hyperparameters to search over;
            None is all of them.
        ranges: `Between`s and `OneOf`s that take the place of default ones, or add some.
        space: callable `(hp, base) -> Recipe` in place of the default space, `hp` a
            `keras_tuner.HyperParameters`. Defaults to None.
        objective: as for `objective_of`. Defaults to None, the figure that the recipe expects.
        seed: int >= 0, of the search and of each training. Defaults to 0.
        num_seeds: int >= 1, trainings a trial, whose mean counts. Defaults to 1.
        folds: int >= 2, folds of the training and validation examples on which each trial is
            trained and compared, or None. Defaults to None.
        workers: int >= 1, processes on this machine. Defaults to 1.
        strategy: as for `recipes.train`, of each trial. Defaults to "auto".
        searches: str or path of the folder that takes the search's own. Defaults to "searches".
        folder: str or path of the search's own folder, where it must be known before, as it must
            by all processes of a cluster; a search that is there is gone on with. Defaults to None,
            a new one under `searches`.
        runs: str or path of the folder that takes the winner's run. Defaults to "runs".
        saved_models: str or path of the folder that takes the winner's export; None exports
            nothing. Defaults to None.
        retrain: bool, whether to train the winner on all data but the test split, and test it.
            Defaults to True.
        data_dir: as for `recipes.train`. Defaults to None.
        progress: bool, whether to say what becomes of each trial. Defaults to True.
        **overrides: fields of the recipe to replace.

    Returns:
        `Found`.

    Raises:
        UnknownField: an override is not a field of a recipe.
        RecipeError: anything else that one sentence explains; no trial came to an end, above all.
    """
    base = replace(catalog.get(recipe), **overrides)
    budget = _budget(budget)
    check_method(method)
    check_seed(seed)
    check_at_least("search", 1, num_seeds=num_seeds, workers=workers)
    if folds is not None:
        check_at_least("search", 2, folds=folds)
    wanted = objective_of(base, objective)
    used = partial(default_space, over=over, ranges=ranges) if space is None else space
    hyperparameters = declared(used, base)
    if not hyperparameters.space:
        raise RecipeError(
            f"The search space of {base.name!r} must have a hyperparameter. Received: none."
        )
    named = not isinstance(recipe, Recipe) and all(map(is_plain, overrides.values()))
    if workers > 1 and (space is not None or not named):
        raise RecipeError(
            "`workers` of search must be 1 for a space or a recipe that is a value of Python, "
            f"which other processes cannot look up. Received: {workers=}."
        )
    for each in (searches, runs, saved_models):
        if each is not None:
            check_folder(each)
    place = distribute.strategy(strategy)
    splits = splits_of(base, data_dir)
    record = {
        "status": "searching",
        "origin": str(recipe) if named else None,
        "overrides": {key: value if is_plain(value) else None for key, value in overrides.items()},
        "recipe": base.describe(),
        "method": method,
        "objective": wanted.name,
        "direction": wanted.direction,
        "num_trials": budget.trials,
        "seconds": budget.seconds,
        "seconds_spent": 0.0,
        "seed": seed,
        "num_seeds": num_seeds,
        "folds": folds,
        "workers": workers,
        "strategy": strategy,
        "data_dir": None if data_dir is None else str(Path(data_dir).resolve()),
        "over": None if over is None else list(over),
        "ranges": as_record(ranges),
        "own_space": space is not None,
        "hyperparameters": _described(hyperparameters),
        "data": splits.describe(),
        "versions": versions(),
        "hardware": hardware(place),
        "winner": None,
    }
    if folder is None:
        opened = SearchFolder.create(searches, base.name, **record)
    elif (Path(folder) / SearchFolder.record_name).is_file():
        opened = SearchFolder.open(folder)
    else:
        opened = SearchFolder.create_at(folder, **record)
    plan = _Plan(
        folder=opened,
        base=base,
        space=used,
        hyperparameters=hyperparameters,
        objective=wanted,
        splits=splits,
    )
    _check_unchanged(plan)
    with opened.locked():
        return _go_on(plan, workers, runs, saved_models, retrain, progress)


def resume(
    folder,
    *,
    budget=None,
    recipe=None,
    space=None,
    workers=None,
    runs="runs",
    saved_models=None,
    retrain=True,
    progress=True,
):
    """Go on with a search, to the trials that it would have had without the break.

    Args:
        folder: str or path of the search.
        budget: `Budget` or int in place of the search's own, what was spent included, to search
            longer than was planned; None leaves it.
        recipe: the base `Recipe`, where `search` was given a value and not a name. Defaults to
            None.
        space: the space, where `search` was given one. Defaults to None.
        workers: int >= 1 in place of the search's own number; None leaves it.
        runs: as for `search`.
        saved_models: as for `search`.
        retrain: as for `search`.
        progress: as for `search`.

    Returns:
        `Found`.

    Raises:
        RecipeError: there is no search, another process goes on with it, or its recipe, its data or
            its space have changed (what changed).
    """
    opened = SearchFolder.open(folder)
    with opened.locked():
        opened = SearchFolder.open(folder)
        if budget is not None:
            budget = _budget(budget)
            opened.update(num_trials=budget.trials, seconds=budget.seconds)
        plan = plan_of(opened, recipe=recipe, space=space)
        number = opened.record["workers"] if workers is None else workers
        check_at_least("resume", 1, workers=number)
        return _go_on(plan, number, runs, saved_models, retrain, progress)


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
    plan = _Plan(
        folder=folder,
        base=base,
        space=used,
        hyperparameters=declared(used, base),
        objective=Objective(record["objective"], record["direction"]),
        splits=splits_of(base, record["data_dir"]),
    )
    _check_unchanged(plan)
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


def _go_on(plan, workers, runs, saved_models, retrain, progress):
    folder = plan.folder
    record = folder.record
    spent = record["seconds_spent"]
    deadline = None
    if record["seconds"] is not None:
        deadline = time.time() + record["seconds"] - spent
    folder.update(status="searching", deadline=deadline)
    telling = Telling(
        folder, num_trials=record["num_trials"], deadline=deadline, quiet=not progress
    )
    begin = time.monotonic()

    def told(trial):
        folder.update(seconds_spent=spent + time.monotonic() - begin)
        telling(trial)

    with _interruptible(folder):
        if workers == 1:
            with without_retracing_warnings():
                runner_of(plan, told).search()
        else:
            supervise(
                [sys.executable, "-m", "kerasrecipes.tuning.member", str(folder.folder.resolve())],
                workers,
                log_folder=folder.folder / "logs",
                on_event=telling.event,
                on_look=telling.look,
                go_on=f"Go on with {_command(folder)}.",
            )
        folder.update(seconds_spent=spent + time.monotonic() - begin)
        best = folder.best()
        if not best:
            folder.update(status="failed")
            raise RecipeError(_nothing(folder))
        recipe = winner.on_all_data(winner.recipe_of(best[0], plan.base, plan.space), plan.splits)
        winner.write(folder, recipe)
        folder.update(
            status="finished",
            winner={"trial": best[0].number, "run": None, "figures": None, "base_figures": None},
        )
        result = None
        if retrain:
            result = winner.retrain(
                folder, recipe, runs=runs, saved_models=saved_models, progress=progress
            )
    return Found(
        folder=folder.folder,
        trials=tuple(folder.trials()),
        best=best[0],
        recipe=recipe,
        result=result,
    )


def _check_unchanged(plan):
    folder = plan.folder
    folder.check_recipe(plan.base)
    now, then = _described(plan.hyperparameters), folder.record["hyperparameters"]
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


def _described(hyperparameters):
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


def _budget(budget):
    if budget is None:
        return Budget(trials=TRIALS)
    return budget if isinstance(budget, Budget) else Budget(trials=budget)


def _nothing(folder):
    failed = [trial for trial in folder.trials() if trial.reason]
    if failed:
        return (
            f"A search must have a trial that comes to its end. Received: {len(failed)} that "
            f"failed, the last one so: {failed[-1].reason}"
        )
    return (
        f"`seconds` of budget must be enough for one trial. Received: "
        f"seconds={folder.record['seconds']:g}, in which none came to its end. Go on with more by "
        f"`kerasrecipes tune --resume {shlex.quote(str(folder.folder))} --time 10m`."
    )


def _command(folder):
    return f"`kerasrecipes tune --resume {shlex.quote(str(folder.folder))}`"


@contextlib.contextmanager
def _interruptible(folder):
    try:
        yield
    except KeyboardInterrupt as error:
        folder.update(status="interrupted")
        raise KeyboardInterrupt(
            f"interrupted; go on with {_command(folder)}."
        ) from error
