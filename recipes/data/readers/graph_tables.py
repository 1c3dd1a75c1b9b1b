"""The two tables of a user's graph: `nodes.csv` and `edges.csv`."""

from __future__ import annotations

import contextlib
import csv

import numpy as np

from ...errors import RecipeError
from .table import told_plainly

SPLITS = ("train", "validation", "test")
_LARGEST = float(np.finfo(np.float32).max)


def read_nodes(path):
    """Read the table of nodes.

    Args:
        path: path of a CSV file with the columns "id", "label", possibly "split", and numbers.

    Returns:
        Four values: a dict from id to the number of the node, in the order of the lines; features,
        float32 `(nodes, F)`; a list of labels as texts, "" where there is none; and a list of "",
        "train", "validation" or "test", or None where the table has no such column.

    Raises:
        RecipeError: a column is missing, an id is there twice, or a cell is not what it must be.
    """
    with _table(path) as (header, rows):
        for column in ("id", "label"):
            _expect_column(header, column, path)
        places = {column: header.index(column) for column in header}
        if len(places) < len(header):
            raise RecipeError(
                f"Columns of table {str(path)!r} must have different names. "
                f"Received: {', '.join(header)}."
            )
        numbers = [column for column in header if column not in ("id", "label", "split")]
        ids, features, names, splits = {}, [], [], []
        for line, row in rows:
            node = row[places["id"]].strip()
            where = f"Line {line} of table {str(path)!r}"
            if not node or node in ids:
                received = f"id {node!r} again, first in line {ids[node][1]}" if node else "no id"
                raise RecipeError(f"{where} must have an id of its own. Received: {received}.")
            ids[node] = (len(ids), line)
            cells = [row[places[column]] for column in numbers]
            features.append([_number(cell) for cell in cells])
            for column, cell, number in zip(numbers, cells, features[-1], strict=True):
                if number is None:
                    raise RecipeError(
                        f"{where} must have a finite number in column {column!r}. "
                        f"Received: {cell!r}."
                    )
            names.append(row[places["label"]].strip())
            if "split" in places:
                splits.append(_split(row[places["split"]].strip(), names[-1], where))
    if not ids:
        raise RecipeError(f"Table {str(path)!r} must hold rows below its header. Received: none.")
    ids = {node: number for node, (number, _) in ids.items()}
    features = np.array(features, "float32").reshape(len(ids), len(numbers))
    return ids, features, names, splits if "split" in places else None


def _split(split, label, where):
    if split not in ("", *SPLITS):
        raise RecipeError(
            f"{where} must have train, validation, test or nothing in column 'split'. "
            f"Received: {split!r}."
        )
    if split and not label:
        raise RecipeError(f"{where} must have a label to be in a split. Received: split {split!r}.")
    return split


def read_edges(path, ids):
    """Read the table of edges.

    Args:
        path: path of a CSV file with the columns "source" and "target".
        ids: dict from id to the number of a node.

    Returns:
        The undirected edges, each once, as an int array `(edges, 2)`, and a tuple of notes.

    Raises:
        RecipeError: a column is missing or too much, an edge leads to a node that is not there, or
            there is none.
    """
    found, num_loops, num_again = {}, 0, 0
    with _table(path) as (header, rows):
        for column in ("source", "target"):
            _expect_column(header, column, path)
        if len(header) > 2:
            raise RecipeError(
                f"Table {str(path)!r} must have the columns source and target alone, since edges "
                f"have no weights here. Received: {', '.join(header)}."
            )
        ends = [header.index("source"), header.index("target")]
        for line, row in rows:
            pair = []
            for end in ends:
                node = row[end].strip()
                if node not in ids:
                    raise RecipeError(
                        f"Line {line} of table {str(path)!r} must join nodes of nodes.csv. "
                        f"Received: node {node!r}, which is not there. Add it, or remove the edge."
                    )
                pair.append(ids[node])
            pair = tuple(sorted(pair))
            num_loops += pair[0] == pair[1]
            num_again += pair in found
            if pair[0] != pair[1]:
                found[pair] = None
    if not found:
        raise RecipeError(f"Table {str(path)!r} must hold an edge of two nodes. Received: none.")
    notes = []
    if num_again:
        notes.append(f"edges: {num_again} listed again, or the other way round, counted once")
    if num_loops:
        notes.append(f"edges: {num_loops} from a node to itself left out")
    return np.array(list(found)), tuple(notes)


def _expect_column(header, column, path):
    if column not in header:
        raise RecipeError(
            f"Table {str(path)!r} must have a column {column!r}. "
            f"Received: {', '.join(header) or 'no header'}."
        )


def _number(cell):
    """Return a float that float32 can hold, or None."""
    with contextlib.suppress(ValueError):
        number = float(cell)
        return number if abs(number) <= _LARGEST else None  # NaN is not either
    return None


@contextlib.contextmanager
def _table(path):
    """Open a CSV file: a context that gives its header, and rows with their lines."""

    def numbered(rows, header):
        for row in rows:
            if row and len(row) != len(header):
                raise RecipeError(
                    f"Line {rows.line_num} of table {str(path)!r} must have {len(header)} cells, "
                    f"as its header. Received: {len(row)}."
                )
            if row:
                yield rows.line_num, row

    # Spreadsheets write a byte-order mark, which would become part of the first name.
    with told_plainly(path), open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, strict=True)
        header = [column.strip() for column in next(rows, [])]
        yield header, numbered(rows, header)
