"""A network that passes messages between nodes: any function of two neighbours, any aggregate.

Gilmer et al. 2017, "Neural message passing for quantum chemistry",
https://arxiv.org/abs/1704.01212, section 2; Battaglia et al. 2018, "Relational inductive biases,
deep learning, and graph networks", https://arxiv.org/abs/1806.01261, algorithm 1 and figure 4.

On the karate club, 34 nodes with 34 features, 78 edges, with `units=64` and `rounds=2`:

    layer               output      parameters
    round1_dropout      34x34       0         0.5
    round1_gather       156x68      0         sender beside receiver, each edge both ways
    round1_message      156x64      4,416     68 * 64 + 64, rectifier: node to edge
    round1_aggregate    34x64       0         sum, mean or maximum: edge to node
    round1_beside       34x98       0         the node's own features beside it
    round1_update       34x64       6,336     98 * 64 + 64, rectifier
    round2_dropout      34x64       0
    round2_gather       156x128     0
    round2_message      156x64      8,256     128 * 64 + 64
    round2_aggregate    34x64       0
    round2_beside       34x128      0
    hidden              34x64       8,256     128 * 64 + 64, the update of the last round
    dropout             34x64       0
    logits              34x2        130       64 * 2 + 2
    total                           27,394

Departures from the papers:

1. The functions of a message and of an update are one dense layer with a rectifier each; Gilmer et
   al. use a matrix from the edge and a GRU.
2. Edges and the graph as a whole have no features of their own, so there is neither an edge's nor a
   global state (Battaglia et al., figure 4c, "message-passing neural network").
3. The answer is one a node; both papers also read out one a graph.
4. Dropout stands in front of each round, as in the graph convolutional network beside. Without it
   the few labels of the karate club are learned by heart: with 16 units and no dropout on the
   features, 1 to 4 of the 8 members for validation were answered wrongly.
"""

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..layers import EdgeToNode, NodeToEdge
from ..layers.message_passing import check_aggregate
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..tasks.node_classification import NodeClassification
from .gcn import check_shape


def exchange(features, edges, units, aggregate, dropout, name, update_name):
    """Return the features of the nodes after one round of messages.

    Args:
        features: tensor `(batch, nodes, F)`.
        edges: int tensor `(batch, edges, 2)`, each undirected edge once.
        units: int >= 1, features of a message and of a node afterwards.
        aggregate: "sum", "mean" or "max".
        dropout: float in [0, 1).
        name: str, what the names of the layers begin with.
        update_name: str, the name of the last layer of the round.

    Returns:
        A tensor `(batch, nodes, units)`.
    """
    features = layers.Dropout(dropout, name=f"{name}_dropout")(features)
    messages = NodeToEdge(name=f"{name}_gather")(features, edges)  # 2 edges x 2 F
    messages = layers.Dense(units, activation="relu", name=f"{name}_message")(messages)
    received = EdgeToNode(aggregate, name=f"{name}_aggregate")(messages, features, edges)
    beside = layers.Concatenate(name=f"{name}_beside")([features, received])  # nodes x F + units
    return layers.Dense(units, activation="relu", name=update_name)(beside)  # nodes x units


def build(input_shape, num_classes, *, units=64, rounds=2, aggregate="mean", dropout=0.5):
    """Return a message passing network that gives a class for each node.

    Args:
        input_shape: dict, {"features": (nodes, F), "edges": (edges, 2)}; the numbers of nodes and
            edges may be None, and the model takes any.
        num_classes: int >= 2.
        units: int >= 1, features of a message and of a node between the rounds. Defaults to 64.
        rounds: int >= 1, how far along the edges a node sees. Defaults to 2.
        aggregate: "sum", "mean" or "max" of the messages that a node receives. Defaults to "mean".
        dropout: float in [0, 1), in front of each round and of the last layer. Defaults to 0.5.

    Returns:
        An uncompiled `keras.Model` from a dict of "features" `(batch, nodes, F)` and "edges"
        `(batch, edges, 2)`, each undirected edge once, to logits `(batch, nodes, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build({"features": (34, 34), "edges": (78, 2)}, 2).count_params()
    27394
    """
    width = check_shape(input_shape, "message_passing_network.build")
    check_aggregate(aggregate, "message_passing_network.build")
    check_at_least("message_passing_network.build", 2, num_classes=num_classes)
    check_at_least("message_passing_network.build", 1, units=units, rounds=rounds)
    if not 0 <= dropout < 1:
        raise RecipeError(
            f"`dropout` of message_passing_network.build must be in [0, 1). Received: {dropout=}."
        )
    features = keras.Input((None, width), name="features")  # nodes x F
    edges = keras.Input((None, 2), dtype="int32", name="edges")
    hidden = features
    for number in range(1, rounds + 1):
        name = f"round{number}"
        update_name = f"{name}_update" if number < rounds else "hidden"
        hidden = exchange(hidden, edges, units, aggregate, dropout, name, update_name)
    hidden = layers.Dropout(dropout, name="dropout")(hidden)
    logits = layers.Dense(num_classes, name="logits")(hidden)  # nodes x classes
    inputs = {"features": features, "edges": edges}
    return keras.Model(inputs, logits, name="message_passing_network")


RECIPES = (
    Recipe(
        name="message_passing_karate_club",
        summary="Members of a karate club pass messages, and tell their clubs from one of each.",
        data="karate_club",
        task=NodeClassification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # as gcn_karate_club
        learning_rate=0.01,  # as gcn_karate_club
        batch_size=1,  # the whole graph
        epochs=100,  # the validation accuracy is flat by then
        ranges=(OneOf("build.aggregate", ("sum", "mean", "max")),),  # all three
        expected=Figure("accuracy", 0.875, within=0.085, source="measured here, three seeds"),
        num_parameters=27_394,
    ),
)
