"""The networks run on JAX too, with the same answers, so that `keras.distribution` is open to them.

Left out where JAX is not installed. Data, tasks and training are TensorFlow's, whatever the backend
of Keras is; what is asked here is the network that `build` gives.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasrecipes.recipes import catalog, data

pytest.importorskip("jax")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

EMBEDDED = {row.name for row in data.names() if row.kind == "embedded"}
NAMES = [name for name, entry in catalog.entries().items() if entry.written.data in EMBEDDED]


@pytest.fixture(scope="module")
def answers(tmp_path_factory, data_dir):
    """What each backend says of each recipe."""
    folder = tmp_path_factory.mktemp("answers")
    program = Path(__file__).with_name("answers.py")
    said = {}
    for backend in ("tensorflow", "jax"):
        file = folder / f"{backend}.npz"
        environment = {**os.environ, "KERAS_BACKEND": backend}
        command = [sys.executable, str(program), str(data_dir), str(file), *NAMES]
        subprocess.run(command, env=environment, check=True)
        said[backend] = dict(np.load(file))
    assert [str(said[backend].pop("backend")) for backend in said] == ["tensorflow", "jax"]
    return said


@pytest.mark.parametrize("name", NAMES)
def test_the_same_answers_and_the_same_step(name, answers):
    ours = {k: v for k, v in answers["tensorflow"].items() if k.startswith(f"{name}/")}
    theirs = {k: v for k, v in answers["jax"].items() if k.startswith(f"{name}/")}
    assert set(ours) == set(theirs)
    for key, value in ours.items():
        # A step drops units that each backend draws for itself.
        tolerance = 5e-3 if key.endswith(".1") and "/losses/" in key else 1e-4
        scale = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(theirs[key], value, atol=tolerance * scale, err_msg=key)
    losses = [value for key, value in ours.items() if "/losses/" in key]
    assert all(np.isfinite(losses))
