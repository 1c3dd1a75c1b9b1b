"""What all tests share: quiet libraries, two logical CPUs, and no network."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import pytest
import tensorflow as tf

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
    """The folder of prepared sets; KERASRECIPES_TEST_DATA names one that outlives the session."""
    kept = os.environ.get("KERASRECIPES_TEST_DATA")
    return Path(kept) if kept else tmp_path_factory.mktemp("data")
