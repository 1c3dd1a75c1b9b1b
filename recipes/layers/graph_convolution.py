"""A convolution on a graph, from its list of edges."""

import keras
from keras import ops

from ..errors import check_at_least
from .message_passing import both_ways


@keras.saving.register_keras_serializable("kerasrecipes")
class GraphConvolution(keras.layers.Layer):
    """Mix the features of each node with those of its neighbours, then map them linearly.

    D^-1/2 (A + I) D^-1/2 X W + b with D the row sums of A + I, the "renormalization trick" of Kipf
    and Welling 2017, "Semi-supervised classification with graph convolutional networks",
    https://arxiv.org/abs/1609.02907, eq. 2 and 8. A is never written out: time and memory go with
    the number of edges.

    Each undirected edge is listed once, in either order; one that is listed twice has weight 2. The
    loops I are added here, so the list has none. A batch holds graphs of one size.
    """

    def __init__(
        self,
        units,
        *,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        **kwargs,
    ):
        """Set up.

        Args:
            units: int >= 1, features of a node behind the layer.
            use_bias: bool, whether b is there. Defaults to True.
            kernel_initializer: initializer of W. Defaults to "glorot_uniform", the paper's.
            kernel_regularizer: regularizer of W, or None. Defaults to None.
            **kwargs: what every Keras layer takes.

        Raises:
            RecipeError: `units` is out of its range.
        """
        super().__init__(**kwargs)
        check_at_least("GraphConvolution", 1, units=units)
        self.units = units
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, features_shape, edges_shape):
        self.kernel = self.add_weight(
            (features_shape[-1], self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight((self.units,), "zeros", name="bias") if self.use_bias else None

    def call(self, features, edges):
        """Convolve.

        Args:
            features: tensor `(batch, nodes, F)`.
            edges: int tensor `(batch, edges, 2)` with values in [0, nodes).

        Returns:
            A tensor `(batch, nodes, units)`.
        """
        batch, num_nodes, _ = ops.shape(features)
        senders, receivers = both_ways(edges, num_nodes)
        total = batch * num_nodes
        # In float32, since float16 ends at 65,504 neighbours.
        ones = ops.ones_like(receivers, dtype="float32")
        degrees = 1.0 + ops.segment_sum(ones, receivers, num_segments=total)
        scale = ops.cast(ops.rsqrt(degrees), self.compute_dtype)[:, None]
        # W first: it mostly makes the features fewer, and only those travel along the edges.
        hidden = scale * ops.reshape(ops.matmul(features, self.kernel), (-1, self.units))
        received = ops.take(hidden, senders, axis=0)
        mixed = scale * (hidden + ops.segment_sum(received, receivers, num_segments=total))
        if self.bias is not None:
            mixed = mixed + self.bias
        return ops.reshape(mixed, (batch, num_nodes, self.units))

    def compute_output_shape(self, features_shape, edges_shape):
        return (*features_shape[:2], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
