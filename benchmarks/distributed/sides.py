"""Trainings that are measured in turn, each in processes of its own, bound to cores."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

from kerasrecipes.recipes.processes import become
from kerasrecipes.recipes.processes.supervision import HOST, free_ports

MEMBER = pathlib.Path(__file__).with_name("member.py")
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


class Side:
    """A training by one process or several, which waits until it is its turn.

    Args:
        cores: list with the cores of each process, lists of int. A process has as many threads as
            cores, as under `kerasrecipes launch`.
        together: bool, whether they are the workers of one training; else each trains by itself.
        threads_per_operation: int or None, threads that share an operation; None is one a core.
        **spec: what `member.py` is to do.
    """

    def __init__(self, cores, together=False, threads_per_operation=None, **spec):
        ports = free_ports(len(cores))
        self.processes = []
        for index, own in enumerate(cores):
            environment = {name: str(len(own)) for name in THREADS}
            if threads_per_operation is not None:
                environment["TF_NUM_INTRAOP_THREADS"] = str(threads_per_operation)
            if together:
                environment["TF_CONFIG"] = json.dumps(
                    {
                        "cluster": {"worker": [f"{HOST}:{port}" for port in ports]},
                        "task": {"type": "worker", "index": index},
                    }
                )
            self.processes.append(
                subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", become.__file__, str(os.getpid())),
                        ",".join(map(str, own)),
                        *(sys.executable, str(MEMBER), json.dumps(spec)),
                    ],
                    env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )

    def answer(self):
        """Return what the slowest process says next, once all have said it."""
        found = []
        for process in self.processes:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"A process ended with {process.wait()}.")
            found.append(json.loads(line))
        return max(found)

    def turn(self):
        """Let all processes take their turn, and return what the slowest found."""
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()
        return self.answer()

    def close(self):
        """End the processes."""
        for process in self.processes:
            with contextlib.suppress(OSError):
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def in_turn(sides, num_rounds, say=print):
    """Start all sides, measure each in every round, and end them.

    Args:
        sides: dict from name to the arguments of its `Side`.
        num_rounds: int.
        say: function of a line that tells how far it is.

    Returns:
        dict from name to the answers of all rounds.
    """
    with contextlib.ExitStack() as stack:
        started = {}
        for name, arguments in sides.items():
            started[name] = Side(**arguments)
            stack.callback(started[name].close)
        for side in started.values():
            side.answer()  # what came of the epoch that compiles
        found = {name: [] for name in sides}
        for number in range(num_rounds):
            # What comes second in every round would get the warmer or the busier machine each time.
            for name in list(started)[:: 1 if number % 2 == 0 else -1]:
                found[name].append(started[name].turn())
            last = {name: found[name][-1] for name in found}
            say(f"round {number + 1}: {last}")
    return found
