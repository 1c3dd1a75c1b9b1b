"""A short hash of a data set's content, so that a run's record says what it was trained on."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from .splits import Split

_NUM_DIGITS = 16


def fingerprint(splits: dict[str, Split], class_names, identity: bytes = b"") -> str:
    """Return a hash that is equal for equal content and differs with one changed pixel.

    Of arrays the dtypes, shapes and bytes are hashed; of what is not in memory, `identity`
    together with the labels and the numbers of examples.

    Args:
        splits: dict from "train", "validation" and "test" to a split.
        class_names: tuple of str, or None.
        identity: bytes that stand for content that is not in memory. Defaults to b"".

    Returns:
        The first 16 hexadecimal digits of a SHA-256.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps([class_names, identity.hex()]).encode())
    for name, split in sorted(splits.items()):
        digest.update(json.dumps([name, split.num_examples]).encode())
        for array in split.arrays():
            _update(digest, array)
    return digest.hexdigest()[:_NUM_DIGITS]


def _update(digest, array):
    digest.update(json.dumps([str(array.dtype), array.shape]).encode())
    # A flat view of bytes: no copy of an array that may fill half the memory.
    digest.update(memoryview(np.ascontiguousarray(array)).cast("B"))
