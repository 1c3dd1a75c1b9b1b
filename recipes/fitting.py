"""Keras's `fit` on a prepared model, and what a step that fails means."""

import keras
import tensorflow as tf

from . import distribute, recipe_faults
from .errors import RecipeError
from .processes.heartbeat import of_process


def fit(recipe, splits, model, batches, callbacks, *, first_epoch=0, last_epoch=None):
    """Let Keras's `fit` train a prepared model.

    Args:
        recipe: `Recipe`.
        splits: its `Splits`.
        model: what `prepare` gave, its `train_function` a `TrainingSteps`.
        batches: endless `tf.data.Dataset` of training batches, or what `distribute.training_data`
            gives, from the first step on.
        callbacks: list of callbacks.
        first_epoch: int, the epoch to begin with, counted from 0. Defaults to 0.
        last_epoch: int, the epoch to stop before; None is the end of the run. Defaults to None.

    Raises:
        NonFiniteLoss: the loss became NaN or infinite.
        WorkerLost: another worker is gone.
        RecipeError: a step failed.
    """
    held_out, num_steps = None, None
    if recipe.hold_out:
        held_out, num_steps = distribute.evaluation_data(
            model.distribute_strategy, splits.validation, recipe.batch_size, recipe.task.pair
        )
    try:
        with distribute.passes_of(model, num_steps):
            model.fit(
                batches,
                shuffle=False,  # the pipeline has shuffled
                steps_per_epoch=model.train_function.steps_per_epoch,
                validation_data=held_out,
                validation_steps=num_steps,
                initial_epoch=first_epoch,
                epochs=recipe.epochs if last_epoch is None else last_epoch,
                callbacks=[_signs_of_life(), *callbacks],
                verbose=0,
            )
    except tf.errors.OpError as error:
        if distribute.is_multiworker(model.distribute_strategy):
            distribute.check_that_all_are_there(error)
        remedy = (
            "Lower `batch_size`"
            if isinstance(error, tf.errors.ResourceExhaustedError)
            else "Look at what was changed of the recipe"
        )
        raise RecipeError(
            f"A training step failed: {recipe_faults.reason(error)} {remedy} and start anew."
        ) from error
    finally:
        of_process().rested()


def _signs_of_life():
    """Return a callback by which a supervisor hears of each call of steps."""
    progressed = of_process().progressed
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=progressed, on_test_batch_end=progressed
    )
