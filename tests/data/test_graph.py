"""Graphs as data: the karate club, and a user's own tables, good and bad."""

import csv

import networkx
import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.readers.graph import folder
from kerasrecipes.recipes.errors import RecipeError

SPLITS = ("train", "validation", "test")


def labelled(splits):
    return {name: np.flatnonzero(getattr(splits, name).targets[0] >= 0) for name in SPLITS}


def graph(path, nodes, edges):
    """Write a graph of lists of rows."""
    for name, rows in (("nodes", nodes), ("edges", edges)):
        with open(path / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return f"graph:{path}"


def pets(num=20):
    nodes = [["id", "weight", "label", "height"]]
    nodes += [[f"n{i}", i / 2, ("cat", "dog", "")[i % 3], -i] for i in range(num)]
    return nodes, [["source", "target"], *([f"n{i}", f"n{i + 1}"] for i in range(num - 1))]


def test_the_karate_club_is_networkxs():
    splits = data.load("karate_club")
    club = networkx.karate_club_graph()
    (inputs, targets) = splits.train.examples([0])
    assert inputs["features"].shape == (1, 34, 34) and inputs["features"].dtype == "float32"
    assert inputs["edges"].shape == (1, 78, 2) and inputs["edges"].dtype == "int32"
    assert {frozenset(edge) for edge in inputs["edges"][0].tolist()} == set(
        map(frozenset, club.edges)
    )
    np.testing.assert_array_equal(inputs["features"][0], np.eye(34))
    members = labelled(splits)
    assert [len(members[name]) for name in SPLITS] == [2, 8, 24]
    assert sorted(np.concatenate(list(members.values()))) == list(range(34))
    assert members["train"].tolist() == [0, 33]
    for name in SPLITS:
        for node in members[name]:
            label = getattr(splits, name).targets[0, node]
            assert splits.class_names[label] == club.nodes[int(node)]["club"]
    assert set(targets[0].tolist()) == {-1, 0, 1}
    assert splits.fingerprint == data.load("karate_club").fingerprint


def test_a_users_tables_are_read_as_they_are_written(tmp_path):
    nodes, edges = pets()
    # Once again, the other way round, and from a node to itself.
    edges += [["n0", "n1"], ["n2", "n1"], ["n5", "n5"]]
    splits = data.load(graph(tmp_path, nodes, edges))
    inputs, _ = splits.train.examples([0])
    expected = [[float(row[1]), float(row[3])] for row in nodes[1:]]
    np.testing.assert_array_equal(inputs["features"][0], np.array(expected, "float32"))
    np.testing.assert_array_equal(inputs["edges"][0], [[i, i + 1] for i in range(19)])
    assert splits.class_names == ("cat", "dog")
    found = labelled(splits)
    together = np.concatenate(list(found.values()))
    assert sorted(together) == [i for i in range(20) if i % 3 < 2]
    assert any("2 listed again" in note for note in splits.notes)
    assert any("1 from a node to itself" in note for note in splits.notes)


def test_a_column_says_who_is_in_which_split(tmp_path):
    nodes = [["id", "label", "split"]]
    nodes += [
        [i, 10 - i % 2, ("train", "validation", "test", "", "train")[i % 5]] for i in range(10)
    ]
    nodes[10][1] = 9
    splits = data.load(graph(tmp_path, nodes, [["target", "source"], [3, 9], [0, 1]]))
    found = labelled(splits)
    assert {name: nodes.tolist() for name, nodes in found.items()} == {
        "train": [0, 4, 5, 9],
        "validation": [1, 6],
        "test": [2, 7],
    }
    assert splits.class_names == ("9", "10")  # as numbers
    # No column of numbers: each node is its own feature.
    np.testing.assert_array_equal(splits.test.examples([0])[0]["features"][0], np.eye(10))


def wrong(change):
    nodes, edges = pets()
    change(nodes, edges)
    return nodes, edges


FAULTS = {
    "a missing node": (
        lambda nodes, edges: edges.append(["n3", "n99"]),
        r"Line 21 of table .*edges.csv.* must join nodes of nodes.csv. Received: node 'n99'",
    ),
    "an id twice": (
        lambda nodes, edges: nodes.append(["n4", 0, "cat", 0]),
        r"Line 22 of table .*nodes.csv.* id of its own. Received: id 'n4' again, first in line 6",
    ),
    "no id": (lambda nodes, edges: nodes.append(["", 0, "cat", 0]), "Line 22.*Received: no id"),
    "no labels": (
        lambda nodes, edges: [row.__setitem__(2, "") for row in nodes[1:]],
        "must hold at least 2 classes. Received: no labels",
    ),
    "one class": (
        lambda nodes, edges: [row.__setitem__(2, "cat") for row in nodes[1:]],
        "must hold at least 2 classes. Received: 'cat'",
    ),
    "a text": (
        lambda nodes, edges: nodes[3].__setitem__(3, "tall"),
        r"Line 4 of table .* must have a finite number in column 'height'. Received: 'tall'",
    ),
    "a gap": (
        lambda nodes, edges: nodes[3].__setitem__(1, ""),
        "Line 4 .* finite number in column 'weight'. Received: ''",
    ),
    "an infinite number": (
        lambda nodes, edges: nodes[1].__setitem__(1, "1e39"),
        "Line 2 .* finite number in column 'weight'. Received: '1e39'",
    ),
    "a short line": (
        lambda nodes, edges: edges.insert(3, ["n1"]),
        "Line 4 of table .*edges.csv.* must have 2 cells, as its header. Received: 1",
    ),
    "no column label": (
        lambda nodes, edges: nodes[0].__setitem__(2, "class"),
        "must have a column 'label'. Received: id, weight, class, height",
    ),
    "a column twice": (
        lambda nodes, edges: nodes[0].__setitem__(3, "weight"),
        "must have different names",
    ),
    "weights of edges": (
        lambda nodes, edges: [row.append("weight" if row[0] == "source" else 1) for row in edges],
        "must have the columns source and target alone",
    ),
    "no edges": (lambda nodes, edges: edges.__delitem__(slice(1, None)), "must hold an edge"),
    "an unknown split": (
        lambda nodes, edges: [
            row.append("split" if row[0] == "id" else "training") for row in nodes
        ],
        "Line 2 .* train, validation, test or nothing in column 'split'. Received: 'training'",
    ),
    "an unlabelled member": (
        lambda nodes, edges: [row.append("split" if row[0] == "id" else "train") for row in nodes],
        "Line 4 .* must have a label to be in a split",
    ),
    "an empty split": (
        lambda nodes, edges: [
            row.append("split" if row[0] == "id" else "train" if row[2] else "") for row in nodes
        ],
        "Received: none for validation",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_line(tmp_path, fault):
    change, message = FAULTS[fault]
    name = graph(tmp_path, *wrong(change))
    with pytest.raises(RecipeError, match=message):
        data.load(name)


def test_what_is_no_graph_is_told(tmp_path):
    with pytest.raises(RecipeError, match=r"nodes.csv and edges.csv. Received: no file"):
        data.load(f"graph:{tmp_path}")
    nodes, edges = pets()
    graph(tmp_path, [[row[0], row[2]] for row in nodes], edges)
    with pytest.raises(RecipeError, match=r"20 nodes are too many for each to be its own feature"):
        folder(tmp_path, memory_limit=1000)
    (tmp_path / "nodes.csv").write_bytes("id,label\nä,1\n".encode("latin-1"))
    with pytest.raises(RecipeError, match=r"must be text in UTF-8"):
        data.load(f"graph:{tmp_path}")
