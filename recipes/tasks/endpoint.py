"""What an export offers: a named function of tensors, and what it is checked with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.dropout_passes import DropoutPasses

# Examples that an export is checked with, of the validation split.
NUM_CHECKED = 16


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One signature of an export.

    Attributes:
        function: callable of tensors, in the order of `inputs`, returning a dict from name to
            tensor. It has no state and draws no random number but from a seed that it is given.
        inputs: tuple of named `tf.TensorSpec`; the batch comes first and is None where it is free.
        example: tuple of arrays that fit `inputs`, which the export must answer as Python does.
    """

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: tuple[tf.TensorSpec, ...]
    example: tuple[np.ndarray, ...]

    def answer(self):
        """Return what the function gives for the example, a dict from name to array."""
        pairs = zip(self.example, self.inputs, strict=True)
        given = (tf.constant(array, spec.dtype) for array, spec in pairs)
        return {name: value.numpy() for name, value in self.function(*given).items()}


def on_raw_input(function, splits):
    """Return the endpoint of a function that takes what the model takes.

    Args:
        function: callable of the raw input, or of the dict of them where there are several.
        splits: the `Splits` that say what a raw input is; checked with examples for validation.
    """
    count = min(NUM_CHECKED, splits.validation.num_examples)
    inputs, _ = splits.validation.examples(range(count))

    def of_tensors(*tensors):
        return function(keras.tree.pack_sequence_as(splits.inputs, tensors))

    return Endpoint(
        of_tensors,
        tuple(tf.TensorSpec((None, *s.shape), s.dtype, name=s.name) for s in splits.specs),
        tuple(keras.tree.flatten(inputs)),
    )


def of_classes(model, splits, name="label"):
    """Return the endpoint of a model of logits: `logits`, `probabilities`, and the likeliest class.

    Args:
        model: `keras.Model` from raw input to logits, the classes along the last axis.
        splits: `Splits`.
        name: str, what the likeliest class is called. Defaults to "label".
    """

    def serving_default(inputs):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        return {
            "logits": logits,
            "probabilities": tf.nn.softmax(logits),
            name: tf.argmax(logits, axis=-1),
        }

    return on_raw_input(serving_default, splits)


def of_dropout_passes(model, splits, num_passes):
    """Return the endpoint of a classifier asked many times with dropout on.

    It takes what the model takes and a `seed`, and gives `mean` and `deviation` of the
    probabilities over the passes, `(batch, classes)`, and the `entropy` of the mean, `(batch,)`, in
    nats. The same seed and the same batch give the same answer; it moves nothing in the model.

    Args:
        model: `keras.Model` of logits `(batch, classes)` with at least one dropout layer.
        splits: `Splits`.
        num_passes: int >= 1.
    """
    passes = DropoutPasses(model, num_passes)
    plain = on_raw_input(lambda inputs: inputs, splits)

    def mc_dropout(*tensors):
        *given, seed = tensors
        inputs = keras.tree.pack_sequence_as(splits.inputs, given)
        probabilities = tf.nn.softmax(passes.answers(inputs, seed))
        mean = tf.reduce_mean(probabilities, axis=0)
        return {
            "mean": mean,
            "deviation": tf.math.reduce_std(probabilities, axis=0),
            "entropy": -tf.reduce_sum(tf.math.xlogy(mean, mean), axis=-1),
        }

    seed = tf.TensorSpec((), "int32", name="seed")
    return Endpoint(mc_dropout, (*plain.inputs, seed), (*plain.example, np.int32(0)))
