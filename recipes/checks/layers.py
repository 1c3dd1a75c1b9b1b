"""The first answers of each layer: the scale of the input, dead units, saturated activations."""

import keras
import numpy as np

from .finding import Finding, NotApplicable, listed
from .listening import heard, own_kernels

# Examples that are looked at: enough that a unit which answers to none of them is dead.
NUM_EXAMPLES = 128
_NORMALISATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)
# The share of a layer from which on it is worth a word, and from which on it is spoilt.
_MUCH, _NEARLY_ALL = 0.5, 0.95
# How near to its bounds an activation is flat: the derivative of tanh is below 0.06 there.
_FLAT = 0.03


def input_scale(rehearsal):
    """Look at what the first layer with weights receives: its mean and its deviation.

    Weights begin at a size that is made for inputs of about a unit (Glorot and Bengio 2010).
    """
    calls, _ = heard(rehearsal, rehearsal.first_rows(NUM_EXAMPLES)[0], training=True)
    number = next((n for n, call in enumerate(calls) if own_kernels(call.layer)), None)
    if number is None:
        raise NotApplicable("no layer was heard to multiply with weights")
    layer, given = calls[number].layer, calls[number].given
    if given is None or not np.issubdtype(given.dtype, np.floating):
        raise NotApplicable(f"{layer.name!r} takes whole numbers, and looks them up")
    given = given.astype("float64")
    mean, deviation = float(given.mean()), float(given.std())
    found = f"{layer.name!r} receives mean {mean:.3g}, deviation {deviation:.3g}"
    size = float(np.sqrt(mean**2 + deviation**2))
    if deviation == 0:
        advice = "All inputs are one number: look at what is read, and at what comes before."
        return Finding("input scale", "fail", found, advice)
    behind = next((call.layer for call in calls[number + 1 :]), None)
    if isinstance(behind, _NORMALISATIONS):
        found += f"; {behind.name!r} behind it takes the scale out"
        return Finding("input scale", "pass", found)
    advice = (
        "Bring the input to mean 0 and deviation 1 (`Normalization`, adapted to the training "
        "split), or to [0, 1] (`Rescaling(1 / 255)`)."
    )
    if size > 20 or size < 1e-3:
        return Finding("input scale", "fail", found, advice)
    if size > 5 or size < 0.02 or _uneven(given):
        found += "; the features are of very different size" if _uneven(given) else ""
        return Finding("input scale", "warn", found, advice)
    return Finding("input scale", "pass", found)


def _uneven(given):
    """Return whether the features of a table differ in size by more than a hundred."""
    if given.ndim != 2:
        return False
    sizes = given.std(axis=0)
    sizes = sizes[sizes > 0]
    return len(sizes) > 0 and sizes.max() > 100 * np.median(sizes)


def dead_units(rehearsal):
    """Find units with a ReLU that answer to no example of a batch, by layer."""
    found = {}
    for layer, outputs in _by_activation(rehearsal, ("relu", "relu6")):
        units = outputs.reshape(-1, outputs.shape[-1])
        found[layer.name] = float(np.mean(np.all(units <= 0, axis=0)))
    if not found:
        raise NotApplicable("no layer has a ReLU")
    advice = (
        "Their gradient is 0: begin with a bias of 0 and He's initialisation, lower the learning "
        "rate, or take a leaky ReLU."
    )
    return _judged("dead units", found, "never answer on a batch", advice)


def saturated(rehearsal):
    """Find sigmoids and tanhs at their bounds, where they are flat, by layer."""
    found = {}
    for layer, outputs in _by_activation(rehearsal, ("sigmoid", "hard_sigmoid")):
        found[layer.name] = float(np.mean((outputs < _FLAT) | (outputs > 1 - _FLAT)))
    for layer, outputs in _by_activation(rehearsal, ("tanh",)):
        found[layer.name] = float(np.mean(np.abs(outputs) > 1 - _FLAT))
    if not found:
        raise NotApplicable("no layer has a sigmoid or tanh")
    advice = "They are flat there: begin with smaller weights, and scale the input."
    return _judged("saturated activations", found, "at a bound", advice)


def _judged(check, shares, words, advice):
    bad = {name: share for name, share in shares.items() if share > _MUCH}
    if not bad:
        name = max(shares, key=shares.get)
        return Finding(check, "pass", f"at most {shares[name]:.0%} {words}, in {name!r}")
    told = listed(f"{name!r} {share:.0%}" for name, share in bad.items())
    verdict = "fail" if max(bad.values()) >= _NEARLY_ALL else "warn"
    return Finding(check, verdict, f"{words}: {told}", advice)


def _by_activation(rehearsal, names):
    """Yield the layers of an activation, each with all that it answered to a batch."""
    x = rehearsal.first_rows(NUM_EXAMPLES)[0]
    together = {}
    for call in rehearsal.remember("heard", lambda: heard(rehearsal, x)[0]):
        # A recurrent layer's is the activation of what it adds to its memory, and not of its answer
        # alone; its cell is asked in its place.
        asked = _activation(call.layer) in names and not isinstance(call.layer, keras.layers.RNN)
        if asked and call.outputs and call.outputs[0].ndim > 1:
            together.setdefault(call.layer, []).append(call.outputs[0])
    for layer, outputs in together.items():
        width = outputs[0].shape[-1]
        yield layer, np.concatenate([one.reshape(-1, width) for one in outputs])


def _activation(layer):
    if isinstance(layer, keras.layers.ReLU):
        return "relu" if not layer.negative_slope else ""
    return getattr(getattr(layer, "activation", None), "__name__", "")
