"""A folder of its own for a run or a search, its record, and the lock against a second writer."""

from __future__ import annotations

import contextlib
import datetime
import json
import shutil
from pathlib import Path

import filelock

from .. import catalog
from ..atomic import make_folder, write_text
from ..errors import RecipeError
from ..recipe import replace


class RecordedFolder:
    """A folder and the JSON record in it.

    Attributes:
        folder: path.
        record: dict of JSON values, the content of the record; change it with `update`.
        record_name: str, the file name of the record.
        what: str, what the folder is of, for its errors.
        resumed_by: str, the function that goes on with it, for its errors.
        needed: set of str, what a record must hold for anybody to come back to it.
    """

    record_name: str
    what: str
    resumed_by: str
    needed: frozenset[str] | set[str]

    def __init__(self, folder, record):
        self.folder = Path(folder)
        self.record = record

    @classmethod
    def create(cls, root, name, **record):
        """Make a new folder `root/name/<time>` with its record in it, or leave nothing behind.

        Args:
            root: str or path, the folder of all of them.
            name: str, that of the recipe.
            **record: JSON values to write down.

        Raises:
            RecipeError: the folder cannot be written.
        """
        folder = new_folder(root, name)
        made = cls._begun(folder, record)
        try:
            made.update()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return made

    @classmethod
    def create_at(cls, folder, **record):
        """Write a record into a folder of a given name; the rest as `create`."""
        made = cls._begun(make_folder(folder), record)
        made.update()
        return made

    @classmethod
    def _begun(cls, folder, record):
        now = datetime.datetime.now().astimezone()
        return cls(folder, {**record, "started": now.isoformat(timespec="seconds")})

    @classmethod
    def open(cls, folder):
        """Read what was started before.

        Raises:
            RecipeError: there is no record in the folder, or it cannot be read.
        """
        path = Path(folder) / cls.record_name
        if not path.is_file():
            raise RecipeError(
                f"{str(folder)!r} must be the folder of a {cls.what}, which holds a "
                f"{cls.record_name}. "
                f"Received: {'a folder without one' if Path(folder).is_dir() else 'no folder'}."
            )
        try:
            record = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RecipeError(
                f"{str(path)!r} is damaged: {error}. Start the {cls.what} anew."
            ) from error
        missing = cls.needed - set(record if isinstance(record, dict) else ())
        if missing:
            raise RecipeError(
                f"{str(path)!r} must be the record of a {cls.what}. Received: one without "
                f"{', '.join(sorted(missing))}. Start the {cls.what} anew."
            )
        return cls(folder, record)

    @contextlib.contextmanager
    def locked(self):
        """Hold it as its only writer; the lock goes with the process, however that ends.

        Raises:
            RecipeError: another process holds it.
        """
        lock = filelock.FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise RecipeError(
                f"{self.what.capitalize()} {str(self.folder)!r} is being written by another "
                f"process. Wait until that one ends, or start a {self.what} of its own."
            ) from error
        try:
            yield self
        finally:
            lock.release()

    def read_again(self):
        """Take the record as it is on the disk now, as whoever has just got the lock must."""
        self.record = self.open(self.folder).record

    def recipe(self):
        """Return its recipe, looked up again by its name, overrides included.

        Raises:
            RecipeError: it was started from Python with a recipe that has no name.
        """
        if self.record["origin"] is None:
            raise RecipeError(
                f"{self.what.capitalize()} {str(self.folder)!r} was started from Python with a "
                f"recipe that has no name; give it there, as in "
                f"`{self.resumed_by}(folder, recipe=...)`."
            )
        overrides = self.record["overrides"]
        changes = {name: _with_tuples(value) for name, value in overrides.items()}
        return replace(catalog.get(self.record["origin"]), **changes)

    def check_recipe(self, recipe):
        """Check that a recipe is the one this was started with.

        Raises:
            RecipeError: it is another one; the sentence says where it differs.
        """
        now, then = recipe.describe(), self.record["recipe"]
        # What a search might choose from decides no run.
        for field in then:
            if field != "ranges" and now.get(field) != then[field]:
                raise RecipeError(
                    f"The recipe of {self.what} {str(self.folder)!r} must be as it was. Received: "
                    f"{field}={now.get(field)!r}, which was {then[field]!r}. Start a "
                    f"{self.what} anew."
                )

    def check_data(self, splits):
        """Check that the data are those this was started with.

        Raises:
            RecipeError: they have another fingerprint.
        """
        now, then = splits.fingerprint, self.record["data"]["fingerprint"]
        if now != then:
            raise RecipeError(
                f"The data of {self.what} {str(self.folder)!r} must be as they were. Received: "
                f"{splits.name!r} with fingerprint {now}, which was {then}. Start "
                f"a {self.what} anew."
            )

    def update(self, **changes):
        """Write more down, whole or not at all."""
        self.record = {**self.record, **changes}
        write_text(self.folder / self.record_name, json.dumps(self.record, indent=2) + "\n")


def new_folder(root, name):
    """Make a new folder `root/name/<time>`, and return it.

    Args:
        root: str or path, the folder of all of them.
        name: str, that of the recipe.

    Raises:
        RecipeError: the folder cannot be written.
    """
    parent = make_folder(Path(root) / name)
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise RecipeError(f"{str(parent)!r} is full of runs of this second. Wait for the next one.")


def _with_tuples(value):
    # JSON knows no tuples, and `is_plain` no lists.
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
