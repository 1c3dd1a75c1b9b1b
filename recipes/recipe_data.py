"""A recipe's data: the splits that it learns from, and its training batches."""

import dataclasses

from . import data
from .data.pipeline import training_batches
from .recipe_faults import check_divisible
from .regularizing import augmentations


def splits_of(recipe, data_dir=None):
    """Return the `Splits` that a recipe learns from.

    Args:
        recipe: `Recipe`; one that holds nothing out has the validation split in the training
            split too.
        data_dir: str or path where data sets are kept; None is tensorflow-datasets's own folder.

    Raises:
        RecipeError: the data are not to be had, or two of their splits cannot be joined.
    """
    splits = data.load(recipe.data, data_dir=data_dir)
    return splits if recipe.hold_out else trained_on_all(splits)


def trained_on_all(splits):
    """Return splits whose training split holds the validation split too.

    Raises:
        RecipeError: their examples cannot be chosen one by one.
    """
    check_divisible(splits)
    return dataclasses.replace(
        splits,
        train=splits.train.joined(splits.validation),
        fingerprint=f"{splits.fingerprint}-with-validation",
        notes=(*splits.notes, "train: with the validation split, which is not held out"),
    )


def batches_of(recipe, splits, seed, first_step=0, rows=None, part=(0, 1)):
    """Return the endless data set of a recipe's training batches, from a given step on.

    Args:
        recipe: `Recipe`.
        splits: its `Splits`.
        seed: int >= 0, decides the order and what is drawn at random.
        first_step: int, the step to begin with, counted over all epochs. Defaults to 0.
        rows: `slice` of the rows of each batch that are wanted, or None for all. Defaults to None.
        part: which of the steps are wanted, see `training_batches`. Defaults to all.

    Raises:
        RecipeError: the batch is larger than the split, or an augmentation does not fit the data.
    """
    return training_batches(
        splits.train,
        recipe.batch_size,
        seed=seed,
        augment=augmentations(recipe, splits),
        pair=recipe.task.pair,
        first_step=first_step,
        rows=rows,
        part=part,
    )
