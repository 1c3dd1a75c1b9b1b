"""Members of a search without TensorFlow: small programs that do what they are told."""

import sys
import textwrap
import time

import pytest

from kerasrecipes.recipes.processes import member

HEAD = """
import os, pathlib, signal, sys, time
from kerasrecipes.tuning.cluster.heartbeat import Heartbeat

name = os.environ["KERASTUNER_TUNER_ID"]
chief = name == "chief"
here = pathlib.Path.cwd()


def life():
    "Which start of this member it is, from 1."
    number = 1
    while (here / f"{name}.{number}").exists():
        number += 1
    (here / f"{name}.{number}").write_text(str(os.getpid()))
    return number


def done(name):
    return (here / f"{name}.done").exists()


def wait_for(*names):
    while not all(map(done, names)):
        time.sleep(0.01)


life = life()
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Let members be started again soon."""
    monkeypatch.setattr(member, "FIRST_WAIT", 0.02)


@pytest.fixture
def program(tmp_path):
    """A function from the body of a program to the command that runs it."""

    def write(body, name="fake.py"):
        file = tmp_path / name
        file.write_text(HEAD + textwrap.dedent(body))
        return [sys.executable, str(file)]

    return write


@pytest.fixture
def num_lives(tmp_path):
    """A function from the name of a member to how often it was started."""
    return lambda name: len(list(tmp_path.glob(f"{name}.[0-9]*")))


@pytest.fixture
def pids(tmp_path):
    """A function that returns the process ids of all members that ever were."""
    return lambda: [int(path.read_text()) for path in tmp_path.glob("*.[0-9]*")]


def alive(pid):
    """Whether a process runs; one that has ended and is not yet asked for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true, seconds=20.0):
    """Wait until something is true, and fail where it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
