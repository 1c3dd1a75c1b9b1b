"""What a data set is to the rest of the package: three splits, and what is known about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True, kw_only=True)
class IndexedSplit:
    """Examples that can be reached by their number: arrays in memory, or files to decode.

    Attributes:
        inputs: array `(num_examples, ...)` of raw inputs; of file names where `decode` is given.
        targets: array `(num_examples,)` of int labels in [0, num_classes), or of float values.
        decode: None, or a TensorFlow function from one element of `inputs` to the input tensor.
    """

    inputs: np.ndarray
    targets: np.ndarray
    decode: Callable[[tf.Tensor], tf.Tensor] | None = None

    @property
    def num_examples(self) -> int:
        return len(self.targets)

    def take(self, indices) -> IndexedSplit:
        """Return the split of the given examples, in the given order."""
        return dataclasses.replace(self, inputs=self.inputs[indices], targets=self.targets[indices])


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreamedSplit:
    """Examples that are read one after the other from TFRecord files, in flat memory.

    Attributes:
        dataset: `tf.data.Dataset` of single `(input, target)` pairs, finite, always in one order.
        num_examples: int, how many pairs it holds.
    """

    dataset: tf.data.Dataset
    num_examples: int


Split = IndexedSplit | StreamedSplit


@dataclasses.dataclass(frozen=True, kw_only=True)
class Splits:
    """A data set, ready to be turned into batches.

    Attributes:
        name: str, the name it was loaded by.
        input_name: str, the name of the model's input: "image" or "features".
        input_shape: tuple of int, the shape of one raw input, without the batch.
        input_dtype: str, its NumPy dtype: "uint8" for images, "float32" for features.
        class_names: tuple of str in the order of the labels, or None for real-valued targets.
        feature_names: tuple of str for tabular data, else None.
        train, validation, test: the splits. `test` is touched once, at the end of a run.
        licence: str. source: str, where it comes from. fingerprint: str, a hash of its content.
        notes: tuple of str: what was decided on the way (a carved split, resized images).
    """

    name: str
    input_name: str
    input_shape: tuple[int, ...]
    input_dtype: str
    class_names: tuple[str, ...] | None
    train: Split
    validation: Split
    test: Split
    licence: str
    source: str
    fingerprint: str
    feature_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int | None:
        return None if self.class_names is None else len(self.class_names)

    def describe(self) -> dict[str, Any]:
        """Return what a run's record keeps of its data, as JSON values."""
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "input_dtype": self.input_dtype,
            "class_names": None if self.class_names is None else list(self.class_names),
            "num_examples": {
                split: getattr(self, split).num_examples
                for split in ("train", "validation", "test")
            },
            "licence": self.licence,
            "source": self.source,
            "fingerprint": self.fingerprint,
            "notes": list(self.notes),
        }
