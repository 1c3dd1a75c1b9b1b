"""One training of a trial: a recipe with a seed, without test split, report or export."""

from __future__ import annotations

import math
from functools import partial

import keras

from ..recipes import distribute, regularizing
from ..recipes.fitting import fit
from ..recipes.preparing import prepare
from ..recipes.recipe_data import batches_of
from ..recipes.runs.checkpoint import latest
from ..recipes.runs.checkpointing import Checkpointing
from ..recipes.runs.history import History
from ..recipes.steps import TrainingSteps


def trained(
    recipe, splits, place, seed, *, callbacks=(), last_epoch=None, saved=None, continued=None
):
    """Return a trained model and its history.

    Args:
        recipe: `Recipe`.
        splits: its `Splits`.
        place: `tf.distribute.Strategy`.
        seed: int >= 0.
        callbacks: callbacks beside the recipe's own. Defaults to none.
        last_epoch: int, the epoch to stop before; None is the end of the recipe.
        saved: path of the folder to save the training in, so that it can be gone on with, or None.
        continued: path of the folder that another training was saved in, to go on with that one, or
            None to begin.

    Returns:
        A pair: the compiled `keras.Model`, and a dict from metric to a list with one float an
        epoch.

    Raises:
        RecipeError: the model cannot be made or trained.
    """
    # The model of the trial before, whose graphs would stay for as long as the process.
    keras.backend.clear_session()
    model = prepare(recipe, splits, place, seed)
    restored = None if continued is None else latest(continued)
    first_step = restored.step if restored else 0
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    steps = model.train_function = TrainingSteps(model, num_steps, first_step=first_step)
    history = History()
    followers = [*(make() for make in regularizing.callbacks(recipe)), *callbacks, history]
    first_epoch = 0
    if saved is not None:
        saving = Checkpointing(
            saved,
            steps,
            followers,
            optimizers=[optimizer for optimizer, _ in recipe.task.optimizers(model)],
            seconds=math.inf,
            restored=restored,
        )
        first_epoch = saving.first_epoch(recipe.epochs)
        followers.append(saving)
    batches = distribute.training_data(
        place, recipe.batch_size, partial(batches_of, recipe, splits, seed, first_step)
    )
    fit(
        recipe,
        splits,
        model,
        batches,
        followers,
        first_epoch=first_epoch,
        last_epoch=last_epoch,
    )
    return model, history.history
