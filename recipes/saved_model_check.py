"""Load a SavedModel in this process and hold its answers against those that were expected.

Run as `python -m kerasrecipes.recipes.saved_model_check SAVED_MODEL EXPECTED.npz`. It knows
TensorFlow alone, as a server does.
"""

import sys

import numpy as np
import tensorflow as tf

# Relative to the largest value of an output: float32 sums in another order differ by about 1e-6.
TOLERANCE = 1e-4


def differences(path, expected):
    """Return what differs, a list of sentences; an empty one where nothing does.

    Args:
        path: path of the SavedModel.
        expected: dict from "input/NAME" to a batch, and from "ENDPOINT/OUTPUT" to an array.
    """
    (input_key,) = (key for key in expected if key.startswith("input/"))
    signatures = tf.saved_model.load(str(path)).signatures
    feed = {input_key.removeprefix("input/"): tf.constant(expected[input_key])}
    found = []
    for endpoint in sorted({key.split("/")[0] for key in expected} - {"input"}):
        answer = signatures[endpoint](**feed)
        for key in (key for key in expected if key.startswith(f"{endpoint}/")):
            wanted = expected[key].astype("float64")
            got = answer[key.partition("/")[2]].numpy().astype("float64")
            worst = np.abs(got - wanted).max() if got.shape == wanted.shape else np.inf
            if not worst <= TOLERANCE * max(1.0, np.abs(wanted).max()):
                found.append(f"`{key}` differs by up to {worst:g}")
    return found


if __name__ == "__main__":
    with np.load(sys.argv[2]) as file:
        sentences = differences(sys.argv[1], dict(file))
    if sentences:
        sys.exit("; ".join(sentences))
