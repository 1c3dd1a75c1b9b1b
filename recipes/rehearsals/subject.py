"""What is looked at before a run: a compiled model and its data, from a recipe or from anybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from ..data.pipeline import training_batches
from ..errors import RecipeError, check_whole
from ..recipe_data import batches_of

# Examples that are read in one go where all are looked at.
_READ_TOGETHER = 256
# The order in which arrays are read: a shuffle, the same each time.
_SEED = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """A compiled model and the batches that it is going to be trained on.

    Whatever is looked at before a run takes a subject, and does not ask where it comes from.

    Attributes:
        name: str, what the model is called.
        model: built and compiled `keras.Model`.
        batches: endless `tf.data.Dataset` of training batches as `fit` sees them, `(x, y)` or
            `(x, y, sample_weight)`.
        plain_batches: function without arguments that returns the same without augmentation.
        batch_size: int >= 1, examples a batch.
        num_steps: int >= 1, training steps of the whole run.
        train: function without arguments that returns the finite `tf.data.Dataset` of batches of
            the training examples in their own order. These are functions, since a data set of
            arrays holds a copy of them.
        test: the same of the test examples, or None where there are none. Defaults to None.
    """

    name: str
    model: keras.Model
    batches: tf.data.Dataset
    plain_batches: Callable[[], tf.data.Dataset]
    batch_size: int
    num_steps: int
    train: Callable[[], tf.data.Dataset]
    test: Callable[[], tf.data.Dataset] | None = None


def of_run(recipe, splits, model, seed, batches=None):
    """Return the subject of a run that is going to be.

    Args:
        recipe: `Recipe`.
        splits: its `Splits`.
        model: its compiled model, as `preparing.prepare` makes it.
        seed: int >= 0, the seed of the run.
        batches: its training batches, where they are made already. Defaults to None.
    """
    make = partial(
        training_batches, splits.train, recipe.batch_size, seed=seed, pair=recipe.task.pair
    )
    return Subject(
        name=recipe.name,
        model=model,
        batches=batches_of(recipe, splits, seed) if batches is None else batches,
        plain_batches=make,
        batch_size=recipe.batch_size,
        num_steps=recipe.epochs * splits.train.steps_per_epoch(recipe.batch_size),
        train=partial(splits.train.ordered, _READ_TOGETHER),
        test=partial(splits.test.ordered, _READ_TOGETHER),
    )


def of_model(model, data, *, test=None, batch_size=32, epochs=1):
    """Return the subject that anybody's compiled model and data are.

    Args:
        model: built and compiled `keras.Model`.
        data: `(x, y)` or `(x, y, sample_weight)`, arrays or structures of arrays `(examples, ...)`;
            or a finite `tf.data.Dataset` of such batches.
        test: the same of other examples, or None. Defaults to None.
        batch_size: int >= 1, examples a training step of arrays; a data set has its own batches.
            Defaults to 32.
        epochs: int >= 1, passes of the run that is planned. Defaults to 1.

    Raises:
        RecipeError: the model is not compiled or not built, or the data do not fit it.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        received = type(model).__name__
        what = "one that is not compiled" if isinstance(model, keras.Model) else f"a {received}"
        raise RecipeError(
            f"`model` must be a compiled keras.Model. Received: {what}. Call `model.compile` with "
            "an optimizer and a loss first."
        )
    if not model.built:
        raise RecipeError(
            f"Model {model.name!r} must have its weights already. Received: one that is not built. "
            "Give it an `Input`, or call it on a batch first."
        )
    if model.optimizer is None:
        raise RecipeError(
            f"Model {model.name!r} must be compiled with an optimizer. Received: none."
        )
    check_whole("a rehearsal", 1, batch_size=batch_size, epochs=epochs)
    train, num_examples = _batched(data, "data", batch_size)
    _check_shapes(model, train.element_spec[0])
    if isinstance(data, tf.data.Dataset):
        batches = train
        batch_size, steps_per_epoch = _sizes(train)
    else:
        batch_size = min(batch_size, num_examples)
        steps_per_epoch = num_examples // batch_size
        order = np.random.default_rng(_SEED).permutation(num_examples)
        shuffled = keras.tree.map_structure(lambda array: array[order], _arrays(data))
        batches = tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size, True)
    tested = None if test is None else _batched(test, "test", batch_size)[0]
    batches = batches.repeat().prefetch(tf.data.AUTOTUNE)
    return Subject(
        name=model.name,
        model=model,
        batches=batches,
        plain_batches=lambda: batches,
        batch_size=batch_size,
        num_steps=max(1, steps_per_epoch * epochs),
        train=lambda: train,
        test=None if tested is None else lambda: tested,
    )


def _arrays(data):
    return tuple(keras.tree.map_structure(np.asarray, part) for part in data)


def _batched(data, name, batch_size):
    """Return a finite data set of batches, and how many examples arrays hold."""
    if isinstance(data, tf.data.Dataset):
        if not isinstance(data.element_spec, tuple) or len(data.element_spec) not in (2, 3):
            raise RecipeError(
                f"`{name}` must be a data set of batches (x, y) or (x, y, sample_weight). "
                f"Received: elements {data.element_spec}."
            )
        if data.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise RecipeError(
                f"`{name}` must end, so that an epoch has a length. Received: an endless data set. "
                "Give one epoch of it, with `.take(steps_per_epoch)`."
            )
        return data, None
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise RecipeError(
            f"`{name}` must be (x, y), (x, y, sample_weight) or a tf.data.Dataset of such batches. "
            f"Received: {type(data).__name__}."
        )
    arrays = _arrays(data)
    lengths = {len(array) if array.ndim else 0 for array in keras.tree.flatten(arrays)}
    if len(lengths) != 1 or lengths == {0}:
        raise RecipeError(
            f"The arrays of `{name}` must hold equally many examples, at least one. "
            f"Received: {sorted(lengths)}."
        )
    (num_examples,) = lengths
    return tf.data.Dataset.from_tensor_slices(arrays).batch(batch_size), num_examples


def _sizes(dataset):
    """Return how large the first batch of a data set is, and how many batches there are."""
    for batch in dataset.take(1):
        batch_size = int(keras.tree.flatten(batch)[0].shape[0])
        count = int(dataset.cardinality())
        return batch_size, count if count > 0 else int(dataset.reduce(0, lambda n, *_: n + 1))
    raise RecipeError("`data` must hold at least one batch. Received: none.")


def _check_shapes(model, given):
    """Check inputs against what a model says of itself; one that says nothing is tried later."""
    expected = keras.tree.flatten(getattr(model, "inputs", None) or [])
    given = keras.tree.flatten(given)
    if not expected:
        return
    fits = len(expected) == len(given) and all(
        tf.TensorShape(tuple(one.shape[1:])).is_compatible_with(tf.TensorShape(two.shape[1:]))
        for one, two in zip(expected, given, strict=True)
    )
    if not fits:
        raise RecipeError(
            f"The inputs of `data` must have the shape {_told(expected)} that model "
            f"{model.name!r} takes. Received: {_told(given)}."
        )


def _told(tensors):
    return ", ".join(str(tuple(tensor.shape[1:])) for tensor in tensors)
