"""Multi-head attention that can be taken a position at a time."""

import keras
from keras import ops

from ..errors import RecipeError


@keras.saving.register_keras_serializable("kerasrecipes")
class CachedAttention(keras.layers.Layer):
    """Multi-head attention with its keys and values within reach.

    `MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W_O`, each head the
    `softmax(q k^T / sqrt(d_head)) v` of its own projections, which have biases as in PyTorch's
    `nn.MultiheadAttention`. Keras's layer of the same formula keeps keys and values to itself; here
    whoever decodes one position after the other computes them once and keeps them.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    section 3.2.

    Args:
        num_heads: int >= 1, a divisor of the last axis of the queries.

    Raises:
        RecipeError: the heads do not divide the width.

    >>> attention = CachedAttention(4)
    >>> attention(ops.ones((2, 3, 8)), ops.ones((2, 5, 8))).shape
    TensorShape([2, 3, 8])
    """

    def __init__(self, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def build(self, queries_shape, memory_shape=None, visible_shape=None):
        width = queries_shape[-1]
        if self.num_heads < 1 or width % self.num_heads:
            raise RecipeError(
                f"`num_heads` of CachedAttention must divide the width of its input, {width}. "
                f"Received: num_heads={self.num_heads}."
            )
        self.width = width
        memory_width = width if memory_shape is None else memory_shape[-1]
        for name, given in (
            ("query", width),
            ("key", memory_width),
            ("value", memory_width),
            ("output", width),
        ):
            projection = keras.layers.Dense(width, dtype=self.dtype_policy, name=name)
            projection.build((None, None, given))
            setattr(self, f"{name}_projection", projection)

    def call(self, queries, memory=None, visible=None):
        """Attend.

        Args:
            queries: float tensor `(batch, num_queries, width)`.
            memory: float tensor `(batch, num_keys, memory width)` that is attended to. Defaults to
                the queries themselves.
            visible: bool tensor that broadcasts to `(batch, heads, num_queries, num_keys)`, True
                where a query may look. Defaults to everywhere.

        Returns:
            A float tensor `(batch, num_queries, width)`.
        """
        return self.attend(queries, *self.keys_and_values(queries, memory), visible)

    def keys_and_values(self, queries, memory=None):
        """Return keys and values, each `(batch, heads, num_keys, width / heads)`; see `call`."""
        memory = queries if memory is None else memory
        return self._heads(self.key_projection(memory)), self._heads(self.value_projection(memory))

    def attend(self, queries, keys, values, visible=None):
        """Attend to keys and values that are already there; see `call`."""
        blended = ops.matmul(self.weights_of(queries, keys, visible), values)
        num_queries = ops.shape(queries)[1]
        blended = ops.reshape(ops.transpose(blended, (0, 2, 1, 3)), (-1, num_queries, self.width))
        return self.output_projection(blended)

    def weights_of(self, queries, keys, visible=None):
        """Return where each query looks: `(batch, heads, num_queries, num_keys)`, rows sum to 1."""
        # Scaled before the product: there are fewer queries than products.
        scale = (self.width // self.num_heads) ** -0.5
        queries = self._heads(self.query_projection(queries) * scale)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.cast(scores, "float32")  # a float16 sum of hundreds of exponentials is coarse
        if visible is not None:
            # Finite, so that a query that may look nowhere (an empty text) does not become NaN.
            scores = ops.where(visible, scores, -1e9)
        # A text of one token; Keras warns of such a softmax.
        weights = ops.ones_like(scores) if scores.shape[-1] == 1 else ops.softmax(scores, axis=-1)
        return ops.cast(weights, self.compute_dtype)

    def _heads(self, projected):
        """Split the last axis: `(batch, n, width)` to `(batch, heads, n, width / heads)`."""
        num_positions = ops.shape(projected)[1]
        shape = (-1, num_positions, self.num_heads, self.width // self.num_heads)
        return ops.transpose(ops.reshape(projected, shape), (0, 2, 1, 3))

    def compute_output_shape(self, queries_shape, memory_shape=None, visible_shape=None):
        return queries_shape

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads}
