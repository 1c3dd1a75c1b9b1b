"""Networks on graphs: counts, symmetry, the loss and the figures of few labels."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import catalog, data, distribute
from kerasrecipes.recipes.architecture import num_parameters
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.drawings.graphs import around_the_hub
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.graph import gcn, message_passing_network
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.tasks.node_classification import (
    LabelledAccuracy,
    NodeClassification,
    principal_plane,
    propagated,
)

CORA = {"features": (2708, 1433), "edges": (5278, 2)}
BUILDERS = [gcn.build, message_passing_network.build]


@pytest.mark.parametrize("bias, count", [(True, 23_063), (False, 23_040)])
def test_on_cora_it_has_the_papers_parameters(bias, count):
    # 1433 * 16 + 16 * 7, and with a bias 16 + 7 more.
    assert num_parameters(gcn.build(CORA, 7, bias=bias))["trainable"] == count


def test_message_passing_has_the_parameters_of_its_table():
    shape = {"features": (34, 34), "edges": (78, 2)}
    model = message_passing_network.build(shape, 2)
    rounds = [(68 * 64 + 64) + (98 * 64 + 64), (128 * 64 + 64) + (128 * 64 + 64)]
    assert num_parameters(model)["trainable"] == sum(rounds) + 64 * 2 + 2 == 27_394
    one = message_passing_network.build(shape, 2, rounds=1)
    assert num_parameters(one)["trainable"] == rounds[0] + 130


@pytest.mark.parametrize("build", BUILDERS)
def test_numbering_the_nodes_otherwise_numbers_the_answers_otherwise(build):
    generator = np.random.default_rng(0)
    inputs, _ = data.load("karate_club").train.examples([0])
    inputs["features"] = generator.normal(size=(1, 34, 5)).astype("float32")
    model = build({"features": (34, 5), "edges": (78, 2)}, 2)
    order = generator.permutation(34)
    moved = {
        "features": inputs["features"][:, order],
        "edges": np.argsort(order).astype("int32")[inputs["edges"]],
    }
    expected = model(inputs, training=False).numpy()[:, order]
    np.testing.assert_allclose(model(moved, training=False), expected, atol=1e-5)
    assert np.ptp(expected, axis=1).min() > 1e-3  # the nodes do differ


def test_the_network_is_the_papers_equation():
    inputs, _ = data.load("karate_club").train.examples([0])
    model = gcn.build({"features": (34, 34), "edges": (78, 2)}, 2)
    model.set_weights(
        [np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(model.get_weights())]
    )
    first, first_bias, second, second_bias = model.get_weights()
    with_loops = np.eye(34)
    for one, other in inputs["edges"][0]:
        with_loops[one, other] = with_loops[other, one] = 1
    scale = np.diag(with_loops.sum(axis=1) ** -0.5)
    normalised = scale @ with_loops @ scale
    hidden = np.maximum(normalised @ inputs["features"][0] @ first + first_bias, 0)
    expected = normalised @ hidden @ second + second_bias  # eq. 9, before its softmax
    np.testing.assert_allclose(model(inputs, training=False)[0], expected, rtol=1e-4, atol=1e-4)


def test_only_labelled_nodes_are_in_the_loss_and_in_the_accuracy():
    recipe = replace(catalog.get("gcn_karate_club"), **{"build.weight_decay": 0.0})
    splits = data.load(recipe.data)
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    inputs, targets = splits.validation.examples([0])
    logits = model(inputs, training=False).numpy().astype("float64")[0]
    nodes = np.flatnonzero(targets[0] >= 0)
    chosen = logits[nodes, targets[0, nodes]] - np.logaddexp.reduce(logits[nodes], axis=1)
    logs = model.evaluate(splits.validation.ordered(1), verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(-chosen.mean(), rel=1e-5)
    right = logits[nodes].argmax(axis=1) == targets[0, nodes]
    assert logs["accuracy"] == pytest.approx(right.mean())
    assert logs["loss"] == pytest.approx(math.log(2), rel=0.1)


def test_the_accuracy_of_nothing_labelled_is_zero_and_of_all_is_kerass():
    metric, kerass = LabelledAccuracy(), keras.metrics.SparseCategoricalAccuracy()
    logits = np.random.default_rng(0).normal(size=(2, 9, 3)).astype("float32")
    metric.update_state(np.full((2, 9), -1), logits)
    assert float(metric.result()) == 0
    targets = np.random.default_rng(1).integers(3, size=(2, 9))
    metric.update_state(targets, logits)
    kerass.update_state(targets, logits)
    assert float(metric.result()) == pytest.approx(float(kerass.result()))


def test_labels_spread_to_the_harmonic_function():
    inputs, targets = data.load("karate_club").train.examples([0])
    adjacency = np.zeros((34, 34))
    for one, other in inputs["edges"][0]:
        adjacency[one, other] = adjacency[other, one] = 1
    # Zhu et al. 2003, eq. 5: f_u = (D_uu - W_uu)^-1 W_ul f_l.
    known, others = [0, 33], list(range(1, 33))
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    solved = np.linalg.solve(
        laplacian[np.ix_(others, others)], adjacency[np.ix_(others, known)] @ np.eye(2)
    )
    found = propagated(inputs["edges"][0], targets[0], 2)
    np.testing.assert_allclose(found[others], solved, atol=1e-6)
    np.testing.assert_array_equal(found[known], np.eye(2))
    alone = propagated(np.array([[0, 1]]), np.array([0, -1, -1, 1]), 2)
    np.testing.assert_array_equal(alone, [[1, 0], [1, 0], [0, 0], [0, 1]])


def test_the_figures_are_of_the_test_nodes_alone():
    task, splits = NodeClassification(), data.load("karate_club")
    truth = splits.test.targets[0]

    class Oracle(keras.Model):
        def call(self, inputs, training=None):
            # Right for the first half of the nodes, wrong for the others.
            answers = np.where(np.arange(34) < 17, truth, 1 - truth)
            return tf.one_hot(np.where(truth < 0, 1, answers), 2)[None] * 4

    figures, _ = task.evaluate(Oracle(), splits, splits.test.ordered(1))
    nodes = np.flatnonzero(truth >= 0)
    assert figures["accuracy"] == pytest.approx(np.mean(nodes < 17))
    likelihoods = [4 - np.logaddexp(4, 0), -np.logaddexp(4, 0)]
    share = np.mean(nodes < 17)
    expected = -(share * likelihoods[0] + (1 - share) * likelihoods[1])
    assert figures["nll"] == pytest.approx(expected, rel=1e-5)
    assert figures["baseline_accuracy"] == pytest.approx(np.mean(truth[nodes] == 0))


def test_an_export_takes_a_graph_of_another_size():
    recipe = catalog.get("gcn_karate_club")
    splits = data.load(recipe.data)
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    endpoint = recipe.task.endpoints(model, splits)["serving_default"]
    assert [(spec.name, spec.shape.as_list()) for spec in endpoint.inputs] == [
        ("edges", [None, None, 2]),
        ("features", [None, None, 34]),
    ]
    signature = tf.function(endpoint.function, input_signature=list(endpoint.inputs))
    answer = signature(np.array([[[0, 1]]], "int32"), np.eye(34, dtype="float32")[None, :3])
    assert answer["label"].shape == (1, 3)
    np.testing.assert_allclose(tf.reduce_sum(answer["probabilities"], axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["gcn_karate_club", "message_passing_karate_club"])
def test_some_steps_learn_the_two_labels(name):
    recipe = catalog.get(name)
    splits = data.load(recipe.data)
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    batches = training_batches(splits.train, 1, seed=0).take(60)
    model.fit(batches, steps_per_epoch=60, verbose=0, shuffle=False)
    logs = model.evaluate(splits.train.ordered(1), verbose=0, return_dict=True)
    assert logs["accuracy"] == 1 and logs["loss"] < 0.6


def test_points_are_turned_into_the_plane_of_scikit_learns_pca():
    from sklearn.decomposition import PCA

    points = np.random.default_rng(0).normal(size=(40, 6)) * [3, 2, 1, 1, 0.5, 0.1]
    expected = PCA(2).fit_transform(points)
    np.testing.assert_allclose(np.abs(principal_plane(points)), np.abs(expected), atol=1e-8)
    assert principal_plane(np.ones((5, 1))).shape == (5, 2)


def test_a_large_graph_is_drawn_round_its_hub():
    star = np.array([[7, other] for other in range(300) if other != 7])
    assert around_the_hub(star, 300, 500).tolist() == list(range(300))
    shown = around_the_hub(star, 300, 50)
    assert len(shown) == 50 and 7 in shown


@pytest.mark.parametrize(
    "build, arguments, message",
    [
        (gcn.build, {"dropout": 1.0}, r"`dropout` of gcn.build must be in \[0, 1\)"),
        (gcn.build, {"units": 0}, "`units` of GraphConvolution must be at least 1"),
        (gcn.build, {"weight_decay": -1}, "`weight_decay` of gcn.build must be at least 0"),
        (message_passing_network.build, {"rounds": 0}, "`rounds` of .* must be at least 1"),
        (message_passing_network.build, {"aggregate": "median"}, "must be one of 'sum', 'mean'"),
        (message_passing_network.build, {"dropout": -0.1}, r"must be in \[0, 1\)"),
    ],
)
def test_arguments_out_of_range_are_told(build, arguments, message):
    with pytest.raises(RecipeError, match=message):
        build(CORA, 7, **arguments)


@pytest.mark.parametrize("build", BUILDERS)
def test_shapes_that_are_no_graph_are_told(build):
    for shape in ((28, 28), {"features": (3, 4)}, {"features": (3, None), "edges": (3, 2)}):
        with pytest.raises(RecipeError, match=r"`input_shape` of .* must be"):
            build(shape, 2)
    with pytest.raises(RecipeError, match="`num_classes` of"):
        build(CORA, 1)


def test_data_that_is_no_graph_is_told(data_dir):
    recipe = catalog.get("gcn_karate_club")
    splits = data.load("wine", data_dir=data_dir)
    with pytest.raises(RecipeError, match=r"'wine' must be a graph.*Take 'karate_club'"):
        recipe.task.core(recipe, splits)
