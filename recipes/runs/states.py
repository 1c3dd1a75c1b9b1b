"""The states of callbacks and random generators, as arrays and JSON values of a checkpoint."""

import random

import numpy as np


def divided(number, state, arrays):
    """Put the arrays of a callback's state among the arrays, and return what JSON can hold."""
    plain = {}
    for key, value in state.items():
        name = f"callback/{number}/{key}"
        if isinstance(value, (np.ndarray, np.generic)):
            arrays[name] = np.asarray(value)
            plain[key] = {"array": name}
        elif isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
            names = [f"{name}/{position}" for position in range(len(value))]
            arrays.update(zip(names, map(np.asarray, value), strict=True))
            plain[key] = {"arrays": names}
        else:
            plain[key] = {"value": value}
    return plain


def state_of(checkpoint, number):
    """Return the state of a callback as it was saved."""
    state = {}
    for key, held in checkpoint.plain["callbacks"][number].items():
        if "array" in held:
            state[key] = checkpoint.arrays[held["array"]]
        elif "arrays" in held:
            state[key] = [checkpoint.arrays[name] for name in held["arrays"]]
        else:
            state[key] = held["value"]
    return state


def random_state(arrays):
    """Save Python's and NumPy's generators, for the callbacks of whoever draws from them."""
    name, keys, *rest = np.random.get_state()
    arrays["random/numpy"] = keys
    version, numbers, gauss = random.getstate()
    arrays["random/python"] = np.array(numbers, np.uint64)
    return {"numpy": [name, *map(float, rest)], "python": [version, gauss]}


def set_random_state(checkpoint):
    """Put the generators back."""
    name, position, has_gauss, cached = checkpoint.plain["random"]["numpy"]
    keys = checkpoint.arrays["random/numpy"]
    np.random.set_state((name, keys, int(position), int(has_gauss), cached))
    version, gauss = checkpoint.plain["random"]["python"]
    random.setstate((version, tuple(checkpoint.arrays["random/python"].tolist()), gauss))
