"""A run's folder and its record, and what it computes on and with."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shlex
import sys
import tempfile
from pathlib import Path

from ..errors import RecipeError
from ..processes.heartbeat import SUPERVISOR
from ..processes.notice import TERMINATED, sigterm_raises
from .recorded_folder import RecordedFolder

PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets")

# What a record must hold for anybody to come back to the run.
_NEEDED = {
    "status",
    "origin",
    "overrides",
    "recipe",
    "seed",
    "strategy",
    "saved_models",
    "data_dir",
    "checkpoint_seconds",
    "data",
    "seconds",
}


class Run(RecordedFolder):
    """A run's folder, `runs/<recipe>/<time>/`, and what is written down about it."""

    record_name = "run.json"
    what = "run"
    resumed_by = "recipes.resume"
    needed = _NEEDED
    is_kept = True

    @classmethod
    @contextlib.contextmanager
    def unkept(cls, record):
        """Give a run with a record, for a worker that is not the one that writes.

        What is written to it goes with the body.
        """
        with tempfile.TemporaryDirectory(prefix="kerasrecipes-") as folder:
            run = cls.create_at(folder, **record)
            run.is_kept = False
            yield run

    def check_unfinished(self):
        """Check that there is something to go on with.

        Raises:
            RecipeError: the run is finished.
        """
        if self.record["status"] == "finished":
            raise RecipeError(
                f"Run {str(self.folder)!r} must be unfinished to go on. Received: a finished one. "
                f"Start a longer one with `kerasrecipes train {self.record['recipe']['name']} "
                f"--epochs ...`."
            )

    @contextlib.contextmanager
    def interruptible(self):
        """Give Ctrl-C or SIGTERM that ends the body a sentence: how the run goes on.

        SIGTERM raises `SystemExit` with 143, at once or, while steps are taken, once the run is
        saved. Since nobody sees the message of that, it is printed.
        """
        try:
            with sigterm_raises():
                yield
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"interrupted; {self._go_on()}") from error
        except SystemExit as stop:
            if stop.code == TERMINATED:
                step = getattr(stop, "step", None)
                saved = "" if step is None else f" and saved after step {step}"
                # Whoever started this process says how its job goes on.
                more = "." if os.environ.get(SUPERVISOR) else f"; {self._go_on()}"
                print(f"kerasrecipes: stopped by SIGTERM{saved}{more}", file=sys.stderr)
            raise

    def _go_on(self):
        if not self.is_kept:
            return "the first worker says how to go on."
        if self.record.get("resampled"):
            return "a fold or a bootstrap set is not gone on with. Run the same command again."
        return f"go on with `kerasrecipes train --resume {shlex.quote(str(self.folder))}`."

    def recipe(self):
        """Return the recipe of the run, looked up again by its name, overrides included.

        Raises:
            RecipeError: the run was started from Python with a value that has no name, or on
                splits that have none.
        """
        if self.record.get("resampled"):
            raise RecipeError(
                f"Run {str(self.folder)!r} must be of data that have a name to be gone back to. "
                f"Received: a run of a fold or a bootstrap set. Its figures are in its run.json."
            )
        return super().recipe()


def is_plain(value):
    """Return whether a value can be written into a record and read again as it was."""
    if isinstance(value, tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def versions():
    """Return the versions a run depends on, from package name to version."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, "kerasrecipes"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def hardware(strategy):
    """Return what a run computes on, as JSON values."""
    import tensorflow as tf

    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "num_cores": _num_cores(),
        "gpus": [
            tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in tf.config.list_physical_devices("GPU")
        ],
        "strategy": type(strategy).__name__,
        "num_replicas": strategy.num_replicas_in_sync,
    }


def machine():
    """Return the cores, the processor and the system that this runs on, in a line."""
    return f"{_num_cores()} cores of {_processor()}, {platform.system()}"


def _num_cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
