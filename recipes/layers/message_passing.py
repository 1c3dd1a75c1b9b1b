"""From nodes to edges and back: the two halves of passing messages on a graph."""

import keras
from keras import ops

from ..errors import RecipeError, near_names

AGGREGATES = ("sum", "mean", "max")


def both_ways(edges, num_nodes):
    """Return who sends and who receives each message, as numbers in the flattened batch.

    Args:
        edges: int tensor `(batch, edges, 2)`, each undirected edge once, in either order.
        num_nodes: int or scalar tensor, the nodes of one graph.

    Returns:
        Two int32 tensors `(batch * 2 * edges,)` with values in [0, batch * num_nodes): of each
        graph first the messages along its edges as they are written, then those against them.
    """
    edges = ops.cast(edges, "int32")
    first_nodes = ops.arange(ops.shape(edges)[0], dtype="int32") * num_nodes
    edges = edges + ops.reshape(first_nodes, (-1, 1, 1))
    one, other = edges[..., 0], edges[..., 1]
    senders = ops.concatenate([one, other], axis=1)
    receivers = ops.concatenate([other, one], axis=1)
    return ops.reshape(senders, (-1,)), ops.reshape(receivers, (-1,))


@keras.saving.register_keras_serializable("kerasrecipes")
class NodeToEdge(keras.layers.Layer):
    """Lay the features of sender and receiver beside each other, for each message.

    The input of the function that makes a message: Gilmer et al. 2017, "Neural message passing for
    quantum chemistry", https://arxiv.org/abs/1704.01212, eq. 1; Battaglia et al. 2018,
    "Relational inductive biases, deep learning, and graph networks",
    https://arxiv.org/abs/1806.01261, algorithm 1, without features of edges and of the graph.

    Each undirected edge is listed once, in either order, and carries a message each way. A batch
    holds graphs of one size.
    """

    def call(self, features, edges):
        """Gather along the edges.

        Args:
            features: tensor `(batch, nodes, F)`.
            edges: int tensor `(batch, edges, 2)` with values in [0, nodes).

        Returns:
            A tensor `(batch, 2 * edges, 2 * F)`, the sender's features in front: first the
            messages along the edges as they are written, then those against them.
        """
        batch, num_nodes, width = ops.shape(features)
        flat = ops.reshape(features, (-1, width))
        ends = [ops.take(flat, ids, axis=0) for ids in both_ways(edges, num_nodes)]
        # Both sides are written out, since graphs without an edge leave -1 undecided.
        shape = (batch, 2 * ops.shape(edges)[1], 2 * width)
        return ops.reshape(ops.concatenate(ends, axis=-1), shape)

    def compute_output_shape(self, features_shape, edges_shape):
        num_edges = edges_shape[1]
        num_messages = None if num_edges is None else 2 * num_edges
        return (features_shape[0], num_messages, 2 * features_shape[2])


@keras.saving.register_keras_serializable("kerasrecipes")
class EdgeToNode(keras.layers.Layer):
    """Aggregate the messages that each node receives.

    Gilmer et al. 2017, eq. 1 (the sum); Battaglia et al. 2018, section 3.2.3 (sum, mean and
    maximum). A node that receives none gets zeros, whichever the aggregate.
    """

    def __init__(self, aggregate="sum", **kwargs):
        """Set up.

        Args:
            aggregate: "sum", "mean" or "max", of each feature by itself. Defaults to "sum".
            **kwargs: what every Keras layer takes.

        Raises:
            RecipeError: there is no such aggregate.
        """
        super().__init__(**kwargs)
        check_aggregate(aggregate, "EdgeToNode")
        self.aggregate = aggregate

    def call(self, messages, features, edges):
        """Aggregate.

        Args:
            messages: tensor `(batch, 2 * edges, M)`, in the order of `NodeToEdge`.
            features: tensor `(batch, nodes, F)`, asked for the number of nodes alone.
            edges: int tensor `(batch, edges, 2)` with values in [0, nodes).

        Returns:
            A tensor `(batch, nodes, M)`.
        """
        batch, num_nodes, _ = ops.shape(features)
        width = messages.shape[-1]
        _, receivers = both_ways(edges, num_nodes)
        total = batch * num_nodes
        flat = ops.reshape(messages, (-1, width))
        if self.aggregate == "max":
            gathered = ops.segment_max(flat, receivers, num_segments=total)
        else:
            gathered = ops.segment_sum(flat, receivers, num_segments=total)
        if self.aggregate != "sum":
            # Counted in float32, since float16 ends at 65,504.
            ones = ops.ones_like(receivers, dtype="float32")
            count = ops.segment_sum(ones, receivers, num_segments=total)[:, None]
            if self.aggregate == "mean":
                gathered = gathered / ops.cast(ops.maximum(count, 1.0), gathered.dtype)
            else:
                # The maximum of nothing is the smallest float, or minus infinity.
                gathered = ops.where(count > 0, gathered, ops.zeros_like(gathered))
        return ops.reshape(gathered, (batch, num_nodes, width))

    def compute_output_shape(self, messages_shape, features_shape, edges_shape):
        return (*features_shape[:2], messages_shape[2])

    def get_config(self):
        return {**super().get_config(), "aggregate": self.aggregate}


def check_aggregate(aggregate, where):
    """Check that there is an aggregate of this name.

    Args:
        aggregate: what came.
        where: str, whose argument it is.

    Raises:
        RecipeError: there is none (with near names).
    """
    if aggregate not in AGGREGATES:
        raise RecipeError(
            f"`aggregate` of {where} must be one of {', '.join(map(repr, AGGREGATES))}. "
            f"Received: aggregate={aggregate!r}." + near_names(str(aggregate), AGGREGATES)
        )
