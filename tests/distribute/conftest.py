"""The numbers of one device, and clusters of worker processes on this machine."""

import functools
import importlib.util
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SECONDS = 600  # for all cells of a cluster; a minute on an idle machine


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
    every = []

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
                every.append(started[-1])
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

    yield run
    for process in every:  # those of a session that was broken off
        process.kill()


@pytest.fixture(scope="session")
def of_workers(request, run_cluster, tmp_path_factory):
    """A function that gives the numbers of all cells by worker, for a number of workers.

    The clusters begin at once and run one after the other beside whatever else is tested. They
    train the cells that are asked of them in this session.
    """
    asked = {}
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "of_workers" in item.fixturenames and "num_workers" in parameters:
            asked.setdefault(parameters["num_workers"], []).append(parameters["name"])

    def trained(num_workers, names, folder):
        files = [folder / f"{number}.npz" for number in range(num_workers)]
        run_cluster(num_workers, lambda n: [HERE / "worker.py", files[n], *names], folder)
        return [dict(np.load(file)) for file in files]

    one_by_one = ThreadPoolExecutor(max_workers=1)
    found = {
        count: one_by_one.submit(trained, count, names, tmp_path_factory.mktemp(f"workers{count}"))
        for count, names in sorted(asked.items())
    }
    yield lambda num_workers: found[num_workers].result()
    # Without waiting: those that still run are ended next, by `run_cluster`.
    one_by_one.shutdown(wait=False, cancel_futures=True)
