"""A block of the Transformer's encoder."""

import keras

from .cached_attention import CachedAttention

# Of the normalisations; the paper's own code and PyTorch differ here, and both train.
EPSILON = 1e-6


@keras.saving.register_keras_serializable("kerasrecipes")
class EncoderBlock(keras.layers.Layer):
    """Self-attention and a feed-forward network, each with its shortcut and normalisation.

    `LayerNorm(x + Dropout(Sublayer(x)))`; with `pre_norm`, `x + Dropout(Sublayer(LayerNorm(x)))`.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    sections 3.1 and 5.4. `pre_norm`: Xiong et al. 2020, https://arxiv.org/abs/2002.04745.

    Args:
        num_heads: int >= 1, of the attention.
        feed_forward: int >= 1, units of the network's hidden layer.
        dropout: float in [0, 1), of what a sub-layer adds. Defaults to 0.
        pre_norm: bool, normalise in front of the sub-layers. Defaults to False.

    >>> EncoderBlock(2, 16)(keras.ops.ones((1, 5, 8))).shape
    TensorShape([1, 5, 8])
    """

    def __init__(self, num_heads, feed_forward, dropout=0.0, pre_norm=False, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.feed_forward = feed_forward
        self.dropout = dropout
        self.pre_norm = pre_norm

    def build(self, hidden_shape, visible_shape=None):
        self._build_sublayer("self_attention", CachedAttention, hidden_shape)
        self._build_feed_forward(hidden_shape)

    def call(self, hidden, visible=None, training=False):
        """Transform.

        Args:
            hidden: float tensor `(batch, length, width)`.
            visible: bool tensor that broadcasts to `(batch, heads, length, length)`, True where a
                position may look. Defaults to everywhere.
            training: bool, whether dropout is on. Defaults to False.

        Returns:
            A float tensor like `hidden`.
        """
        hidden = self._residual(
            "self_attention", hidden, lambda x: self.self_attention(x, visible=visible), training
        )
        return self._feed_forward(hidden, training)

    def _residual(self, name, hidden, sublayer, training):
        """Return the shortcut round a sub-layer, normalised behind or in front of it."""
        norm = getattr(self, f"{name}_norm")
        if self.pre_norm:
            return hidden + self.residual_dropout(sublayer(norm(hidden)), training=training)
        return norm(hidden + self.residual_dropout(sublayer(hidden), training=training))

    def _feed_forward(self, hidden, training):
        return self._residual(
            "feed_forward", hidden, lambda x: self.narrow(self.widen(x)), training
        )

    def _build_sublayer(self, name, layer, *shapes):
        sublayer = layer(self.num_heads, dtype=self.dtype_policy, name=name)
        sublayer.build(*shapes)
        setattr(self, name, sublayer)
        self._build_norm(name, shapes[0])

    def _build_feed_forward(self, hidden_shape):
        policy = self.dtype_policy
        self.widen = keras.layers.Dense(
            self.feed_forward, activation="relu", dtype=policy, name="widen"
        )
        self.widen.build(hidden_shape)
        self.narrow = keras.layers.Dense(hidden_shape[-1], dtype=policy, name="narrow")
        self.narrow.build((*hidden_shape[:-1], self.feed_forward))
        self._build_norm("feed_forward", hidden_shape)
        self.residual_dropout = keras.layers.Dropout(self.dropout, dtype=policy, name="dropout")
        self.residual_dropout.build(hidden_shape)

    def _build_norm(self, name, hidden_shape):
        norm = keras.layers.LayerNormalization(
            epsilon=EPSILON, dtype=self.dtype_policy, name=f"{name}_norm"
        )
        norm.build(hidden_shape)
        setattr(self, f"{name}_norm", norm)

    def compute_output_shape(self, hidden_shape, *others):
        return hidden_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "feed_forward": self.feed_forward,
            "dropout": self.dropout,
            "pre_norm": self.pre_norm,
        }
