"""The main job: from a recipe to a trained, tested, reported and exported model."""

import contextlib
import time
from functools import partial
from pathlib import Path

from . import catalog, distribute, regularizing
from .atomic import check_folder
from .checks.long_run import look_before_a_long_run
from .data.service import check_service, served
from .errors import RecipeError, check_seed
from .fitting import fit
from .preparing import prepare
from .recipe import Recipe, Result, replace
from .recipe_data import batches_of, splits_of
from .rehearsals.subject import of_run
from .runs.checkpoint import latest
from .runs.checkpointing import Checkpointing
from .runs.finish import finish
from .runs.follow import followers
from .runs.history import History
from .runs.meeting import meet
from .runs.revisit import result_of
from .runs.run import Run, hardware, is_plain, versions
from .scaling import check_scale, scaled
from .steps import NonFiniteLoss, TrainingSteps


def train(
    recipe,
    *,
    seed=0,
    strategy="auto",
    scale=None,
    runs="runs",
    folder=None,
    saved_models="saved_models",
    data_dir=None,
    checkpoint_seconds=60.0,
    progress=True,
    splits=None,
    data_service=None,
    **overrides,
):
    """Train a recipe, test it once, and leave a report and a SavedModel behind.

    Args:
        recipe: str, a name of the catalogue or the path of a recipe script; or a `Recipe`.
        seed: int >= 0. The same seed gives the same run, to the bit on one CPU. Defaults to 0.
        strategy: str, see `distribute.strategy`. Defaults to "auto".
        scale: "linear" or "square_root": the recipe's batch is that of each replica, and its
            learning rate grows with the number of replicas by that rule (see `scaling.scaled`).
            None, all replicas share the batch, and the run is that of one device. Defaults to None.
        runs: str or path of the folder that takes the run's own. Defaults to "runs".
        folder: str or path of the run's own folder, where it must be known before. A run that is
            there is gone on with, and where it is finished, nothing is trained. So the same call
            can be made until it returns. Defaults to None, a new folder under `runs`.
        saved_models: str or path of the folder that takes the export; None exports nothing.
            Defaults to "saved_models".
        data_dir: str or path where data sets are kept; None is tensorflow-datasets's own folder.
        checkpoint_seconds: float >= 0, how long an epoch may go on before the run is saved within
            it; it is saved at the end of each epoch, but for those shorter than a second. Defaults
            to 60.
        progress: bool, whether to show progress on the terminal. Defaults to True.
        splits: `Splits` to learn from in place of those that the recipe names, as the folds of a
            cross-validation are; nobody can go back to such a run by its folder. Defaults to None.
        data_service: str, "grpc://host:port" of a data server that makes the training batches, or
            several with commas between; the batches are the same. Defaults to None, this process.
        **overrides: fields of the recipe to replace, such as `epochs=3`.

    Returns:
        `Result`, the trained model in it. Of several workers the chief alone writes the run, tests
        and exports; the others have no figures and no folder.

    Raises:
        UnknownField: an override is not a field of a recipe; it is a `TypeError` too.
        RecipeError: anything else that one sentence explains.
    """
    chosen = replace(catalog.get(recipe), **overrides)
    check_seed(seed)
    check_scale(scale)
    check_service(data_service)
    # Now, and not once the training is done.
    check_folder(runs if folder is None else folder)
    if saved_models is not None:
        check_folder(saved_models)
    if folder is not None and (Path(folder) / Run.record_name).is_file():
        return _go_on(folder, chosen, seed, scale, progress, data_service)
    # First of all: the workers of a cluster cannot be joined once TensorFlow has been used.
    meet(chosen, seed, strategy, scale=scale, goes_on=False)
    place = distribute.strategy(strategy)
    changes = scaled(chosen, scale, place.num_replicas_in_sync)
    overrides, chosen = {**overrides, **changes}, replace(chosen, **changes)
    named = splits is None
    with distribute.chief_first(place):
        splits = splits_of(chosen, data_dir) if named else splits
    model = prepare(chosen, splits, place, seed)
    record = {
        "status": "training",
        # A name can be looked up again by whoever resumes the run; a value of the caller's cannot.
        "origin": str(recipe)
        if named and not isinstance(recipe, Recipe) and all(map(is_plain, overrides.values()))
        else None,
        "overrides": {key: value if is_plain(value) else None for key, value in overrides.items()},
        "recipe": chosen.describe(),
        "seed": seed,
        "strategy": strategy,
        "scale": scale and [scale, place.num_replicas_in_sync],
        # Whole paths, since whoever goes on with the run may stand in another folder.
        "saved_models": None if saved_models is None else str(Path(saved_models).resolve()),
        "data_dir": None if data_dir is None else str(Path(data_dir).resolve()),
        "resampled": not named,
        "checkpoint_seconds": checkpoint_seconds,
        "data": splits.describe(),
        "versions": versions(),
        "hardware": hardware(place),
        "seconds": 0.0,
    }
    with contextlib.ExitStack() as stack:
        if not distribute.is_chief(place):
            run = stack.enter_context(Run.unkept(record))
        elif folder is None:
            run = Run.create(runs, chosen.name, **record)
        else:
            run = Run.create_at(folder, **record)
        stack.enter_context(run.locked())
        stack.enter_context(run.interruptible())
        return _fit(run, chosen, splits, model, progress, data_service=data_service)


def resume(folder, *, recipe=None, progress=True, data_service=None):
    """Go on with a run that was killed, to the same weights as if it had not been.

    Args:
        folder: str or path of the run.
        recipe: the `Recipe` of the run, overrides included, where `train` was given a value and
            not a name. Defaults to None, which looks the recipe up by its name.
        progress: bool, whether to show progress on the terminal. Defaults to True.
        data_service: str, see `train`; it need not be that of before. Defaults to None.

    Returns:
        `Result`.

    Raises:
        RecipeError: the run is not there, is finished, is damaged, is being written, or its
            recipe or data have changed.
    """
    run = Run.open(folder)
    chosen = run.recipe() if recipe is None else recipe
    run.check_recipe(chosen)
    run.check_unfinished()
    check_service(data_service)
    meet(chosen, run.record["seed"], run.record["strategy"], goes_on=True)
    place = distribute.strategy(run.record["strategy"])
    kept = run.folder
    with contextlib.ExitStack() as stack:
        if not distribute.is_chief(place):
            run = stack.enter_context(Run.unkept(run.record))
        stack.enter_context(run.locked())
        run.read_again()
        run.check_unfinished()
        with distribute.chief_first(place):
            splits = splits_of(chosen, run.record["data_dir"])
        run.check_data(splits)
        model = prepare(chosen, splits, place, run.record["seed"])
        restored = latest(kept / "checkpoint")
        distribute.check_same(
            place, restored.step if restored else 0, f"checkpoint in {str(kept)!r}"
        )
        run.update(status="training")
        stack.enter_context(run.interruptible())
        return _fit(run, chosen, splits, model, progress, restored, data_service)


def _go_on(folder, recipe, seed, scale, progress, data_service):
    """Go on with the run of a folder, which must be of this recipe, seed and scale."""
    run = Run.open(folder)
    then = run.record.get("scale") or [None, 1]
    for what, now, before in (("seed", seed, run.record["seed"]), ("scale", scale, then[0])):
        if now != before:
            raise RecipeError(
                f"The {what} of run {str(folder)!r} must be as it was. Received: {now}, which was "
                f"{before}. Start a run anew."
            )
    recipe = replace(recipe, **scaled(recipe, *then))
    run.check_recipe(recipe)
    if run.record["status"] == "finished":
        return result_of(folder, recipe=recipe)
    return resume(folder, recipe=recipe, progress=progress, data_service=data_service)


def _fit(run, recipe, splits, model, progress, restored=None, data_service=None):
    """Train from the beginning, or from a checkpoint on; test, report and export."""
    seed, place = run.record["seed"], model.distribute_strategy
    first_step = restored.step if restored else 0
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    steps = model.train_function = TrainingSteps(model, num_steps, first_step=first_step)
    history = History(run.folder / "history.csv")
    callbacks = [
        *(make() for make in regularizing.callbacks(recipe)),
        *followers(run, recipe, splits, progress and distribute.is_chief(place)),
        history,
    ]
    saving = Checkpointing(
        run.folder / "checkpoint",
        steps,
        callbacks,
        optimizers=[optimizer for optimizer, _ in recipe.task.optimizers(model)],
        seconds=run.record["checkpoint_seconds"],
        restored=restored,
        wanted=((f"val_{recipe.expected.metric}", recipe.expected.better), ("val_loss", "lower")),
        writes=distribute.is_chief(place),
        totals=partial(distribute.totals, place) if distribute.is_multiworker(place) else None,
    )
    make = partial(batches_of, recipe, splits, seed, first_step)
    if data_service is not None:
        make = served(make, data_service)
    batches = distribute.training_data(place, recipe.batch_size, make)
    # Not again where a run goes on; and the checks take their steps on one device.
    if restored is None and place.num_replicas_in_sync == 1:
        look_before_a_long_run(of_run(recipe, splits, model, seed, batches))
    begin = time.monotonic()
    try:
        with saving.notice:
            fit(
                recipe,
                splits,
                model,
                batches,
                [*callbacks, saving],
                first_epoch=saving.first_epoch(recipe.epochs),
            )
    except NonFiniteLoss as error:
        run.update(status="failed", failure=str(error))
        kept = sorted((run.folder / "checkpoint").glob("step-*.npz"))
        raise RecipeError(
            f"{error} Lower `learning_rate`, now {recipe.learning_rate:g}, or look at the data of "
            f"that batch. "
            + (f"The last good checkpoint is {str(kept[-1])!r}." if kept else "Nothing was saved.")
        ) from error
    except RecipeError as error:
        run.update(status="failed", failure=str(error))
        raise
    run.update(seconds=run.record["seconds"] + time.monotonic() - begin)
    if distribute.is_multiworker(place):
        return _finish_alone(run, recipe, splits, model, history.history)
    if recipe.precision != "float32":
        model = _of_one_device(run, recipe, splits, model)
    return finish(run, recipe, splits, model, history.history)


def _finish_alone(run, recipe, splits, model, history):
    """Let the chief test and write what all workers have trained, while the others wait for it."""
    place = model.distribute_strategy
    # Whatever is asked of it asks nothing of the others.
    own = _of_one_device(run, recipe, splits, model)
    if distribute.is_chief(place):
        result = finish(run, recipe, splits, own, history)
    else:
        result = Result(
            recipe=recipe,
            seed=run.record["seed"],
            model=own,
            splits=splits,
            history=history,
            figures={},
            reached=None,
            run=None,
            saved_model=None,
            seconds=run.record["seconds"],
        )
    distribute.wait_for_all(place)
    return result


def _of_one_device(run, recipe, splits, model):
    """Return a model of one device, in 32 bits, with the weights that were trained elsewhere."""
    plain = replace(recipe, precision="float32")
    own = prepare(plain, splits, distribute.strategy("none"), run.record["seed"])
    pairs = [(own.weights, model.weights)]
    of_both = (recipe.task.optimizers(each) for each in (own, model))
    for (mine, _), (shared, _) in zip(*of_both, strict=True):
        # What scales a loss has an optimizer within.
        pairs.append((mine.variables, getattr(shared, "inner_optimizer", shared).variables))
    for variables, trained in pairs:
        for variable, value in zip(variables, trained, strict=True):
            variable.assign(value.numpy())
    return own
