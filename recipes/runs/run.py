"""The folder of a run, its record, and the lock that keeps two writers apart."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
from pathlib import Path

import filelock

from .. import catalog
from ..atomic import make_folder, write_text
from ..errors import RecipeError
from ..recipe import replace

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


class Run:
    """A run's folder and what is written down about it.

    Attributes:
        folder: path, `runs/<recipe>/<time>/`.
        record: dict of JSON values, the content of `run.json`; change it with `update`.
    """

    def __init__(self, folder, record):
        self.folder = Path(folder)
        self.record = record

    @classmethod
    def create(cls, root, recipe_name, **record):
        """Make the folder of a new run with its record in it, or leave nothing behind.

        Args:
            root: str or path, the folder of all runs.
            recipe_name: str.
            **record: JSON values to write down.

        Raises:
            RecipeError: the folder cannot be written.
        """
        parent = make_folder(Path(root) / recipe_name)
        started = datetime.datetime.now().astimezone()
        stamp = started.strftime("%Y%m%d-%H%M%S")
        for number in range(1, 1000):
            folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
        run = cls(folder, {**record, "started": started.isoformat(timespec="seconds")})
        try:
            run.update()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return run

    @classmethod
    def open(cls, folder):
        """Read a run that was started before.

        Raises:
            RecipeError: there is no run in the folder, or its record cannot be read.
        """
        path = Path(folder) / "run.json"
        if not path.is_file():
            raise RecipeError(
                f"{str(folder)!r} must be the folder of a run, which holds a run.json. "
                f"Received: {'a folder without one' if Path(folder).is_dir() else 'no folder'}."
            )
        try:
            record = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RecipeError(f"{str(path)!r} is damaged: {error}. Start the run anew.") from error
        missing = _NEEDED - set(record if isinstance(record, dict) else ())
        if missing:
            raise RecipeError(
                f"{str(path)!r} must be the record of a run. Received: one without "
                f"{', '.join(sorted(missing))}. Start the run anew."
            )
        return cls(folder, record)

    @contextlib.contextmanager
    def locked(self):
        """Hold the run as its only writer; the lock goes with the process, however that ends.

        Raises:
            RecipeError: another process holds it.
        """
        lock = filelock.FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise RecipeError(
                f"Run {str(self.folder)!r} is being written by another process. "
                f"Wait until that one ends, or start a run of its own."
            ) from error
        try:
            yield self
        finally:
            lock.release()

    @contextlib.contextmanager
    def interruptible(self):
        """Give an interrupt that ends the body a sentence: how the run goes on."""
        try:
            yield
        except KeyboardInterrupt as error:
            if self.record.get("resampled"):
                raise KeyboardInterrupt(
                    "interrupted; a fold or a bootstrap set is not gone on with. Run the same "
                    "command again."
                ) from error
            raise KeyboardInterrupt(
                f"interrupted; go on with `kerasrecipes train --resume "
                f"{shlex.quote(str(self.folder))}`."
            ) from error

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
        if self.record["origin"] is None:
            raise RecipeError(
                f"Run {str(self.folder)!r} was started from Python with a recipe that has no "
                f"name; give it there, as in `recipes.resume(folder, recipe=...)`."
            )
        overrides = self.record["overrides"]
        changes = {name: _with_tuples(value) for name, value in overrides.items()}
        return replace(catalog.get(self.record["origin"]), **changes)

    def check_recipe(self, recipe):
        """Check that a recipe is the one this run was started with.

        Raises:
            RecipeError: it is another one; the sentence says where it differs.
        """
        now, then = recipe.describe(), self.record["recipe"]
        for field in then:
            if now.get(field) != then[field]:
                raise RecipeError(
                    f"The recipe of run {str(self.folder)!r} must be as it was. Received: "
                    f"{field}={now.get(field)!r}, which was {then[field]!r}. Start a run anew."
                )

    def check_data(self, splits):
        """Check that the data are those this run was started with.

        Raises:
            RecipeError: they have another fingerprint.
        """
        now, then = splits.fingerprint, self.record["data"]["fingerprint"]
        if now != then:
            raise RecipeError(
                f"The data of run {str(self.folder)!r} must be as they were. Received: "
                f"{splits.name!r} with fingerprint {now}, which was {then}. Start a run anew."
            )

    def update(self, **changes):
        """Write more down, whole or not at all."""
        self.record = {**self.record, **changes}
        write_text(self.folder / "run.json", json.dumps(self.record, indent=2) + "\n")


def is_plain(value):
    """Return whether a value can be written into a record and read again as it was."""
    if isinstance(value, tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _with_tuples(value):
    # JSON knows no tuples, and `is_plain` no lists.
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


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
