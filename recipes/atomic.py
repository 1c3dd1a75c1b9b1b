"""Writing whole or not at all: to a temporary name beside the target, then renamed."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from .errors import RecipeError


def write_text(path, text):
    """Write a text file so that a reader never sees half of it. See `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path, data):
    """Write a file so that a reader never sees half of it.

    Args:
        path: str or path of the file; its folder must exist.
        data: bytes.

    Returns:
        The path.

    Raises:
        RecipeError: the disk is full, or the folder cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


@contextlib.contextmanager
def replacing(path):
    """Give a temporary path to write a file or make a folder at, and rename it on success.

    The temporary path does not exist yet; it lies beside the target, so that the rename stays on
    one disk. Where the body raises, whatever was written is removed and the target is untouched.
    A file that is there is replaced; a folder that is there must be empty.

    Args:
        path: str or path of the target.

    Raises:
        RecipeError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    with _told_plainly(path):
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        # The suffix stays, since Keras chooses a format by it.
        temporary = scratch / path.name
        try:
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def make_folder(path):
    """Make a folder and its parents, where they are not there.

    Raises:
        RecipeError: the disk is full, or the folder cannot be made.
    """
    path = Path(path)
    with _told_plainly(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def check_folder(path):
    """Check that a folder is there or can be made, and leave the disk as it is.

    Raises:
        RecipeError: it cannot be, and could not be written hours later either.
    """
    path = Path(path)
    with _told_plainly(path):
        there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _flush(path):
    # A rename may reach the disk before the bytes do; after a power cut that is an empty file.
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with open(file, "rb") as stream:
            os.fsync(stream.fileno())


@contextlib.contextmanager
def _told_plainly(path):
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: ("its disk is full", "Make room"),
            errno.EDQUOT: ("the quota of its disk is used up", "Make room"),
            errno.EACCES: ("its folder may not be written", "Change its permissions"),
            errno.EROFS: ("its disk is read-only", "Name another place"),
            errno.ENOTDIR: ("a part of its path is a file", "Name another place"),
            errno.EEXIST: ("a file of that name is in the way", "Name another place"),
        }
        said = (f"the system says {error.strerror or error}", "See to that")
        reason, remedy = reasons.get(error.errno, said)
        raise RecipeError(
            f"{str(path)!r} could not be written: {reason}. "
            f"{remedy} and run the same command again; nothing was left half written."
        ) from error
