"""Texts as characters: Python's own documentation, or a user's files."""

from __future__ import annotations

import codecs
import hashlib
import platform
import re
from pathlib import Path

import numpy as np

from ...atomic import make_folder, replacing
from ...errors import RecipeError
from ..characters import UNKNOWN_TOKEN
from ..source import Source
from ..splits import Spec
from ..text_split import TextSplit

# The text is read from the first character to the last: so much to train on, then so much to
# choose by, and the rest to be tested on.
TRAINING_SHARE, VALIDATION_SHARE = 0.90, 0.05
# Below this a part of the text would not fill a window to be judged on.
FEWEST_CHARACTERS = 2_000
_CHUNK = 1 << 20
# Bytes of ids that are held in memory; TensorFlow holds them once more.
_MOST_HELD = 1 << 28
_LARGEST_UINT16 = 1 << 16


def read(rest, name, data_dir=None, memory_limit=2 * 2**30) -> Source:
    """Read a text as ids of its characters.

    The vocabulary is the sorted characters of the first 90 %, which are trained on, behind one
    token for all others. The next 5 % are the validation split, the last 5 % the test split.

    A text is read in chunks: nothing but its ids is held, one byte a character where there are
    fewer than 257 tokens and two otherwise. Where they are beyond `memory_limit` or 256 MiB, they
    are written to a file in `data_dir` and mapped into memory, and so take none. What still grows
    with the text is the evaluation, by 12 bytes a character of the test split.

    Args:
        rest: str, "pydoc_text", or "PATH" of a UTF-8 file or of a folder of .txt files, which are
            joined in the order of their paths; "PATH#100" for rows of 100 characters to train on.
        name: str, what the user calls it.
        data_dir: folder for the ids of long texts, or None for the user's cache folder.
        memory_limit: int, bytes of ids up to which they are held in memory.

    Returns:
        `Source` with three splits.

    Raises:
        RecipeError: there is no such file, it is not UTF-8, is too short, or has more different
            characters than 65,535.
    """
    if rest == "pydoc_text":
        text = pydoc_text()
        chunks, length = (lambda: iter([text])), None
        location = f"pydoc_data.topics of Python {platform.python_version()}, repeats left out"
        licence = "PSF-2.0"
    else:
        rest, length = _split_length(rest, name)
        paths = _paths(Path(rest).expanduser(), name)
        chunks, location, licence = (lambda: _characters(paths)), rest, ""
    num_characters, vocabulary, digest = _survey(chunks, name)
    ids = _encode(chunks, vocabulary, num_characters, digest, data_dir, memory_limit)
    bounds = _bounds(num_characters)
    parts = [slice(*pair) for pair in zip((0, *bounds), (*bounds, num_characters), strict=True)]
    length = {} if length is None else {"length": length}
    train, validation, test = (TextSplit(ids=ids[part], **length) for part in parts)
    return Source(
        train=train,
        validation=validation,
        test=test,
        inputs=Spec("ids", (None,), "int32"),
        class_names=None,
        vocabularies={"text": vocabulary},
        licence=licence,
        location=location,
        identity=digest,
        notes=(
            f"text: {num_characters:,} characters, {len(vocabulary) - 1} different ones in the "
            f"training part, SHA-256 {digest.hex()}",
            "the first 90 % train, the next 5 % validate, the last 5 % test",
        ),
    )


def pydoc_text():
    """Return the English that comes with Python: what `help("topics")` shows, joined.

    It differs between Python versions. Topics stand in alphabetical order; a paragraph that stood
    before is left out, since whole topics are repeated in others ("while" in "compound"), and a
    test on what was trained on word for word would be none.
    """
    from pydoc_data.topics import topics

    seen, kept = set(), []
    for topic in sorted(topics):
        for paragraph in re.split(r"\n\s*\n", topics[topic]):
            words = " ".join(paragraph.split())
            if words and words not in seen:
                seen.add(words)
                kept.append(paragraph.strip("\n"))
    return "\n\n".join(kept) + "\n"


def _split_length(rest, name):
    path, mark, length = rest.rpartition("#")
    if not mark:
        return rest, None
    if not length.isdecimal() or int(length) < 1:
        raise RecipeError(
            f"Data name {name!r} must end with '#' and a number of characters a row, as in "
            f"'text:book.txt#100'. Received: {length!r}."
        )
    return path, int(length)


def _paths(path, name):
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*.txt") if p.is_file()) if path.is_dir() else []
    if not found:
        received = f"a folder without .txt files, {str(path)!r}" if path.is_dir() else "neither"
        raise RecipeError(
            f"Data set {name!r} must be a text file or a folder of .txt files. "
            f"Received: {received}."
        )
    return found


def _characters(paths):
    """Yield the text of files in chunks, a line break between two files."""
    for number, path in enumerate(paths):
        if number:
            yield "\n"
        # A byte-order mark is no character of the text.
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        with open(path, "rb") as file:
            while True:
                chunk = file.read(_CHUNK)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    raise _not_utf8(path) from error
                yield text
                if not chunk:
                    break


def _not_utf8(path):
    """Return the error that says where a file is not UTF-8, reading it line by line."""
    offset = 0
    with open(path, "rb") as file:
        # In UTF-8 the byte of a line break is never part of another character.
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return RecipeError(
                    f"Text {str(path)!r} must be UTF-8. Received: byte "
                    f"0x{line[error.start]:02x} at offset {offset + error.start}, line {number} "
                    f"({error.reason}). Save it as UTF-8."
                )
            offset += len(line)
    raise AssertionError(f"{path} changed while it was read")


def _survey(chunks, name):
    """Return the number of characters, the vocabulary and the SHA-256 of a text's UTF-8."""
    digest, num_characters = hashlib.sha256(), 0
    for chunk in chunks():
        digest.update(chunk.encode("utf-8"))
        num_characters += len(chunk)
    if num_characters < FEWEST_CHARACTERS:
        raise RecipeError(
            f"Data set {name!r} must hold at least {FEWEST_CHARACTERS:,} characters of text. "
            f"Received: {num_characters:,}. Add text."
        )
    left, seen = _bounds(num_characters)[0], set()
    for chunk in chunks():
        seen.update(chunk[:left])
        left -= len(chunk)
        if left <= 0:
            break
    if len(seen) >= _LARGEST_UINT16:
        raise RecipeError(
            f"Data set {name!r} must have fewer than {_LARGEST_UINT16:,} different characters. "
            f"Received: {len(seen):,}."
        )
    return num_characters, (UNKNOWN_TOKEN, *sorted(seen)), digest.digest()


def _bounds(num_characters):
    validation = int(num_characters * TRAINING_SHARE)
    return validation, int(num_characters * (TRAINING_SHARE + VALIDATION_SHARE))


def _encode(chunks, vocabulary, num_characters, digest, data_dir, memory_limit):
    """Return the ids of a text, in memory or mapped from a file that is written once."""
    dtype = np.uint8 if len(vocabulary) <= 256 else np.uint16
    if num_characters * np.dtype(dtype).itemsize <= min(memory_limit, _MOST_HELD):
        ids = np.empty(num_characters, dtype)
        _fill(ids, chunks, vocabulary)
        return ids
    folder = make_folder(Path(data_dir or "~/.cache/kerasrecipes").expanduser() / "text")
    path = folder / f"{digest.hex()[:32]}.{np.dtype(dtype).name}"
    if not path.is_file():
        with replacing(path) as temporary:
            ids = np.memmap(temporary, dtype, "w+", shape=(num_characters,))
            _fill(ids, chunks, vocabulary)
            ids.flush()
    return np.memmap(path, dtype, "r", shape=(num_characters,))


def _fill(ids, chunks, vocabulary):
    # From code point to id, for a whole chunk at once.
    table = np.zeros(0x110000, ids.dtype)
    table[[ord(character) for character in vocabulary[1:]]] = np.arange(1, len(vocabulary))
    start = 0
    for chunk in chunks():
        points = np.frombuffer(chunk.encode("utf-32-le"), "<u4")
        ids[start : start + len(points)] = table[points]
        start += len(points)
