"""What goes into each layer of a model, and what comes out."""

import contextlib
import typing

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.wrapped_call import wrapped_call


class Heard(typing.NamedTuple):
    """One call of a layer.

    Attributes:
        layer: the `keras.layers.Layer`.
        given: array, the first of its inputs, or None.
        outputs: list of arrays.
    """

    layer: keras.layers.Layer
    given: np.ndarray | None
    outputs: list[np.ndarray]


def heard(rehearsal, x, *, training=False):
    """Call a model and return every call of a layer in it, in their order, and the answers.

    The layers of nested models are heard, not the models. A layer that is called several times is
    heard as often; one inside a loop that TensorFlow compiles is not.

    Args:
        rehearsal: `Rehearsal`.
        x: inputs of the model.
        training: bool, whether as in training. Defaults to False.
    """
    calls = []
    with contextlib.ExitStack() as stack:
        for layer in rehearsal.model._flatten_layers(include_self=False):
            if not isinstance(layer, (keras.Model, keras.layers.InputLayer)):
                stack.enter_context(_listening(layer, calls))
        answers = rehearsal.answers(x, training=training)
    return calls, answers


def own_kernels(layer):
    """Return the weights that a layer of its own multiplies with: those of several axes."""
    return [weight for weight in layer._trainable_variables if len(weight.shape) > 1]


def _listening(layer, calls):
    def listen_and_call(call, *arguments, **keywords):
        outputs = call(*arguments, **keywords)
        if tf.executing_eagerly():
            given = _arrays((arguments, keywords))
            calls.append(Heard(layer, given[0] if given else None, _arrays(outputs)))
        return outputs

    return wrapped_call(layer, listen_and_call)


def _arrays(structure):
    return [
        np.asarray(leaf)
        for leaf in keras.tree.flatten(structure)
        if isinstance(leaf, tf.Tensor) and (leaf.dtype.is_floating or leaf.dtype.is_integer)
    ]
