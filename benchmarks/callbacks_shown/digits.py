"""The data and the networks that the pictures share."""

import keras
import numpy as np

from kerasrecipes.recipes import data


def digits(num_examples=None):
    """Return the handwritten digits of 8x8 pixels, flat and in [0, 1].

    Args:
        num_examples: int >= 1, the first of the training split; None takes all. Defaults to None.

    Returns:
        Two pairs `(x, y)`: the examples to learn from; and those to validate with, the validation
        split and what is left of the training split.
    """
    splits = data.load("digits")
    parts = (splits.train, splits.validation)
    x = np.concatenate([part.inputs for part in parts])
    y = np.concatenate([part.targets for part in parts])
    x = x.reshape(len(x), -1) / 255.0
    end = num_examples or splits.train.num_examples
    return (x[:end], y[:end]), (x[end:], y[end:])


def network(*hidden, optimizer, inputs=(64,)):
    """Return a compiled classifier of ten classes with these hidden layers."""
    model = keras.Sequential(
        [keras.Input(inputs), *hidden, keras.layers.Dense(10, name="logits")], name="digits"
    )
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def rectifiers(num_layers, width=64, *, dropout=None):
    """Return dense layers of rectifiers with the initialisation that is made for them.

    Args:
        num_layers: int >= 1.
        width: int >= 1, units of each. Defaults to 64.
        dropout: float in (0, 1), the rate of a dropout behind each, or None for none. Defaults to
            None.
    """
    layers = []
    for number in range(1, num_layers + 1):
        name = f"hidden{number}"
        layers.append(keras.layers.Dense(width, "relu", kernel_initializer="he_normal", name=name))
        if dropout is not None:
            layers.append(keras.layers.Dropout(dropout))
    return layers
