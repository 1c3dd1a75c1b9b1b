"""The division of a tree's variance is exact: it is what sums over a grid give."""

import itertools

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from kerasrecipes.tuning.reporting.tree_variance import Known, OneOfMany, Uniform, tree_variance


def grid(tree, inputs):
    """Return cells and their probabilities for each input, cut wherever the tree cuts."""
    for place, each in enumerate(inputs):
        if isinstance(each, OneOfMany):
            yield np.arange(each.num_values), np.full(each.num_values, 1 / each.num_values)
            continue
        cuts = tree.tree_.threshold[tree.tree_.feature == place]
        edges = np.unique(np.concatenate([[0.0, 1.0], cuts[(cuts > 0) & (cuts < 1)]]))
        yield (edges[1:] + edges[:-1]) / 2, np.diff(edges)


def by_sums(tree, inputs):
    """Return total, single and pair variances by weighing every cell of the grid."""
    points, weights = zip(*grid(tree, inputs), strict=True)
    cells = np.array(list(itertools.product(*points)))
    values = tree.predict(cells).reshape([len(each) for each in points])
    mean = values
    for each in weights:
        mean = np.tensordot(each, mean, axes=(0, 0))

    def variance(kept):
        seen = values - mean
        for axis in reversed(range(len(inputs))):
            if axis not in kept:
                seen = np.tensordot(seen, weights[axis], axes=(axis, 0))
        squared = seen**2
        for axis in reversed(kept):
            squared = np.tensordot(squared, weights[axis], axes=(kept.index(axis), 0))
        return float(squared)

    every = range(len(inputs))
    single = [variance([axis]) for axis in every]
    pairs = {
        (i, j): variance([i, j]) - single[i] - single[j]
        for i, j in itertools.combinations(every, 2)
    }
    return variance(list(every)), single, pairs


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_sums_over_a_grid(seed):
    generator = np.random.default_rng(seed)
    inputs = [Uniform(), OneOfMany(3), Uniform(), OneOfMany(2)]
    rows = np.stack([each.draw(generator, 60) for each in inputs], axis=1)
    target = rows[:, 0] * (rows[:, 1] == 1) + np.sin(5 * rows[:, 2]) + generator.normal(0, 0.2, 60)
    tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=seed).fit(rows, target)
    total, single, pairs = by_sums(tree, inputs)
    found = tree_variance(tree, inputs)
    assert found.total == pytest.approx(total, rel=1e-9)
    assert found.single == pytest.approx(single, rel=1e-6, abs=1e-12)
    for both, value in pairs.items():
        assert found.pairs[both] == pytest.approx(value, rel=1e-6, abs=1e-10)
    # What is left is due to three and four at once.
    assert found.single.sum() + sum(found.pairs.values()) < found.total


def test_what_is_known_is_no_variance():
    generator = np.random.default_rng(0)
    rows = generator.random((50, 2))
    tree = DecisionTreeRegressor().fit(rows, rows[:, 0] * rows[:, 1])
    found = tree_variance(tree, [Uniform(), Known(0.7)])
    edges = np.linspace(0, 1, 20001)
    points = (edges[1:] + edges[:-1]) / 2
    values = tree.predict(np.column_stack([points, np.full(len(points), 0.7)]))
    assert found.single[1] == pytest.approx(0, abs=1e-12)
    assert found.total == pytest.approx(found.single[0])
    assert found.total == pytest.approx(values.var(), rel=1e-2)


def test_of_a_tree_of_one_leaf_nothing_varies():
    tree = DecisionTreeRegressor().fit([[0.1], [0.9]], [3.0, 3.0])
    found = tree_variance(tree, [Uniform()])
    assert found.total == 0
    assert found.single == [0.0]


def test_of_values_that_were_never_tried_the_cells_are_counted_whole():
    # The tree cuts between 0 and 2, at 1: of the three values two are below.
    tree = DecisionTreeRegressor().fit([[0], [2]], [0.0, 1.0])
    found = tree_variance(tree, [OneOfMany(3)])
    assert found.total == pytest.approx(1 / 3 * 2 / 3)
