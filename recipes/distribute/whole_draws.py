"""Noise and dropout that N replicas draw as one does.

A layer of Keras draws for the rows that it is given, and its seed is the same on every replica: row
i of one replica and row i of the next lose the same units, and one device draws something else.
"""

import keras
from keras import ops

from ..replicas import drawn, num_replicas, num_rows

# Those whose output is their input times, or plus, what they draw. Spatial dropout is a `Dropout`.
_FACTORS = (keras.layers.Dropout, keras.layers.GaussianDropout)
_TERMS = (keras.layers.GaussianNoise,)


def draw_for_all(model):
    """Have the dropout and noise layers of a model draw for the batch of all replicas.

    Each replica draws the whole and keeps its rows (`replicas.drawn`). Layers that draw inside
    of others' cells, as the `dropout` of an LSTM, are left as they are.

    Args:
        model: `keras.Model`, changed in place; outside of a strategy's step nothing changes.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, (*_FACTORS, *_TERMS)) and not hasattr(layer, "draws_for_all"):
            _stand_between(layer)


def _stand_between(layer):
    call, is_factor = layer.call, isinstance(layer, _FACTORS)

    def call_for_all(inputs, training=False):
        if not training or num_replicas() == 1:
            return call(inputs, training=training)
        # What is drawn comes out of the layer where ones, or zeros, go in.
        made = ops.ones if is_factor else ops.zeros
        shape = ops.shape(inputs)[1:]
        noise = drawn(
            lambda n: call(made((n, *shape), inputs.dtype), training=True), num_rows(inputs)
        )
        return inputs * noise if is_factor else inputs + noise

    # Past Keras's own `__setattr__`, which would track the function as a part of the layer.
    object.__setattr__(layer, "call", call_for_all)
    object.__setattr__(layer, "draws_for_all", True)
