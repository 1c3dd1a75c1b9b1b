"""The graph convolutional network: classes of nodes from a few labels and all edges.

Kipf and Welling 2017, "Semi-supervised classification with graph convolutional networks",
https://arxiv.org/abs/1609.02907, section 3.1.

On Cora, 2,708 papers with 1,433 words each, with `units=16`:

    layer       output      parameters
    dropout1    2708x1433   0             0.5
    conv1       2708x16     22,944        1433 * 16 + 16
    hidden      2708x16     0             rectifier
    dropout2    2708x16     0             0.5
    logits      2708x7      119           16 * 7 + 7
    total                   23,063        23,040 with `bias=False`

The answer for a node hangs on the nodes within two steps of it. One step of training takes the
whole graph, whose labelled nodes alone are in the loss.

Departures from the paper:

1. `bias=True` by default, as in today's libraries; the paper's equations and its code have none.
2. The model ends in logits; the softmax is in the loss, where it is exact for large logits.
3. Rows of features are taken as they are. The paper divides each by its sum; where they are counts
   of words, `normalize=keras.layers.UnitNormalization` divides each by its length.
4. The karate club is not among the paper's data. Its appendix A.1 draws it with a network that has
   not been trained; here one member of each club is labelled, and the network is trained as section
   5.2 has it.

Cora, Citeseer and Pubmed are not in TensorFlow Datasets. With the files of the paper at hand, write
`nodes.csv` (`id`, 1,433 columns of words, `label`, `split`) and `edges.csv` (`source`, `target`),
and train with `kerasrecipes train gcn_karate_club --data graph:FOLDER`: the paper reports 81.5 %.
"""

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..layers import GraphConvolution
from ..recipe import Figure, Recipe
from ..tasks.node_classification import NodeClassification


def build(input_shape, num_classes, *, units=16, dropout=0.5, bias=True, weight_decay=5e-4):
    """Return a graph convolutional network of two layers.

    Args:
        input_shape: dict, {"features": (nodes, F), "edges": (edges, 2)}; the numbers of nodes and
            edges may be None, and the model takes any.
        num_classes: int >= 2.
        units: int >= 1, features of a node between the layers. Defaults to 16.
        dropout: float in [0, 1), in front of each layer. Defaults to 0.5.
        bias: bool, whether the layers have one. Defaults to True.
        weight_decay: float >= 0, the gradient of the penalty on the first layer's kernel in units
            of the weight. Defaults to 5e-4, section 5.2.

    Returns:
        An uncompiled `keras.Model` from a dict of "features" `(batch, nodes, F)` and "edges"
        `(batch, edges, 2)`, each undirected edge once, to logits `(batch, nodes, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build({"features": (2708, 1433), "edges": (5278, 2)}, 7).count_params()
    23063
    """
    width = check_shape(input_shape, "gcn.build")
    check_at_least("gcn.build", 2, num_classes=num_classes)
    if not 0 <= dropout < 1:
        raise RecipeError(f"`dropout` of gcn.build must be in [0, 1). Received: {dropout=}.")
    check_at_least("gcn.build", 0, weight_decay=weight_decay)
    features = keras.Input((None, width), name="features")  # nodes x F
    edges = keras.Input((None, 2), dtype="int32", name="edges")
    hidden = layers.Dropout(dropout, name="dropout1")(features)
    hidden = GraphConvolution(
        units,
        use_bias=bias,
        # Keras's L2 has no factor of 1/2 before the square.
        kernel_regularizer=keras.regularizers.L2(weight_decay / 2) if weight_decay else None,
        name="conv1",
    )(hidden, edges)  # nodes x units
    hidden = layers.ReLU(name="hidden")(hidden)
    hidden = layers.Dropout(dropout, name="dropout2")(hidden)
    logits = GraphConvolution(num_classes, use_bias=bias, name="logits")(hidden, edges)
    return keras.Model({"features": features, "edges": edges}, logits, name="gcn")


def check_shape(input_shape, where):
    """Return the number of features of a node.

    Args:
        input_shape: what should be {"features": (nodes, F), "edges": (edges, 2)}.
        where: str, whose argument it is.

    Raises:
        RecipeError: it is something else.
    """
    sound = isinstance(input_shape, dict) and set(input_shape) == {"features", "edges"}
    if sound:
        nodes, edges = input_shape["features"], input_shape["edges"]
        sound = len(nodes) == 2 and nodes[1] is not None and len(edges) == 2 and edges[1] == 2
    if not sound:
        raise RecipeError(
            f"`input_shape` of {where} must be {{'features': (nodes, F), 'edges': (edges, 2)}}. "
            f"Received: {input_shape=}."
        )
    return nodes[1]


RECIPES = (
    Recipe(
        name="gcn_karate_club",
        summary="Two graph convolutions tell the two clubs apart from one member of each.",
        data="karate_club",
        task=NodeClassification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # section 5.2
        learning_rate=0.01,  # section 5.2
        batch_size=1,  # the whole graph
        epochs=200,  # section 5.2
        # One test node is 0.042; two or three are the seed's.
        expected=Figure("accuracy", 0.93, within=0.06, source="measured here, mean of three seeds"),
        num_parameters=594,
    ),
)
