"""What all tests share: quiet libraries, two logical CPUs, and no network."""

import dataclasses
import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

# Before any other use of TensorFlow: strategies are tested on two logical devices.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    """Run every test in a folder of its own, so that nothing lands in the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """The folder of prepared sets, one for all processes of the session.

    KERASRECIPES_TEST_DATA names one that outlives it.
    """
    from kerasrecipes.recipes import data

    kept = os.environ.get("KERASRECIPES_TEST_DATA")
    folder = Path(kept) if kept else _of_the_session(tmp_path_factory) / "data"
    # Those that a command loads before it refuses: what preparing them says is not its sentence.
    for name in ("digits", "diabetes", "wine"):
        data.load(name, data_dir=folder)
    return folder


def _of_the_session(tmp_path_factory):
    """Return the temporary folder of the session, in which each process of several has its own."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def load_few(data_dir):
    """Load the first examples of a set: an embedded one's own, a public one's as mock data."""
    from kerasrecipes.recipes import data

    @functools.cache
    def load(name):
        row = next(row for row in data.names() if row.name in (name, name.partition("#")[0]))
        if row.needs_network:
            with tfds.testing.mock_data(num_examples=400):
                return few(data.load(name, data_dir=data_dir))
        return few(data.load(name, data_dir=data_dir))

    return load


def few(splits):
    """Return the splits with a few examples each, so that a step costs milliseconds."""
    parts = ("train", "validation", "test")
    first = {part: getattr(splits, part).first(64) for part in parts}
    # Another data set, and so of another fingerprint: what is remembered of the whole is not its.
    return dataclasses.replace(splits, **first, fingerprint=f"{splits.fingerprint}-few")
