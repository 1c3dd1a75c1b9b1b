"""How much of a regression tree's variance is due to which of its inputs, exactly.

A tree is constant on boxes, so every integral over inputs is a sum over its leaves: Hutter, Hoos
and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance" (ICML),
section 3.2, https://proceedings.mlr.press/v32/hutter14.html.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Uniform:
    """A number that is even on [0, 1]."""

    def below(self, ends):
        """Return the probability of a value up to each of the `ends`."""
        return np.clip(ends, 0.0, 1.0)

    def draw(self, generator, count):
        """Return `count` values of a `numpy.random.Generator`."""
        return generator.random(count)


@dataclasses.dataclass(frozen=True)
class OneOfMany:
    """One of the numbers 0, 1, ..., `num_values` - 1, each as often."""

    num_values: int

    def below(self, ends):
        """Return the probability of a value up to each of the `ends`."""
        return np.clip(np.floor(ends) + 1, 0, self.num_values) / self.num_values

    def draw(self, generator, count):
        """Return `count` values of a `numpy.random.Generator`."""
        return generator.integers(self.num_values, size=count).astype(float)


@dataclasses.dataclass(frozen=True)
class Known:
    """A number that is always the same."""

    value: float

    def below(self, ends):
        """Return the probability of a value up to each of the `ends`."""
        return (np.asarray(ends) >= self.value).astype(float)

    def draw(self, generator, count):
        """Return `count` values, which need no `numpy.random.Generator`."""
        return np.full(count, self.value)


@dataclasses.dataclass(frozen=True)
class TreeVariance:
    """The variance of a tree over independent inputs, by the inputs that it is due to.

    Attributes:
        total: float, the variance of what the tree predicts.
        single: array `(num_inputs,)`, the variance of the mean given one input.
        pairs: dict from `(first, second)`, positions of inputs, to the variance of the mean given
            both beyond that given one of them.
    """

    total: float
    single: np.ndarray
    pairs: dict[tuple[int, int], float]


def tree_variance(tree, inputs: Sequence[Uniform | OneOfMany | Known]) -> TreeVariance:
    """Divide the variance of a tree among its inputs.

    Args:
        tree: a fitted `sklearn.tree.DecisionTreeRegressor`.
        inputs: how each input is distributed, independently of the others.

    Returns:
        `TreeVariance`, without sampling.
    """
    low, high, values = _leaves(tree.tree_, len(inputs))
    shares = np.stack(
        [each.below(high[:, d]) - each.below(low[:, d]) for d, each in enumerate(inputs)], axis=1
    )
    weights = shares.prod(axis=1)
    values = values - weights @ values
    axes = [_Axis.of(low[:, d], high[:, d], each.below) for d, each in enumerate(inputs)]

    def weighted(*without):
        """Return the leaves' values times their shares of all inputs but some."""
        return values * np.delete(shares, without, axis=1).prod(axis=1)

    single = np.array([axis.variance(weighted(d)) for d, axis in enumerate(axes)])
    pairs = {
        (i, j): axes[i].variance_with(axes[j], weighted(i, j)) - single[i] - single[j]
        for i, j in itertools.combinations(range(len(inputs)), 2)
    }
    # Rounding alone takes a variance below zero.
    pairs = {both: max(0.0, float(value)) for both, value in pairs.items()}
    return TreeVariance(float(weights @ values**2), single, pairs)


@dataclasses.dataclass(frozen=True)
class _Axis:
    """An input, cut into cells; each leaf goes from its `first` to before its `last`."""

    first: np.ndarray
    last: np.ndarray
    widths: np.ndarray

    @classmethod
    def of(cls, low, high, below: Callable):
        edges = np.unique(np.concatenate([low, high]))
        return cls(np.searchsorted(edges, low), np.searchsorted(edges, high), np.diff(below(edges)))

    def variance(self, weighted):
        # A leaf begins to count at its first cell and ceases at its last: a running sum.
        changes = np.zeros(len(self.widths) + 1)
        np.add.at(changes, self.first, weighted)
        np.add.at(changes, self.last, -weighted)
        return self.widths @ np.cumsum(changes)[:-1] ** 2

    def variance_with(self, other, weighted):
        changes = np.zeros((len(self.widths) + 1, len(other.widths) + 1))
        for mine, sign in ((self.first, 1), (self.last, -1)):
            np.add.at(changes, (mine, other.first), sign * weighted)
            np.add.at(changes, (mine, other.last), -sign * weighted)
        means = changes.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
        return self.widths @ means**2 @ other.widths


def _leaves(tree, num_inputs):
    """Return the boxes of the leaves, open below and closed above, and their values."""
    low, high, values = [], [], []
    whole = np.full(num_inputs, -math.inf), np.full(num_inputs, math.inf)
    waiting = [(0, *whole)]
    while waiting:
        node, begin, end = waiting.pop()
        if tree.children_left[node] < 0:
            low.append(begin)
            high.append(end)
            values.append(tree.value[node].item())
            continue
        feature, threshold = tree.feature[node], tree.threshold[node]
        left_end, right_begin = end.copy(), begin.copy()
        left_end[feature] = right_begin[feature] = threshold
        waiting += [
            (tree.children_left[node], begin, left_end),
            (tree.children_right[node], right_begin, end),
        ]
    return np.array(low), np.array(high), np.array(values)
