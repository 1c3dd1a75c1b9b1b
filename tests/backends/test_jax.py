"""The networks run on JAX too, with the same answers, so that `keras.distribution` is open to them.

Left out where JAX is not installed. Data, tasks and training are TensorFlow's, whatever the backend
of Keras is; what is asked here is the network that `build` gives, for every recipe of the
catalogue. Public data need not be there: examples of the same form stand for them.
"""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasrecipes.recipes import catalog

pytest.importorskip("jax")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

# Relative above 1, absolute below; beside 1e-5 found, in networks of a hundred layers too.
SAME = 1e-4
# Not asked about a step: with statistics of three examples and dozens of layers it differs by 4e-4
# and 1e-2 between the backends. Their answers before it agree to 1e-5.
DEEP = ("resnet18_glyphs", "resnet50_imagenette")
ANSWERS = Path(__file__).with_name("answers.py")
PAGE = Path(__file__).parent.parent.parent / "docs" / "distributed.md"
FAMILIES = {name: entry.family for name, entry in catalog.entries().items()}


@pytest.fixture(scope="module")
def answers(tmp_path_factory, data_dir):
    """A function that gives what each backend says of the recipes of a family."""
    folder = tmp_path_factory.mktemp("answers")

    @functools.cache
    def of(family):
        names = [name for name in FAMILIES if FAMILIES[name] == family]
        said = []
        for backend in ("tensorflow", "jax"):
            file = folder / f"{family}.{backend}.npz"
            command = [sys.executable, str(ANSWERS), str(data_dir), str(file), *names]
            environment = {**os.environ, "KERAS_BACKEND": backend}
            subprocess.run(command, env=environment, check=True)
            found = dict(np.load(file))
            assert str(found.pop("backend")) == backend
            said.append(found)
        return said

    return of


@pytest.mark.parametrize("name", FAMILIES, ids=lambda name: f"{FAMILIES[name]}-{name}")
def test_the_same_answers_and_the_same_step(name, answers):
    ours, theirs = (
        {key: value for key, value in said.items() if key.startswith(f"{name}/")}
        for said in answers(FAMILIES[name])
    )
    assert set(ours) == set(theirs) and ours
    for key, value in ours.items():
        is_after_step = "/stepped/" in key or key.endswith("/losses/0.1")
        if is_after_step and name in DEEP:
            continue
        scale = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(theirs[key], value, rtol=0, atol=SAME * scale, err_msg=key)
        assert np.isfinite(value).all()
        if "/outputs/" in key:
            assert np.any(value != ours[key.replace("outputs", "stepped")]), key


PRINTED = """
kernel = model.get_layer("dense1").kernel
print("shape", *kernel.value.sharding.shard_shape(kernel.shape))
print("devices", len(kernel.value.sharding.device_set))
print("losses", *history.history["loss"])
"""


def run(program, tmp_path):
    """Run a program on four virtual devices, and return what it prints by its first word."""
    file = tmp_path / "program.py"
    file.write_text(program + PRINTED, "utf-8")
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
    }
    done = subprocess.run(
        [sys.executable, str(file)], env=environment, check=True, capture_output=True, text=True
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return {word: [float(value) for value in values] for word, *values in rows}


def test_the_example_of_the_page_divides_a_network_over_devices(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    (example,) = (block for block in blocks if "keras.distribution" in block)
    before = "import keras\nkeras.utils.set_random_seed(0)\n"
    divided = run(before + example, tmp_path)
    # Two by two: each kernel is cut in two, and each half is on two devices.
    assert divided["shape"] == [784, 256] and divided["devices"] == [4]
    model_parallel = 'ModelParallel(layout_map=layout, batch_dim_name="batch")'
    copied = example.replace(model_parallel, "DataParallel(devices=devices)")
    copies = run(before + copied, tmp_path)
    assert copies["shape"] == [784, 512] and copies["devices"] == [4]
    alone = run(before + example.replace("keras.distribution.set_distribution", ""), tmp_path)
    assert alone["shape"] == [784, 512] and alone["devices"] == [1]
    assert len(alone["losses"]) == 2
    np.testing.assert_allclose(divided["losses"], alone["losses"], rtol=1e-4)
    np.testing.assert_allclose(copies["losses"], alone["losses"], rtol=1e-4)
