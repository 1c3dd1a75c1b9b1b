"""The numbers of one device, and clusters of worker processes on this machine."""

import contextlib
import functools
import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SECONDS = 900  # for all cells of a cluster; a minute or two on an idle machine


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # for dataclasses, which look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def cells():
    """The module of cells, which workers import as a script's neighbour."""
    return _load("cells")


@pytest.fixture(scope="session")
def alone(cells):
    """A function that gives the numbers of a cell on one device, computed once."""
    from kerasrecipes.recipes import distribute

    return functools.cache(lambda name: cells.numbers(distribute.strategy("none"), name))


def free_addresses(count):
    """Return addresses on this machine that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    finally:
        for each in sockets:
            each.close()


@pytest.fixture(scope="session")
def run_cluster():
    """A function that runs a program once for each worker of a cluster and returns their outputs.

    It takes the number of workers, and a function from the number of a worker to its arguments.
    """

    def run(num_workers, arguments, folder):
        addresses, temporary = free_addresses(num_workers), folder / "temporary"
        temporary.mkdir()
        started = []
        for number in range(num_workers):
            config = {
                "cluster": {"worker": addresses},
                "task": {"type": "worker", "index": number},
            }
            with open(folder / f"worker-{number}.log", "wb") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, *map(str, arguments(number))],
                        env={
                            **os.environ,
                            "TF_CONFIG": json.dumps(config),
                            "TMPDIR": str(temporary),
                        },
                        cwd=folder,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        try:
            codes = [process.wait(timeout=SECONDS) for process in started]
        finally:
            for process in started:
                process.kill()
        logs = [
            (folder / f"worker-{number}.log").read_text("utf-8", "replace")
            for number in range(num_workers)
        ]
        assert codes == [0] * num_workers, "\n".join(log[-2000:] for log in logs)
        return logs

    return run


@pytest.fixture(scope="session")
def of_workers(run_cluster, tmp_path_factory):
    """A function that gives the numbers of all cells by worker, for a number of workers."""

    @functools.cache
    def folder_of(num_workers):
        folder = tmp_path_factory.mktemp(f"workers{num_workers}")
        # A cluster that fails takes minutes, and is asked for by every cell: it fails once.
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            run_cluster(num_workers, lambda n: [HERE / "worker.py", folder / f"{n}.npz"], folder)
        return folder

    def numbers(num_workers):
        folder = folder_of(num_workers)
        paths = [folder / f"{number}.npz" for number in range(num_workers)]
        log = (folder / "worker-0.log").read_text("utf-8", "replace")[-2000:]
        assert all(path.is_file() for path in paths), log
        return [dict(np.load(path)) for path in paths]

    return numbers
