"""What a data set is to the rest of the package: three splits, and what is known about them."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RecipeError

if TYPE_CHECKING:
    import tensorflow as tf


# The target that no loss and no figure counts.
IGNORED = -1


@dataclasses.dataclass(frozen=True)
class Spec:
    """One raw input of a model.

    Attributes:
        name: str, what the input is called: "image", "features", "source", ...
        shape: tuple of int, one example without the batch; None where a length is free.
        dtype: str, its NumPy dtype.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Split(abc.ABC):
    """Examples, and the batches that they make.

    A training batch is a function of the seed and its step, and of nothing else: `keys` says what
    stands for each batch of an epoch, and `reader` turns that into the batch. That is what lets a
    run that was killed go on with the very batch it had not seen yet: no pipeline has a position
    to save.

    Inputs are an array, or a dict of arrays by name; targets are an array. A target of -1 is not
    counted: a class to be ignored, padding, a node without a label.

    Attributes:
        divisible: bool, whether examples can be chosen one by one, so that a split that is missing
            can be carved out of this one.
        num_examples: int, how many examples there are.
        targets: array of all targets in order, `(num_examples, ...)`; a stream is passed over.
    """

    divisible = False
    num_examples: int
    targets: np.ndarray

    @abc.abstractmethod
    def keys(
        self, batch_size: int, seed: int, epoch: tf.Tensor, rows: slice | None = None
    ) -> tf.data.Dataset:
        """Return the finite data set of what stands for each batch of an epoch.

        Args:
            batch_size: int >= 1.
            seed: int >= 0, decides the order.
            epoch: int64 tensor, counted from 0.
            rows: `slice` of the rows of each batch that are wanted, with a start and a stop, those
                of one worker among several; None for all. Defaults to None.
        """

    @abc.abstractmethod
    def reader(self):
        """Return a TensorFlow function from an element of `keys` to a batch `(inputs, targets)`."""

    @abc.abstractmethod
    def ordered(self, batch_size: int) -> tf.data.Dataset:
        """Return the split once, in its own order, the last batch as small as it comes.

        Returns:
            `tf.data.Dataset` of `(inputs, targets)`, of known cardinality.
        """

    def parts(self, bounds) -> tf.data.Dataset:
        """Return some of the examples in order, in batches of given bounds.

        A worker reads its share of a pass in this way. What cannot be reached by its number is read
        and passed over.

        Args:
            bounds: list of pairs `(first, end)` of example numbers, rising, none of them empty.
        """
        return chosen(self.ordered(256).unbatch(), bounds)

    @abc.abstractmethod
    def examples(self, indices):
        """Return chosen examples as arrays `(inputs, targets)`, in the order asked for."""

    @abc.abstractmethod
    def first(self, num_examples: int) -> Split:
        """Return the split of the first examples, as many as there are at most."""

    def arrays(self) -> list[np.ndarray]:
        """Return what of the content lies in memory, to be hashed. Defaults to nothing."""
        return []

    def steps_per_epoch(self, batch_size: int) -> int:
        """Return how many training steps an epoch has: the whole batches in it, at least one.

        What is left over once the batches are full is left out, another handful each epoch; so
        every step has one shape and replicas share it evenly.

        Raises:
            RecipeError: the batch is larger than the split.
        """
        if batch_size > self.num_examples:
            raise RecipeError(
                f"`batch_size` must be at most the number of training examples, "
                f"{self.num_examples}. Received: batch_size={batch_size}."
            )
        return self.num_examples // batch_size


@dataclasses.dataclass(frozen=True, kw_only=True)
class Splits:
    """A data set, ready to be turned into batches.

    Attributes:
        name: str, the name it was loaded by.
        inputs: `Spec` of the one raw input, or a dict from name to `Spec` where there are several;
            batches then hold a dict of the same names.
        class_names: tuple of str in the order of the labels, or None for targets that are none.
        feature_names: tuple of str for tabular data, else None.
        vocabularies: dict from the name of a text to its tokens, in the order of their ids.
        train, validation, test: the splits. `test` is touched once, at the end of a run.
        licence: str. source: str, where it comes from. fingerprint: str, a hash of its content.
        notes: tuple of str: what was decided on the way (a carved split, resized images).
    """

    name: str
    inputs: Spec | dict[str, Spec]
    class_names: tuple[str, ...] | None
    train: Split
    validation: Split
    test: Split
    licence: str
    source: str
    fingerprint: str
    feature_names: tuple[str, ...] | None = None
    vocabularies: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def input_shape(self):
        """The shape of the one raw input, or a dict from name to shape where there are several."""
        if isinstance(self.inputs, Spec):
            return self.inputs.shape
        return {name: spec.shape for name, spec in self.inputs.items()}

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The raw inputs in the order in which a structure of them is flattened: by name."""
        if isinstance(self.inputs, Spec):
            return (self.inputs,)
        return tuple(self.inputs[name] for name in sorted(self.inputs))

    @property
    def num_classes(self) -> int | None:
        return None if self.class_names is None else len(self.class_names)

    def describe(self) -> dict[str, Any]:
        """Return what a run's record keeps of its data, as JSON values."""
        return {
            "name": self.name,
            "inputs": [
                {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}
                for spec in self.specs
            ],
            "class_names": None if self.class_names is None else list(self.class_names),
            "vocabulary_sizes": {name: len(tokens) for name, tokens in self.vocabularies.items()},
            "num_examples": {
                split: getattr(self, split).num_examples
                for split in ("train", "validation", "test")
            },
            "licence": self.licence,
            "source": self.source,
            "fingerprint": self.fingerprint,
            "notes": list(self.notes),
        }


def chosen(dataset, bounds):
    """Return some elements of a data set in order, in batches of given bounds.

    Args:
        dataset: `tf.data.Dataset` of single elements.
        bounds: list of pairs `(first, end)` of element numbers, rising, none of them empty.
    """
    import tensorflow as tf

    first, end = (tf.constant(side, tf.int64) for side in zip(*bounds, strict=True))

    def is_in_one(number, *_):
        place = tf.searchsorted(first, number[None], side="right")[0] - 1
        return tf.logical_and(place >= 0, number < end[tf.maximum(place, 0)])

    numbered = dataset.enumerate().filter(is_in_one)
    return numbered.map(lambda _, element: element).batch(1).rebatch(end - first)
