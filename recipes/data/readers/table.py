"""A user's own table: a CSV file with a header, numbers, and one target column."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np

from ...errors import RecipeError, near_names
from ..indexed import IndexedSplit
from ..source import Source, spec

_NUM_ROWS_AT_ONCE = 20_000
# Whole numbers are classes up to this many distinct ones, each seen twice or more on average.
_MOST_CLASSES = 50
_WHOLE = re.compile(r"[+-]?\d+")
_LARGEST = float(np.finfo(np.float32).max)


def read(rest, name, data_dir=None, memory_limit=None) -> Source:
    """Read a CSV file into memory.

    Text, or whole numbers of few distinct values, make a target of classes; other numbers a
    real-valued one. Writing 3.0 for 3 asks for real values.

    Args:
        rest: str, "PATH#TARGET", where TARGET is a column's name.
        name: str, what the user calls it.
        data_dir: not asked for here; every reader is called alike.
        memory_limit: not asked for here.

    Returns:
        `Source` with one split, float32 features, and int64 labels or float32 targets.

    Raises:
        RecipeError: no such file or column; a row of the wrong length, a text where a number
            belongs, or an empty, NaN or infinite cell. The message names line and column.
    """
    path, _, target = rest.rpartition("#")
    if not path or not target:
        raise RecipeError(
            f"Data name {name!r} must end with '#' and the target's column, as in "
            "'csv:wine.csv#quality'."
        )
    path = Path(path).expanduser()
    if not path.is_file():
        raise RecipeError(f"Data set {name!r} must be a file. Received: no file {str(path)!r}.")
    with told_plainly(path):
        header, inputs, cells = _read_columns(path, target)
    targets, class_names, notes = _read_target(cells, path, target)
    return Source(
        train=IndexedSplit(inputs=inputs, targets=targets),
        inputs=spec((inputs.shape[1],), "float32"),
        class_names=class_names,
        feature_names=tuple(column for column in header if column != target),
        location=str(path),
        notes=notes,
    )


def _read_columns(path, target):
    """Return the header, the features as an array and the target's cells as text."""
    with _open(path) as (header, rows):
        _check_header(header, path, target)
        where = header.index(target)
        features = [column for column in header if column != target]
        blocks, cells = [], []
        while chunk := list(itertools.islice(rows, _NUM_ROWS_AT_ONCE)):
            chunk = [row for row in chunk if row]
            if any(len(row) != len(header) for row in chunk):
                raise _first_fault(path, features)
            columns = list(zip(*chunk, strict=True)) or [()] * len(header)
            cells += columns.pop(where)
            try:
                block = np.array([np.fromiter(map(float, c), np.float64) for c in columns])
            except ValueError:
                raise _first_fault(path, features) from None
            # False for NaN too.
            if not np.all(np.abs(block) <= _LARGEST):
                raise _first_fault(path, features)
            blocks.append(block.T.astype(np.float32))
    if not cells:
        raise RecipeError(f"Table {str(path)!r} must hold rows below its header. Received: none.")
    return header, np.concatenate(blocks), cells


def _check_header(header, path, target):
    if not header:
        raise RecipeError(f"Table {str(path)!r} must begin with a header. Received: no text.")
    if target not in header:
        raise RecipeError(
            f"Table {str(path)!r} has no column {target!r}.{near_names(target, header)} "
            f"Its columns are {', '.join(header)}."
        )
    column, count = Counter(header).most_common(1)[0]
    if count > 1:
        raise RecipeError(
            f"Columns of table {str(path)!r} must have different names. "
            f"Received: {count} columns {column!r}. Rename one."
        )
    if len(header) < 2:
        raise RecipeError(
            f"Table {str(path)!r} must have a column beside its target. "
            f"Received: only {header[0]!r}."
        )


def _read_target(cells, path, target):
    """Return targets, class names or None, and notes."""
    distinct = set(cells)
    numbers = {cell: _number(cell) for cell in distinct}
    not_numbers = [cell for cell, number in numbers.items() if number is None]
    if any(not cell.strip() for cell in not_numbers):
        raise _first_fault(path, [target], texts_allowed=True)
    # A column of numbers with a slip in it is no column of class names.
    if not_numbers and len(not_numbers) > len(distinct) / 2:
        return _classes(cells, sorted(distinct), path, target)
    if not_numbers or not all(abs(number) <= _LARGEST for number in numbers.values()):
        raise _first_fault(path, [target])
    few = len(distinct) <= min(_MOST_CLASSES, len(cells) / 2)
    if few and all(_WHOLE.fullmatch(cell.strip()) for cell in distinct):
        note = (
            f"target {target!r}: {len(distinct)} distinct whole numbers taken as classes; "
            "write them as 3.0 for real values"
        )
        targets, class_names, _ = _classes(cells, sorted(distinct, key=int), path, target)
        return targets, class_names, (note,)
    return np.fromiter(map(numbers.get, cells), np.float32, len(cells)), None, ()


def _classes(cells, class_names, path, target):
    if len(class_names) > len(cells) / 2 and len(class_names) > 2:
        raise RecipeError(
            f"Column {target!r} of table {str(path)!r} must hold each class at least twice. "
            f"Received: {len(class_names)} different texts in {len(cells)} rows. "
            "Choose another target."
        )
    labels = {class_name: label for label, class_name in enumerate(class_names)}
    targets = np.fromiter(map(labels.get, cells), np.int64, len(cells))
    return targets, tuple(class_name.strip() for class_name in class_names), ()


def _first_fault(path, columns, *, texts_allowed=False):
    """Read the table again, slowly, for the line and column of its first fault.

    Args:
        path: the file.
        columns: list of str, the columns to look at.
        texts_allowed: bool, whether only empty cells are faults. Defaults to False.
    """
    with _open(path) as (header, rows):
        for row in rows:
            line = rows.line_num
            if row and len(row) != len(header):
                return RecipeError(
                    f"Line {line} of table {str(path)!r} must have {len(header)} cells, as its "
                    f"header. Received: {len(row)}."
                )
            for column in columns if row else ():
                cell = row[header.index(column)]
                number = _number(cell)
                sound = abs(number) <= _LARGEST if number is not None else texts_allowed
                if sound and cell.strip():
                    continue
                expected = "a number" if number is None else "finite, and a float32"
                received = repr(cell) if cell.strip() else "an empty cell"
                return RecipeError(
                    f"Line {line}, column {column!r} of table {str(path)!r} must be "
                    f"{expected}. Received: {received}. Fill it in, or remove the line or column."
                )
    raise AssertionError(f"{path} changed while it was read")


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


@contextlib.contextmanager
def _open(path):
    """Open a CSV file: a context that gives its header and the `csv.reader` behind it."""
    # Spreadsheets write a byte-order mark, which would become part of the first name.
    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        file.seek(0)
        # Where the comma is the decimal sign, spreadsheets separate by semicolons.
        delimiter = max(",;\t", key=first.count)
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        yield [column.strip() for column in next(rows, [])], rows


@contextlib.contextmanager
def told_plainly(path):
    """Tell in one sentence where a table is no text, or no CSV file.

    Raises:
        RecipeError: the body met either.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"Table {str(path)!r} must be text in UTF-8. Received: {error.reason} at byte "
            f"{error.start}. Save it as UTF-8."
        ) from error
    except csv.Error as error:
        raise RecipeError(f"Table {str(path)!r} must be a CSV file. Received: {error}.") from error
