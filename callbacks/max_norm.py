"""A bound on the incoming weights of every unit."""

import inspect

import keras

from .ranges import expect_above
from .state import Resumable


class MaxNorm(Resumable, keras.callbacks.Callback):
    """Bound the norm of the weights that lead into each unit, in every layer with a kernel.

    Puts `keras.constraints.MaxNorm` on every kernel that has no constraint of its own, so that the
    optimizer projects it after each update; embeddings, biases and the weights between the steps of
    a recurrent layer are free. The layers remember it: a model that is saved, or trained again
    without this callback, keeps it.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
    overfitting", https://jmlr.org/papers/v15/srivastava14a.html, section 5.1: with dropout and
    high rates, a bound of 3 to 4.

    Args:
        max_value: float > 0, the largest norm. Defaults to 3.

    Raises:
        ValueError: `max_value` is out of its range; when training begins, that no layer has a
            kernel.
    """

    def __init__(self, max_value=3.0):
        super().__init__()
        expect_above("MaxNorm", 0, max_value=max_value)
        self.max_value = max_value

    def on_train_begin(self, logs=None):
        """Put the constraint on the kernels."""
        found = [
            layer
            for layer in self.model._flatten_layers(include_self=False)
            if getattr(getattr(layer, "kernel", None), "name", "") == "kernel"
        ]
        if not found:
            raise ValueError(
                "The model that MaxNorm bounds must have a layer with a kernel. "
                f"Received: model {self.model.name!r} without one."
            )
        free = [layer for layer in found if layer.kernel.constraint is None]
        for layer in free:
            constraint = keras.constraints.MaxNorm(self.max_value, axis=_incoming(layer))
            layer.kernel.constraint = constraint
            if hasattr(layer, "kernel_constraint"):
                # What a saved model is made anew with.
                layer.kernel_constraint = constraint
        # A training step that was traced before knows no constraint. Whoever has put a training
        # function of another kind in Keras's place has put it there for this fit.
        if free and inspect.isfunction(self.model.train_function):
            self.model.make_train_function(force=True)


def _incoming(layer):
    """Return the axes of a kernel that lead into one unit: all but those of the outputs."""
    num_axes = len(layer.kernel.shape)
    if isinstance(layer, keras.layers.EinsumDense):
        inputs_and_kernel, outputs = layer.equation.split("->")
        kernel = inputs_and_kernel.split(",")[1]
        return [axis for axis, letter in enumerate(kernel) if letter not in outputs]
    if isinstance(
        layer,
        (
            keras.layers.Conv1DTranspose,
            keras.layers.Conv2DTranspose,
            keras.layers.Conv3DTranspose,
        ),
    ):
        # The outputs come last but one.
        return [*range(num_axes - 2), num_axes - 1]
    if isinstance(layer, (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)):
        # Each channel has filters of its own.
        return list(range(num_axes - 2))
    return list(range(num_axes - 1))
