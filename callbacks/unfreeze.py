"""Freeze the base of a model for some epochs, then let its top move at a low rate."""

import math

import keras

from .ranges import expect_whole
from .state import Resumable


class Unfreeze(Resumable, keras.callbacks.Callback):
    """Hold the gates of a model shut until an epoch begins, and open them then.

    A gate is any layer with a variable `opening`, which its gradients are multiplied by, such as
    `recipes.layers.GradientGate`. Keras's own way, setting `trainable` between two calls of `fit`,
    needs a second `compile`, which forgets the optimizer and cannot be taken up in the middle.

    There is nothing to remember: the opening is a function of the epoch alone, and so a fit that
    is taken up again at any epoch goes on as it would have.

    Args:
        epoch: int >= 0, how many epochs the gates stay shut.
        opening: float > 0, what they are set to from then on: the part of the learning rate that
            is left to the layers before the gate, with plain or momentum SGD. Defaults to 0.1.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, epoch, opening=0.1):
        super().__init__()
        expect_whole("Unfreeze", 0, epoch=epoch)
        if not (isinstance(opening, (int, float)) and math.isfinite(opening) and opening > 0):
            raise ValueError(
                f"`opening` of Unfreeze must be a number above 0. Received: {opening=}."
            )
        self.epoch = epoch
        self.opening = opening

    def on_train_begin(self, logs=None):
        """Look for the gates.

        Raises:
            ValueError: the model has none.
        """
        if not any(True for _ in gates(self.model)):
            raise ValueError(
                f"The model that Unfreeze is to open must have a gate, a layer with a variable "
                f"`opening`. Received: model {self.model.name!r} without one. Put "
                "`layers.GradientGate` behind the part that is to be frozen first."
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Shut the gates, or open them."""
        for gate in gates(self.model):
            gate.opening.assign(self.opening if epoch >= self.epoch else 0.0)


def gates(model):
    """Return the gates of a model, layers with a variable `opening`, nested ones too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from gates(layer)
        elif hasattr(getattr(layer, "opening", None), "assign"):
            yield layer
