"""Graphs: the karate club, and a user's own table of nodes and list of edges.

A graph is one example. Every split holds the same graph, with the labels of other nodes; a node
whose label is not in the split has the target -1, which nothing counts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import RecipeError
from ..carve import TEST_FRACTION, VALIDATION_FRACTION, carve
from ..indexed import IndexedSplit
from ..source import Source
from ..splits import IGNORED, Spec
from .graph_tables import SPLITS, read_edges, read_nodes

# The karate instructor and the president of the club, whose quarrel it was.
_LEADERS = (0, 33)


def read(rest, name, data_dir, memory_limit) -> Source:
    """Read a graph: "karate_club", or a folder with `nodes.csv` and `edges.csv`.

    `nodes.csv` has a column `id`, any number of columns of numbers, a column `label` that is empty
    where the class of a node is not known, and possibly a column `split` with "train",
    "validation" or "test" for the labelled nodes (empty where a node is in none). Without numbers,
    each node is its own feature. `edges.csv` has the columns `source` and `target`. An edge goes
    both ways; listed twice, or once each way, it counts once.

    Args:
        rest: str, "karate_club" or a path.
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: int, bytes of features at most.

    Returns:
        `Source` with inputs "features" `(1, nodes, F)` float32 and "edges" `(1, edges, 2)` int32,
        each undirected edge once, and targets `(1, nodes)` int64.

    Raises:
        RecipeError: a file is not there or cannot be read, an id is there twice, an edge leads to
            a node that is not there, a cell is no number, or nothing is labelled. The message
            names the line.
    """
    return karate_club() if name == "karate_club" else folder(Path(rest).expanduser(), memory_limit)


def karate_club() -> Source:
    """Return the karate club of Zachary 1977: 34 members, 78 friendships, two clubs.

    In training one member of each club has a label, the instructor and the president, as in
    Zachary's own question who would follow whom. A quarter of the others is for validation.
    """
    import networkx

    graph = networkx.karate_club_graph()
    clubs = [graph.nodes[member]["club"] for member in graph]
    class_names = tuple(sorted(set(clubs)))
    labels = np.array([class_names.index(club) for club in clubs])
    others = np.setdiff1d(np.arange(len(labels)), _LEADERS)
    test, validation = carve(labels[others], 0.25, stratify=True)
    members = {"train": np.array(_LEADERS), "validation": others[validation], "test": others[test]}
    return _source(
        np.eye(len(labels), dtype="float32"),
        np.array(graph.edges),
        labels,
        members,
        class_names,
        location="networkx.karate_club_graph, after Zachary 1977",
        notes=("features: each member is its own",),
    )


def folder(path, memory_limit) -> Source:
    """Return the graph of a folder; see `read`."""
    nodes, edges = path / "nodes.csv", path / "edges.csv"
    for file in (nodes, edges):
        if not file.is_file():
            raise RecipeError(
                f"Graph {str(path)!r} must be a folder with nodes.csv and edges.csv. Received: no "
                f"file {str(file)!r}."
            )
    ids, features, names, written = read_nodes(nodes)
    pairs, notes = read_edges(edges, ids)
    labels, class_names = _classes(names, nodes)
    if features.shape[1] == 0:
        if 4 * len(ids) ** 2 > memory_limit:
            raise RecipeError(
                f"Table {str(nodes)!r} must have columns of numbers, since {len(ids):,} nodes are "
                "too many for each to be its own feature. Received: none."
            )
        features = np.eye(len(ids), dtype="float32")
        notes = (*notes, "features: none in the table, so each node is its own")
    if written is None:
        members = _carved(labels)
        notes = (*notes, "splits: labelled nodes carved for validation and test, stratified")
    else:
        members = {split: np.flatnonzero(np.array(written) == split) for split in SPLITS}
        for split in SPLITS:
            if not len(members[split]):
                raise RecipeError(
                    f"Column 'split' of table {str(nodes)!r} must name nodes for train, "
                    f"validation and test. Received: none for {split}. Fill them in, or remove "
                    "the column to have the splits carved."
                )
    return _source(features, pairs, labels, members, class_names, location=str(path), notes=notes)


def _source(features, edges, labels, members, class_names, *, location, notes):
    inputs = {
        "features": features[None].astype("float32"),
        "edges": edges[None].astype("int32"),
    }
    splits = {}
    for split, nodes in members.items():
        targets = np.full((1, len(labels)), IGNORED, "int64")
        targets[0, nodes] = labels[nodes]
        splits[split] = IndexedSplit(inputs=inputs, targets=targets)
    counts = ", ".join(f"{len(nodes)} for {split}" for split, nodes in members.items())
    return Source(
        **splits,
        # The numbers of nodes and edges are free, so that an export takes other graphs too.
        inputs={
            "features": Spec("features", (None, features.shape[1]), "float32"),
            "edges": Spec("edges", (None, 2), "int32"),
        },
        class_names=class_names,
        location=location,
        notes=(f"labelled nodes: {counts} of {len(labels)}", *notes),
    )


def _classes(names, path):
    """Return labels, -1 where there is none, and class names."""
    known = {name for name in names if name}
    if len(known) < 2:
        raise RecipeError(
            f"Column 'label' of table {str(path)!r} must hold at least 2 classes. Received: "
            f"{', '.join(map(repr, known)) or 'no labels'}."
        )
    whole = all(name.lstrip("+-").isdecimal() for name in known)
    class_names = tuple(sorted(known, key=int) if whole else sorted(known))
    labels = {name: label for label, name in enumerate(class_names)}
    return np.array([labels.get(name, IGNORED) for name in names]), class_names


def _carved(labels):
    """Return the labelled nodes of each split, carved as the examples of other data are."""
    train, members = np.flatnonzero(labels != IGNORED), {}
    for split, fraction in (("test", TEST_FRACTION), ("validation", VALIDATION_FRACTION)):
        stay, leave = carve(labels[train], fraction, stratify=True)
        train, members[split] = train[stay], train[leave]
    return {"train": train, "validation": members["validation"], "test": members["test"]}
