"""Members of a job without TensorFlow: small programs that do what they are told.

A program knows its `name`, which life it is in, and what others have `done`: each start leaves a
file `NAME.LIFE` with its process id in the working folder.
"""

import contextlib
import pathlib
import sys
import textwrap
import time

COMMON = """
import os, pathlib, signal, sys, time
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


def command_of(folder, head, body, name="fake.py"):
    """Write a program that begins with a head and return the command that runs it."""
    file = folder / name
    file.write_text(head + COMMON + textwrap.dedent(body))
    return [sys.executable, str(file)]


def num_lives_in(folder, name):
    """Return how often a member was started."""
    return len(list(folder.glob(f"{name}.[0-9]*")))


def pids_in(folder):
    """Return the process ids of all members that ever were."""
    return [int(path.read_text()) for path in folder.glob("*.[0-9]*")]


def members_of(supervisor):
    """Return the process id of each member of a supervisor that lives, by its name."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pairs = (folder / "environ").read_bytes().split(b"\0")
            said = dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)
            if said.get(b"KERASRECIPES_SUPERVISOR") == str(supervisor).encode():
                beat_file = pathlib.Path(said[b"KERASRECIPES_BEAT_FILE"].decode())
                found[beat_file.name.split(".")[1]] = int(folder.name)
    return found


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
