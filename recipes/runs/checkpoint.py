"""Checkpoints as files: written whole, read with care, and how many are kept.

A checkpoint is one `.npz` file: every variable of model, optimizer and metrics, the state of the
callbacks, the random states and the place in the run. One file can be renamed into place at once,
and each part of it carries a checksum, so a damaged one is known for what it is.
"""

from __future__ import annotations

import dataclasses
import io
import json
import warnings
from pathlib import Path

import numpy as np

from ..atomic import write_bytes
from ..errors import RecipeError

# Two are kept: the last, and the one to fall back to where the last is damaged; and the best.
NUM_KEPT = 2


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What was saved.

    Attributes:
        step: int, steps taken over all epochs.
        epoch: int, the epoch to go on with.
        arrays: dict from name to array.
        plain: dict of JSON values.
    """

    step: int
    epoch: int
    arrays: dict[str, np.ndarray]
    plain: dict


def best(folder):
    """Return the best `Checkpoint` that was saved at the end of an epoch, or None.

    It is the best by what the recipe is expected to reach, on the validation split, or where no
    such figure is measured there, by the loss.

    Raises:
        RecipeError: there are checkpoints, and all of them are damaged.
    """
    last = latest(folder)
    known = last and last.plain.get("best")
    if not known:
        return None
    path = path_of(folder, known["step"])
    return _read(path) if path.is_file() else None


def latest(folder):
    """Return the last good `Checkpoint` in a folder, or None where there is none at all.

    A damaged one is passed over for the one before it, with a warning.

    Raises:
        RecipeError: there are checkpoints, and all of them are damaged.
    """
    damaged = []
    for path in sorted(Path(folder).glob("step-*.npz"), reverse=True):
        try:
            checkpoint = _read(path)
        except Exception as error:  # a flipped bit may look like anything: a cipher, a huge array
            damaged.append(f"{str(path)!r} ({str(error) or type(error).__name__})")
            continue
        for words in damaged:
            warnings.warn(
                f"Checkpoint {words} is damaged; the one before it is taken.", stacklevel=2
            )
        return checkpoint
    if damaged:
        raise RecipeError(
            f"Every checkpoint in {str(folder)!r} is damaged. Start the run anew with the same "
            f"seed: it ends with the same numbers."
        )
    return None


def write(folder, plain, arrays, kept=()):
    """Write a checkpoint, and remove those that are no longer needed.

    Args:
        folder: path.
        plain: dict of JSON values, as `Checkpoint` has them.
        arrays: dict from name to array.
        kept: steps whose checkpoints stay beside the last ones. Defaults to none.

    Raises:
        RecipeError: the disk is full, or the folder cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, plain=np.array(json.dumps(plain)), **arrays)
    write_bytes(path_of(folder, plain["step"]), buffer.getbuffer())
    stay = {path_of(folder, step) for step in kept}
    for path in sorted(Path(folder).glob("step-*.npz"))[:-NUM_KEPT]:
        if path not in stay:
            path.unlink()


def path_of(folder, step):
    """Return where the checkpoint after so many steps is."""
    return Path(folder) / f"step-{step:010d}.npz"


def _read(path):
    # Opened here, since NumPy leaves a damaged archive open.
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    plain = json.loads(str(arrays.pop("plain")))
    return Checkpoint(plain["step"], plain["epoch"], arrays, plain)
