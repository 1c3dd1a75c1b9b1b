"""Figures of what a layer puts out and of the gradients it is given, on a small batch."""

import keras
import numpy as np

from . import observe

# A sigmoid beyond 0.05 and 0.95 has less than a fifth of its largest slope left; a tanh, which is
# a sigmoid stretched to [-1, 1], beyond -0.9 and 0.9.
_SATURATION = {"sigmoid": (0.05, 0.95), "tanh": (-0.9, 0.9)}


def of_activations(model, x):
    """Measure the outputs of every layer.

    Args:
        model: a built `keras.Model`.
        x: array or structure of arrays, the inputs `(batch, ...)`.

    Returns:
        Dict from a layer's path to a pair: its outputs, flat float32 `(num_values,)`, and a dict of
        floats:

        - `mean` and `deviation` of the values;
        - `example_deviation`, the deviation of a unit between the examples, as the root mean square
          over the units: 0 where all examples look the same;
        - `zeros`, the share of values that are exactly 0;
        - `saturated`, the share that lies where a sigmoid or a tanh is flat (outside of
          [0.05, 0.95] or [-0.9, 0.9]); NaN for other layers;
        - `dead`, the share of units (of the last axis) of a rectifier that are 0 for every example
          and position; NaN for other layers.
    """
    kinds = {path: _kind(layer) for path, layer in observe.layers(model)}
    found = {}
    for path, outputs in observe.outputs(model, x).items():
        values = observe.flat(outputs).numpy()
        low, high = _SATURATION.get(kinds[path], (np.nan, np.nan))
        found[path] = (
            values,
            {
                **_summary(values),
                "example_deviation": _between_examples(outputs),
                "saturated": np.mean((values < low) | (values > high)) if low == low else np.nan,
                "dead": _dead(outputs) if kinds[path] in ("relu", "relu6") else np.nan,
            },
        )
    return found


def of_gradients(model, x, y):
    """Measure the gradients of the loss for every layer with weights, all its variables together.

    Args:
        model: a built and compiled `keras.Model` whose loss `compute_loss` gives.
        x: array or structure of arrays, the inputs `(batch, ...)`.
        y: array or structure of arrays, the targets `(batch, ...)`.

    Returns:
        Dict from a layer's path to a pair: its gradients, flat float32 `(num_values,)`, and a dict
        of floats: `mean`, `deviation`, `zeros` and `root_mean_square`.
    """
    by_layer = {}
    for path, gradient in observe.gradients(model, x, y).items():
        by_layer.setdefault(path.rpartition("/")[0] or path, []).append(gradient)
    found = {}
    for path, gradients in by_layer.items():
        values = observe.flat(gradients).numpy()
        size = np.sqrt(np.mean(np.square(values, dtype=np.float64)))
        found[path] = values, {**_summary(values), "root_mean_square": size}
    return found


def _summary(values):
    # Sums of millions of 32-bit values lose digits.
    return {
        "mean": np.mean(values, dtype=np.float64),
        "deviation": np.std(values, dtype=np.float64),
        "zeros": 1 - np.count_nonzero(values) / max(values.size, 1),
    }


def _between_examples(outputs):
    variances = [np.ravel(np.var(np.asarray(value, np.float32), axis=0)) for value in outputs]
    return np.sqrt(np.mean(np.concatenate(variances), dtype=np.float64))


def _dead(outputs):
    units = [np.any(np.reshape(value, (-1, value.shape[-1])), axis=0) for value in outputs]
    # A layer that is called several times has units that live if any call wakes them.
    alive = np.any(units, axis=0) if len({len(each) for each in units}) == 1 else np.hstack(units)
    return 1 - np.mean(alive)


def _kind(layer):
    """Return the name of the function that ends a layer, or "" where its outputs are none of it."""
    if isinstance(layer, keras.layers.ReLU):
        # A leaky one has no zeros, and one with a threshold is no rectifier.
        return "" if layer.negative_slope or layer.threshold else "relu"
    # The output of an LSTM is that of a gate times that of its activation.
    if hasattr(layer, "recurrent_activation"):
        return ""
    return getattr(getattr(layer, "activation", None), "__name__", "")
