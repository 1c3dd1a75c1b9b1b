"""Standing between a layer and whoever calls it, for a while."""

import contextlib


@contextlib.contextmanager
def wrapped_call(layer, around):
    """Have every call of a layer go through a function while the body runs.

    Args:
        layer: `keras.layers.Layer`.
        around: function `(call, *arguments, **keywords)` in whose place the layer is called; it
            calls `call`, the layer's own, or not, and returns the outputs.
    """
    call, own = layer.call, vars(layer).get("call")

    def call_around(*arguments, **keywords):
        return around(call, *arguments, **keywords)

    # Past Keras's own `__setattr__`, which would track the function as a part of the layer.
    object.__setattr__(layer, "call", call_around)
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
        if own is not None:
            object.__setattr__(layer, "call", own)
