"""A user's own pairs of texts: a table of two columns, or two files of equal length."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ...errors import RecipeError
from .. import tokens
from ..source import Source

# Tokens of the longest pair that is trained on, where texts are subwords.
LONGEST = 128


def read(rest, name, data_dir=None, memory_limit=None) -> Source:
    """Read pairs of texts and carve validation and test pairs out of them.

    Args:
        rest: str, "PATH" of a file whose lines are a source, a tab and its target; or
            "SOURCE,TARGET", two files whose lines belong together. With "#8000" behind, texts are
            subwords of one vocabulary of that size, without it characters.
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: not used; texts are small.

    Returns:
        `Source` with three splits.

    Raises:
        RecipeError: no such file, text that is not UTF-8 (where), a line that is no pair, two files
            of different lengths, or too few pairs.
    """
    path, size = re.fullmatch(r"(.*?)(?:#(\d+))?", rest, re.DOTALL).groups()
    paths = [path] if Path(path).expanduser().is_file() else path.split(",")
    if len(paths) > 2:
        raise RecipeError(
            f"Data set {name!r} must be one file of pairs, or two files with a comma between. "
            f"Received: {len(paths)} files."
        )
    paths = [Path(path).expanduser() for path in paths]
    pairs = _table(paths[0]) if len(paths) == 1 else _two_files(*paths)
    parts, notes = tokens.carved(pairs)
    source = tokens.in_subwords(parts, int(size), LONGEST) if size else tokens.in_characters(parts)
    location = ", ".join(map(str, paths))
    return dataclasses.replace(source, location=location, notes=(*notes, *source.notes))


def _table(path):
    pairs = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 2 or not all(cell.strip() for cell in cells):
            received = f"{len(cells) - 1} tabs" if len(cells) != 2 else "an empty text"
            raise RecipeError(
                f"Line {number} of {str(path)!r} must be a source, a tab and its target. "
                f"Received: {received}."
            )
        pairs.append((cells[0].strip(), cells[1].strip()))
    return pairs


def _two_files(source, target):
    texts = [_lines(path) for path in (source, target)]
    if len(texts[0]) != len(texts[1]):
        raise RecipeError(
            "Two files of pairs must have equally many lines, those of one number belonging "
            f"together. Received: {len(texts[0])} lines in {str(source)!r} and {len(texts[1])} in "
            f"{str(target)!r}."
        )
    pairs = [(one.strip(), other.strip()) for one, other in zip(*texts, strict=True)]
    for number, pair in enumerate(pairs, start=1):
        if not all(pair) and any(pair):
            path = source if pair[1] else target
            raise RecipeError(
                f"Line {number} of {str(path)!r} must hold a text, as that line of the other file "
                "does. Received: an empty line."
            )
    return [pair for pair in pairs if all(pair)]


def _lines(path):
    """Return the lines of a text, the byte-order mark of some editors left out."""
    if not path.is_file():
        raise RecipeError(f"A file of pairs must be there. Received: no file {str(path)!r}.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RecipeError(
            f"Text {str(path)!r} must be UTF-8. Received: {error.reason} at byte {error.start}, in "
            f"line {line}. Save it as UTF-8."
        ) from error
    # Not `splitlines`, which also breaks at characters that belong inside a text.
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")
