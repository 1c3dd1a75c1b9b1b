"""The numbers that a network computes with: 32 bits, or 16 where that is faster."""

import contextlib

import keras
from keras import layers

from ..callbacks.operation_graph import functional_of

_NARROW = ("float16", "bfloat16")


@contextlib.contextmanager
def in_force(name):
    """Have layers that are made in the body compute with a precision, as `Recipe.precision` has it.

    A layer keeps the precision that it was made with, so that nothing has to be in force later.

    Args:
        name: "float32", "mixed_bfloat16" or "mixed_float16".
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def loss_scaled(optimizer, name):
    """Return an optimizer that takes the gradients of a precision.

    Gradients below 6e-8 are 0 in `mixed_float16`. So the loss is multiplied by a large number, and
    the gradients are divided by it: Micikevicius et al. 2018, "Mixed precision training",
    https://arxiv.org/abs/1710.03740, section 3.2. Where one is infinite then, the step is left out
    and the number is halved. `mixed_bfloat16` has the range of 32 bits and needs none of it.

    Args:
        optimizer: `keras.optimizers.Optimizer`.
        name: as in `in_force`.
    """
    if name != "mixed_float16":
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def answering_in_32_bits(network):
    """Return a network whose answers have 32 bits, whatever its layers compute with.

    A softmax, a loss and a metric want more digits than 3 or 4.

    Args:
        network: `keras.Model`. One that has no graph of layers is returned as it is, and so is one
            that answers in 32 bits.
    """
    graph = functional_of(network)
    if graph is None or not any(map(_is_narrow, keras.tree.flatten(graph.output))):
        return network

    def widened(tensor):
        if not _is_narrow(tensor):
            return tensor
        name = f"{tensor._keras_history.operation.name}_in_32_bits"
        return layers.Activation("linear", dtype="float32", name=name)(tensor)

    outputs = keras.tree.map_structure(widened, graph.output)
    return keras.Model(graph.input, outputs, name=network.name)


def _is_narrow(tensor):
    return keras.backend.standardize_dtype(tensor.dtype) in _NARROW
