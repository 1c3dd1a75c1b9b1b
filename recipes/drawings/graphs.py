"""Pictures of graphs and of what a model makes of their nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..pictures import _FAINT, _INK, _figure

# Okabe and Ito 2008, without black, in an order in which neighbours differ most.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
_NOT_COUNTED = "#b9bfc7"


def two_colourings(edges, truth, labels, is_known, class_names: Sequence[str], drawn) -> Figure:
    """Draw a graph twice: coloured by the truth, and by what a model answers.

    Args:
        edges: int array `(edges, 2)`.
        truth: int array `(nodes,)` of classes, -1 where it is not known here.
        labels: int array `(nodes,)`, what was answered.
        is_known: bool array `(nodes,)`, which nodes were labelled in training: they get a ring.
        class_names: names in the order of the classes.
        drawn: int array, the nodes to draw.

    Returns:
        A figure with a panel for each, the nodes in the same places.
    """
    places = layout(edges, drawn)
    inside = np.isin(edges, drawn).all(axis=1)
    lines = [[places[one], places[other]] for one, other in edges[inside].tolist()]
    points = np.array([places[node] for node in drawn.tolist()])
    size = float(np.clip(9000 / len(drawn), 30, 260))
    wrong = (truth[drawn] >= 0) & (truth[drawn] != labels[drawn])
    with _figure(11.0, 5.6) as figure:
        for column, (title, classes) in enumerate((("Truth", truth), ("Answer", labels)), start=1):
            axes = figure.add_subplot(1, 2, column)
            axes.add_collection(LineCollection(lines, colors=_FAINT, linewidths=1.0, zorder=1))
            _nodes(axes, points, classes[drawn], is_known[drawn], size)
            if title == "Answer" and wrong.any():
                axes.scatter(
                    *points[wrong].T, marker="x", s=size / 3, color="white", linewidths=2, zorder=4
                )
            if len(drawn) <= 50:
                for place, node in zip(points, drawn.tolist(), strict=True):
                    axes.annotate(
                        str(node), place, (0, -15), textcoords="offset points", ha="center",
                        fontsize=8,
                    )  # fmt: skip
            axes.set_title(title)
            _bare(axes)
            axes.margins(0.08)
        _legend(figure, class_names, truth[drawn])
    return figure


def embedding(points, truth, is_known, class_names: Sequence[str]) -> Figure:
    """Draw nodes as points of a plane, coloured by class.

    Args:
        points: float array `(nodes, 2)`.
        truth: int array `(nodes,)` of classes, -1 where it is not known here.
        is_known: bool array `(nodes,)`, which nodes were labelled in training: they get a ring.
        class_names: names in the order of the classes.
    """
    with _figure(6.4, 6.0) as figure:
        axes = figure.add_subplot()
        _nodes(axes, points, truth, is_known, float(np.clip(6000 / len(points), 12, 120)))
        axes.set_title("Hidden features")
        axes.set_xlabel("first principal component")
        axes.set_ylabel("second principal component")
        _legend(figure, class_names, truth)
    return figure


def layout(edges, drawn):
    """Return places that connected nodes share a neighbourhood in: a dict from node to (x, y)."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(drawn.tolist())
    chosen = set(drawn.tolist())
    graph.add_edges_from(
        (one, other) for one, other in edges.tolist() if one in chosen and other in chosen
    )
    return networkx.spring_layout(graph, seed=0, iterations=200)


def around_the_hub(edges, num_nodes, most):
    """Return all nodes, or the nearest ones to the node with most edges where there are many.

    Args:
        edges: int array `(edges, 2)`.
        num_nodes: int.
        most: int, how many nodes at most.

    Returns:
        Sorted int array.
    """
    if num_nodes <= most:
        return np.arange(num_nodes)
    neighbours = [[] for _ in range(num_nodes)]
    for one, other in edges.tolist():
        neighbours[one].append(other)
        neighbours[other].append(one)
    hub = int(np.argmax([len(near) for near in neighbours]))
    reached, queue = {hub}, deque([hub])
    while queue and len(reached) < most:
        for node in neighbours[queue.popleft()]:
            if node not in reached and len(reached) < most:
                reached.add(node)
                queue.append(node)
    return np.array(sorted(reached))


def _nodes(axes, points, classes, is_known, size):
    colours = [_COLOURS[label % len(_COLOURS)] if label >= 0 else _NOT_COUNTED for label in classes]
    axes.scatter(*points.T, s=size, c=colours, linewidths=0, zorder=3)
    axes.scatter(
        *points[is_known].T, s=2.2 * size, facecolors="none", edgecolors=_INK, linewidths=1.6,
        zorder=3,
    )  # fmt: skip


def _legend(figure, class_names, truth):
    entries = [(name, _COLOURS[number % len(_COLOURS)]) for number, name in enumerate(class_names)]
    entries = entries[: len(_COLOURS)]
    if (np.asarray(truth) < 0).any():
        entries.append(("another split", _NOT_COUNTED))
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, markersize=9, label=name)
        for name, colour in entries
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def _bare(axes):
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
