"""Graph layers against dense matrices and against loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import EdgeToNode, GraphConvolution, NodeToEdge

NUM_NODES, NUM_FEATURES = 7, 5
# Node 6 has no edge; the second graph of the batch is another one of the same size.
EDGES = np.array([[[0, 1], [2, 1], [3, 4], [0, 5]], [[5, 4], [0, 2], [2, 3], [1, 0]]], "int32")


def features(seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(2, NUM_NODES, NUM_FEATURES)).astype("float32")


def adjacency(edges):
    matrix = np.zeros((NUM_NODES, NUM_NODES))
    for one, other in edges:
        matrix[one, other] += 1
        matrix[other, one] += 1
    return matrix


def convolution(**settings):
    layer = GraphConvolution(3, **settings)
    layer(features(), EDGES)
    if layer.use_bias:
        layer.bias.assign([0.1, -0.2, 0.3])
    return layer


@pytest.mark.parametrize("use_bias", [True, False])
def test_the_convolution_is_the_dense_one(use_bias):
    layer, given = convolution(use_bias=use_bias), features()
    got = layer(given, EDGES).numpy()
    for number, edges in enumerate(EDGES):
        with_loops = adjacency(edges) + np.eye(NUM_NODES)
        scale = np.diag(with_loops.sum(axis=1) ** -0.5)
        expected = scale @ with_loops @ scale @ given[number] @ layer.kernel.numpy()
        expected += layer.bias.numpy() if use_bias else 0
        np.testing.assert_allclose(got[number], expected, atol=1e-6)


def test_the_gradient_of_the_convolution_is_the_dense_ones():
    layer, given = convolution(), features()
    weights = tf.constant(np.random.default_rng(1).normal(size=(2, NUM_NODES, 3)), tf.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * layer(given, EDGES))
    got = tape.gradient(loss, layer.kernel.value)
    expected = np.zeros((NUM_FEATURES, 3))
    for number, edges in enumerate(EDGES):
        with_loops = adjacency(edges) + np.eye(NUM_NODES)
        scale = np.diag(with_loops.sum(axis=1) ** -0.5)
        expected += (scale @ with_loops @ scale @ given[number]).T @ weights[number].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_the_order_in_which_an_edge_is_written_changes_nothing():
    layer, given = convolution(), features()
    turned, shuffled = EDGES[..., ::-1], EDGES[:, [2, 0, 3, 1]]
    np.testing.assert_allclose(layer(given, turned), layer(given, EDGES), atol=1e-6)
    np.testing.assert_allclose(layer(given, shuffled), layer(given, EDGES), atol=1e-6)


def test_numbering_the_nodes_otherwise_numbers_the_answers_otherwise():
    order = np.random.default_rng(3).permutation(NUM_NODES)
    place = np.argsort(order).astype("int32")  # where each node has gone
    given = features()
    layer = convolution()
    np.testing.assert_allclose(
        layer(given[:, order], place[EDGES]), layer(given, EDGES).numpy()[:, order], atol=1e-6
    )
    for aggregate in ("sum", "mean", "max"):
        pool = EdgeToNode(aggregate)
        moved = pool(NodeToEdge()(given[:, order], place[EDGES]), given, place[EDGES])
        there = pool(NodeToEdge()(given, EDGES), given, EDGES).numpy()
        np.testing.assert_allclose(moved, there[:, order], atol=1e-6)


def test_a_message_knows_its_sender_and_its_receiver():
    given = features()
    got = NodeToEdge()(given, EDGES).numpy()
    assert got.shape == (2, 2 * EDGES.shape[1], 2 * NUM_FEATURES)
    for number, edges in enumerate(EDGES):
        messages = [(one, other) for one, other in edges] + [(b, a) for a, b in edges]
        for position, (sender, receiver) in enumerate(messages):
            expected = np.concatenate([given[number, sender], given[number, receiver]])
            np.testing.assert_array_equal(got[number, position], expected)


@pytest.mark.parametrize(
    "aggregate, function", [("sum", np.sum), ("mean", np.mean), ("max", np.max)]
)
def test_aggregates_against_loops(aggregate, function):
    # Below 0, so that a maximum with zeros would be seen.
    messages = features(4)[:, : 2 * EDGES.shape[1]] - 10
    messages = np.concatenate([messages, messages[:, :1] * 2], axis=1)
    got = EdgeToNode(aggregate)(messages, features(), EDGES).numpy()
    for number, edges in enumerate(EDGES):
        receivers = [*edges[:, 1], *edges[:, 0]]
        for node in range(NUM_NODES):
            received = [messages[number, i] for i, to in enumerate(receivers) if to == node]
            expected = function(received, axis=0) if received else np.zeros(NUM_FEATURES)
            np.testing.assert_allclose(got[number, node], expected, rtol=1e-5)


@pytest.mark.parametrize("aggregate", ["sum", "mean", "max"])
def test_gradients_at_nodes_without_a_message_are_zero_and_not_nan(aggregate):
    messages = tf.Variable(features()[:, :1])
    edges = np.zeros((2, 0, 2), "int32")
    with tf.GradientTape() as tape:
        gathered = EdgeToNode(aggregate)(messages[:, :0], features(), edges)
        loss = tf.reduce_sum(gathered**2) + tf.reduce_sum(messages)
    np.testing.assert_array_equal(gathered, np.zeros_like(features()))
    np.testing.assert_array_equal(tape.gradient(loss, messages), np.ones((2, 1, NUM_FEATURES)))


def test_a_graph_without_edges_is_mapped_node_by_node():
    layer, given = convolution(), features()
    none = np.zeros((2, 0, 2), "int32")
    expected = given @ layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(layer(given, none), expected, atol=1e-6)
    assert NodeToEdge()(given, none).shape == (2, 0, 2 * NUM_FEATURES)


def test_sizes_may_be_free_and_a_saved_model_answers_the_same(tmp_path):
    nodes = keras.Input((None, NUM_FEATURES), name="features")
    edges = keras.Input((None, 2), dtype="int32", name="edges")
    messages = NodeToEdge(name="gather")(nodes, edges)
    pooled = EdgeToNode("max", name="pool")(messages, nodes, edges)
    mixed = GraphConvolution(3, kernel_regularizer=keras.regularizers.L2(0.1), name="convolution")(
        pooled, edges
    )
    assert messages.shape == (None, None, 2 * NUM_FEATURES)
    assert mixed.shape == (None, None, 3)
    model = keras.Model([nodes, edges], mixed)
    assert len(model.losses) == 1
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    compiled = tf.function(loaded, input_signature=[[
        tf.TensorSpec((None, None, NUM_FEATURES)), tf.TensorSpec((None, None, 2), tf.int32)
    ]])  # fmt: skip
    for given, listed in ((features(), EDGES), (features()[:1, :6], EDGES[:1, :3])):
        expected = model([given, listed])
        np.testing.assert_allclose(compiled([given, listed]), expected, atol=1e-6)


def test_in_half_precision_the_sums_are_as_good_as_the_numbers():
    layer = GraphConvolution(3, dtype="mixed_float16")
    given = features()
    got = layer(given, EDGES)
    assert got.dtype == "float16"
    exact = GraphConvolution(3)
    exact(given, EDGES)
    exact.set_weights(layer.get_weights())
    np.testing.assert_allclose(got, exact(given, EDGES), atol=5e-3)


def test_arguments_out_of_range_are_told():
    with pytest.raises(
        RecipeError, match=r"must be one of 'sum', 'mean', 'max'.*'maxx'.*mean 'max'"
    ):
        EdgeToNode("maxx")
    with pytest.raises(RecipeError, match="`units` of GraphConvolution must be at least 1"):
        GraphConvolution(0)
