"""The search: from a recipe's name to a better recipe, straight down."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
import threading
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
from .cluster.heartbeat import Heartbeat
from .cluster.roles import ALONE, CHIEF, WORKER, role
from .cluster.supervisor import supervise
from .declared import declared
from .objective import objective_of
from .oracles.methods import check_method
from .plan import Plan, check_unchanged, described, plan_of, runner_of
from .quiet import without_retracing_warnings
from .ranges_record import as_record
from .reporting import report
from .search_folder import SearchFolder, Trial
from .spaces import space as default_space
from .telling import Telling

# What stands for no budget: twenty trials find the best twentieth of a space in two of three
# searches (1 - 0.95 ** 20 = 0.64), Bergstra and Bengio 2012.
TRIALS = 20
# How long a worker waits for the chief to make the folder of the search.
PATIENCE_SECONDS = 600.0


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
    own = role()
    if own.name != ALONE and folder is None:
        raise RecipeError(
            f"`folder` of search must be named where several processes search, one that all of "
            f"them see. Received: none, in {own.id!r} of the chief at {own.address}."
        )
    _check_workers(workers)
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
    if distribute.is_multiworker(place):
        raise RecipeError(
            f"`strategy` of search must be one of a single process, since its processes share "
            f"trials and not batches. Received: {strategy=} with a TF_CONFIG of several workers. "
            f"Unset it, or take strategy='none'."
        )
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
        "hyperparameters": described(hyperparameters),
        "data": splits.describe(),
        "versions": versions(),
        "hardware": hardware(place),
        "winner": None,
    }
    if own.name == WORKER:
        opened = _waited_for(folder)
    elif folder is None:
        opened = SearchFolder.create(searches, base.name, **record)
    elif (Path(folder) / SearchFolder.record_name).is_file():
        opened = SearchFolder.open(folder)
    else:
        opened = SearchFolder.create_at(folder, **record)
    plan = Plan(
        folder=opened,
        base=base,
        space=used,
        hyperparameters=hyperparameters,
        objective=wanted,
        splits=splits,
    )
    check_unchanged(plan)
    if own.name == WORKER:
        with Heartbeat() as heartbeat, without_retracing_warnings():
            runner_of(plan, Telling.of(opened, quiet=not progress), heartbeat).search()
        return _found(plan)
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
        _check_workers(number)
        return _go_on(plan, number, runs, saved_models, retrain, progress)


def _go_on(plan, workers, runs, saved_models, retrain, progress):
    folder = plan.folder
    record = folder.record
    spent = record["seconds_spent"]
    deadline = None
    if record["seconds"] is not None:
        deadline = time.time() + record["seconds"] - spent
    folder.update(status="searching", deadline=deadline)
    telling = Telling.of(folder, quiet=not progress)
    begin = time.monotonic()

    def count():
        folder.update(seconds_spent=spent + time.monotonic() - begin)

    def told(trial):
        count()
        telling(trial)

    def look():
        if telling.look():
            count()

    with _interruptible(folder):
        if workers > 1:
            supervise(
                [sys.executable, "-m", "kerasrecipes.tuning.member", str(folder.folder.resolve())],
                workers,
                log_folder=folder.folder / "logs",
                on_event=telling.event,
                on_look=look,
                go_on=f"Go on with {_command(folder)}.",
            )
        else:
            # The trials of a chief are run by others.
            others = _looking(look) if role().name == CHIEF else contextlib.nullcontext()
            with Heartbeat() as heartbeat, others, without_retracing_warnings():
                runner_of(plan, told, heartbeat).search()
            look()
        count()
        found = _found(plan)
        folder.forget_trainings()
        winner.write(folder, found.recipe)
        folder.update(
            status="finished",
            winner={"trial": found.best.number, "run": None, "figures": None, "base_figures": None},
        )
        if retrain:
            result = winner.retrain(
                folder, found.recipe, runs=runs, saved_models=saved_models, progress=progress
            )
            found = dataclasses.replace(found, result=result)
        report(folder)
    return found


def _check_workers(workers):
    own = role()
    if own.name != ALONE and workers > 1:
        raise RecipeError(
            f"`workers` of a search must be 1 where the processes are started one by one, as this "
            f"one is, {own.id!r} of the chief at {own.address}. Received: {workers=}. Unset "
            f"KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT to have them "
            f"started on this machine."
        )


def _found(plan):
    best = plan.folder.best()
    if not best:
        raise RecipeError(_nothing(plan.folder))
    return Found(
        folder=plan.folder.folder,
        trials=tuple(plan.folder.trials()),
        best=best[0],
        recipe=winner.recipe_of(plan, best[0]),
        result=None,
    )


def _waited_for(folder):
    """Return the search of a folder, which the chief may be about to make."""
    path = Path(folder) / SearchFolder.record_name
    end = time.monotonic() + PATIENCE_SECONDS
    while not path.is_file() and time.monotonic() < end:
        time.sleep(0.5)
    return SearchFolder.open(folder)


@contextlib.contextmanager
def _looking(look):
    """Look once a second while the body runs."""
    ended = threading.Event()

    def look_on():
        while not ended.wait(1.0):
            look()

    thread = threading.Thread(target=look_on, name="looking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


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
        raise KeyboardInterrupt(f"interrupted; go on with {_command(folder)}.") from error
    except RecipeError:
        folder.update(status="failed")
        raise
