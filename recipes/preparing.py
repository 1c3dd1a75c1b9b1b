"""From a recipe and its data to a compiled model, made under a strategy."""

from functools import partial

import keras
import tensorflow as tf

from . import distribute, precision, recipe_faults, regularizing
from .optimizers import clipped_after_reduction, fused

# Steps taken in one call: enough that the way from Python to the loop and back does not count
# beside the smallest model's step (0.1 ms), few enough that a large one's call ends within seconds.
STEPS_PER_EXECUTION = 32


def prepare(recipe, splits, place, seed):
    """Return the compiled model of a recipe, made under a strategy.

    Args:
        recipe: `Recipe`.
        splits: the `Splits` to learn from.
        place: `tf.distribute.Strategy`.
        seed: int >= 0, decides the initial weights.

    Raises:
        RecipeError: recipe, data and strategy do not fit one another.
    """
    recipe_faults.check_task(recipe)
    # First, since no batch size would help.
    recipe_faults.check_shareable(recipe, place)
    distribute.shared_evenly(recipe.batch_size, place)
    distribute.check_examples(splits, place)
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    keras.utils.set_random_seed(seed)
    # Never 0: TensorFlow takes a seed of (0, tensor), as a stream's shuffle has, for a Python bool.
    tf.random.set_seed(seed + 1)
    with (
        recipe_faults.told_plainly(recipe),
        place.scope(),
        precision.in_force(recipe.precision),
    ):
        recipe_faults.check_callbacks(recipe)
        regularizing.augmentations(recipe, splits)  # which tells what does not fit, before a run is
        model = recipe.task.assemble(recipe, splits)
        rate = partial(recipe.schedule, recipe.learning_rate, num_steps, recipe.epochs)

        def make_optimizer():
            optimizer = recipe.optimizer(learning_rate=rate())
            optimizer = regularizing.decaying(optimizer, model, recipe.regularization)
            return precision.loss_scaled(
                fused(clipped_after_reduction(optimizer)), recipe.precision
            )

        recipe.task.compile(
            model,
            make_optimizer,
            steps_per_execution=min(STEPS_PER_EXECUTION, num_steps),
        )
        # Their variables are there from now on, so that a checkpoint is restored into them.
        optimizers = recipe.task.optimizers(model)
        for optimizer, variables in optimizers:
            optimizer.build(variables)
        return distribute.adapt(model, [optimizer for optimizer, _ in optimizers])
