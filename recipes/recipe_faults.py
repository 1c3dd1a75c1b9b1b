"""What may be wrong with the parts that a recipe brings along, told in one sentence."""

import contextlib

import keras
import tensorflow as tf

from ..callbacks.dropout_switch import stochastic_layers
from . import regularizing
from .errors import RecipeError, lines_of, near_names
from .tasks.task import Task


def check_task(recipe):
    """Check that a recipe's task is one, and evaluates to what the recipe expects.

    Raises:
        RecipeError: it is not so.
    """
    if not isinstance(recipe.task, Task):
        raise RecipeError(
            f"`task` of recipe {recipe.name!r} must be a Task. Received: task={recipe.task!r}."
        )
    if recipe.expected.metric not in recipe.task.figures:
        raise RecipeError(
            f"`expected` of recipe {recipe.name!r} must name one of the figures of its task: "
            f"{', '.join(recipe.task.figures)}. Received: {recipe.expected.metric!r}."
            + near_names(recipe.expected.metric, recipe.task.figures)
        )


def check_shareable(recipe, place):
    """Check that a recipe's task runs under a strategy.

    Raises:
        RecipeError: it does not share a training step, and the strategy has several replicas.
    """
    if not recipe.task.shareable and place.num_replicas_in_sync > 1:
        raise RecipeError(
            f"Recipe {recipe.name!r} must be trained on one device, since its training step cannot "
            f"be shared. Received: {place.num_replicas_in_sync} replicas. Take strategy='none'."
        )


def check_callbacks(recipe):
    """Check that a recipe's factories of callbacks make some, which watch what there is.

    Raises:
        TypeError: one makes something else.
        RecipeError: one watches the validation split, which the recipe does not hold out.
    """
    for make in regularizing.callbacks(recipe):
        if not isinstance(callback := make(), keras.callbacks.Callback):
            raise TypeError(f"{callback!r} in `callbacks` is no keras.callbacks.Callback")
        if not recipe.hold_out and str(getattr(callback, "monitor", "")).startswith("val_"):
            raise RecipeError(
                f"`hold_out` of recipe {recipe.name!r} must be True for its "
                f"{type(callback).__name__}, which watches {callback.monitor!r}. "
                f"Received: hold_out=False."
            )


@contextlib.contextmanager
def told_plainly(recipe):
    """Turn whatever the making of a recipe's model raises into one sentence.

    Raises:
        RecipeError: the body raised anything.
    """
    try:
        yield
    except RecipeError:
        raise
    except Exception as error:  # whatever a recipe's own functions may raise
        raise RecipeError(
            f"The model of recipe {recipe.name!r} could not be made: {type(error).__name__}, "
            f"{reason(error)} Look at what was changed of the recipe, or at its script."
        ) from error


def reason(error):
    """Return the line of an error that says what happened, without TensorFlow's stack."""
    chosen = lines_of(error)[-1 if isinstance(error, tf.errors.OpError) else 0]
    return chosen.rstrip(".")[:300] + "."


def check_classes(recipe):
    """Refuse a recipe whose answers are no probabilities of classes.

    Raises:
        RecipeError: they are none.
    """
    if not recipe.task.has_classes:
        raise RecipeError(
            f"The task of recipe {recipe.name!r} must give one class for each example to say how "
            f"sure it is. Received: {type(recipe.task).__name__}. Take a recipe of classes, such "
            f"as 'cnn_glyphs'."
        )


def check_dropout(model):
    """Refuse a model without dropout.

    Raises:
        RecipeError: it has none.
    """
    if not stochastic_layers(model):
        raise RecipeError(
            f"Model {model.name!r} must have a dropout layer for Monte Carlo dropout. Received: "
            f"one without. Take a recipe with dropout, such as 'cnn_glyphs' or 'mlp_digits'."
        )


def check_divisible(splits):
    """Refuse data whose examples cannot be chosen one by one.

    Raises:
        RecipeError: they cannot.
    """
    if not splits.train.divisible:
        raise RecipeError(
            f"The examples of {splits.name!r} must be such that each can be chosen by its number. "
            f"Received: a {type(splits.train).__name__}. Take data that fit into memory, such as "
            f"'glyphs'."
        )
