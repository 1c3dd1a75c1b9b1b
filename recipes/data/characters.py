"""Texts as ids of their characters, and back."""

from __future__ import annotations

import numpy as np

# The first token of every vocabulary: a character that the training text has not.
UNKNOWN, UNKNOWN_TOKEN = 0, "<unknown>"
REPLACEMENT = "\ufffd"


def encode(text, vocabulary):
    """Return the ids of a text, an array of int32; characters that are not known are `UNKNOWN`.

    >>> encode("abcx", ("<unknown>", "a", "b", "c")).tolist()
    [1, 2, 3, 0]
    """
    ids = {character: number for number, character in enumerate(vocabulary)}
    return np.fromiter((ids.get(character, UNKNOWN) for character in text), np.int32, len(text))


def decode(ids, vocabulary):
    """Return the text of ids, one character each; that of `UNKNOWN` is Unicode's for such.

    >>> decode([1, 2, 3], ("<unknown>", "a", "b", "c"))
    'abc'
    """
    return "".join(REPLACEMENT if number == UNKNOWN else vocabulary[number] for number in ids)
