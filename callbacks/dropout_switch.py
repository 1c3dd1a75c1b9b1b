"""Switching dropout on, and nothing else: for Monte Carlo dropout."""

import contextlib

import keras
import tensorflow as tf

from .wrapped_call import wrapped_call

# Those that draw in training and pass everything through else. Spatial dropout is a `Dropout`.
STOCHASTIC = (
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
)


def stochastic_layers(operation):
    """Return the dropout layers in a model or layer, itself included."""
    if not isinstance(operation, keras.layers.Layer):
        return []
    return [layer for layer in operation._flatten_layers() if isinstance(layer, STOCHASTIC)]


@contextlib.contextmanager
def switched_on(layers, key):
    """Run the body with dropout on, drawing from a key; updates of variables are dropped.

    Args:
        layers: list of layers, as `stochastic_layers` gives them.
        key: integer tensor `(2,)`. Each layer draws from it apart, and from nothing else.
    """
    states = [
        (
            layer.seed_generator.state,
            tf.cast(tf.random.experimental.stateless_fold_in(key, number), tf.int64),
        )
        for number, layer in enumerate(layers)
        if hasattr(layer, "seed_generator")  # a rate of 0 has none
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(keras.StatelessScope(states, collect_losses=True))
        for layer in layers:
            stack.enter_context(_training(layer))
        yield


def _training(layer):
    """Call a layer as in training, whatever it is told."""
    return wrapped_call(
        layer, lambda call, *args, **kwargs: call(*args, **{**kwargs, "training": True})
    )
