"""Load a SavedModel in this process and hold its answers against those that were expected.

Run as `python -m kerasrecipes.recipes.serving.saved_model_check SAVED_MODEL EXPECTED.npz`. It knows
TensorFlow alone, as a server does.
"""

import sys

import numpy as np
import tensorflow as tf

# Relative to the largest value of an output: float32 sums in another order differ by about 1e-6.
TOLERANCE = 1e-4
# The share of a mask's pixels that may be of another class: where two classes are equally likely,
# the last digit decides.
UNDECIDED = 1e-3


def differences(path, expected):
    """Return what differs, a list of sentences; an empty one where nothing does.

    Args:
        path: path of the SavedModel.
        expected: dict from "ENDPOINT/input/NAME" to what it is fed with, and from
            "ENDPOINT/output/NAME" to what it must answer.
    """
    signatures = tf.saved_model.load(str(path)).signatures
    found = []
    for endpoint in sorted({key.split("/")[0] for key in expected}):
        feed = {key: tf.constant(array) for key, array in _part(expected, endpoint, "input")}
        answer = signatures[endpoint](**feed)
        for name, wanted in _part(expected, endpoint, "output"):
            is_mask = wanted.dtype.kind in "iu" and wanted.ndim > 2
            wanted = wanted.astype("float64")
            got = answer[name].numpy().astype("float64")
            if is_mask and got.shape == wanted.shape and np.mean(got != wanted) <= UNDECIDED:
                continue
            worst = np.abs(got - wanted).max(initial=0) if got.shape == wanted.shape else np.inf
            if not worst <= TOLERANCE * max(1.0, np.abs(wanted).max(initial=0)):
                found.append(f"`{endpoint}/{name}` differs by up to {worst:g}")
    return found


def _part(expected, endpoint, kind):
    start = f"{endpoint}/{kind}/"
    return [(key.removeprefix(start), expected[key]) for key in expected if key.startswith(start)]


if __name__ == "__main__":
    with np.load(sys.argv[2]) as file:
        sentences = differences(sys.argv[1], dict(file))
    if sentences:
        sys.exit("; ".join(sentences))
