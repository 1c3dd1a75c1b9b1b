"""One step of Keras's recurrent cells from their weights, with the product of the input outside."""

import keras
import tensorflow as tf

from ..errors import RecipeError


def parts(cell):
    """Return what a step of a cell is made of.

    Args:
        cell: `keras.layers.LSTMCell`, `GRUCell` with its reset gate behind the product, or
            `SimpleRNNCell`, with Keras's own activations.

    Returns:
        A triple: the kernel, the bias, and a function from `inputs @ kernel + bias` and the list
        of states to the output and the list of new states.

    Raises:
        RecipeError: the cell is of another kind.
    """
    kernel = tf.convert_to_tensor(cell.kernel)
    recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
    bias = tf.convert_to_tensor(cell.bias)
    if isinstance(cell, keras.layers.LSTMCell):
        return kernel, bias, lambda projected, states: _lstm(projected, states, recurrent)
    if isinstance(cell, keras.layers.GRUCell) and cell.reset_after:
        return (
            kernel,
            bias[0],
            lambda projected, states: _gru(projected, states, recurrent, bias[1]),
        )
    if isinstance(cell, keras.layers.SimpleRNNCell):
        return kernel, bias, lambda projected, states: _simple(projected, states, recurrent)
    raise RecipeError(
        f"A recurrent cell must be one of char_rnn.build. Received: {type(cell).__name__}."
    )


def _lstm(projected, states, recurrent):
    output, memory = states
    write, keep, candidate, show = tf.split(projected + tf.matmul(output, recurrent), 4, axis=1)
    memory = tf.sigmoid(keep) * memory + tf.sigmoid(write) * tf.tanh(candidate)
    output = tf.sigmoid(show) * tf.tanh(memory)
    return output, [output, memory]


def _gru(projected, states, recurrent, bias):
    (output,) = states
    inner = tf.matmul(output, recurrent) + bias
    keep_in, reset_in, candidate_in = tf.split(projected, 3, axis=1)
    keep, reset, candidate = tf.split(inner, 3, axis=1)
    keep, reset = tf.sigmoid(keep_in + keep), tf.sigmoid(reset_in + reset)
    candidate = tf.tanh(candidate_in + reset * candidate)
    output = keep * output + (1 - keep) * candidate
    return output, [output]


def _simple(projected, states, recurrent):
    (output,) = states
    output = tf.tanh(projected + tf.matmul(output, recurrent))
    return output, [output]
