"""Members of a search without TensorFlow."""

from functools import partial

import pytest

from kerasrecipes.recipes.processes import member

from ...fake_members import command_of, num_lives_in, pids_in

HEAD = """
import os
from kerasrecipes.tuning.cluster.heartbeat import Heartbeat

name = os.environ["KERASTUNER_TUNER_ID"]
chief = name == "chief"
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Let members be started again soon."""
    monkeypatch.setattr(member, "FIRST_WAIT", 0.02)


@pytest.fixture
def program(tmp_path):
    """A function from the body of a program to the command that runs it."""
    return partial(command_of, tmp_path, HEAD)


@pytest.fixture
def num_lives(tmp_path):
    """A function from the name of a member to how often it was started."""
    return partial(num_lives_in, tmp_path)


@pytest.fixture
def pids(tmp_path):
    """A function that returns the process ids of all members that ever were."""
    return partial(pids_in, tmp_path)
