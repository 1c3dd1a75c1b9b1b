"""A block of the Transformer's decoder, whole or a position at a time."""

import keras
from keras import ops

from .cached_attention import CachedAttention
from .encoder_block import EncoderBlock


@keras.saving.register_keras_serializable("kerasrecipes")
class DecoderBlock(EncoderBlock):
    """Causal self-attention, attention to the encoder's output, and a feed-forward network.

    `call` takes all positions at once, as in training. `step` takes one, beside a cache of the keys
    and values of those before it, and gives the same numbers.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    section 3.1. The arguments are those of `EncoderBlock`.
    """

    def build(self, hidden_shape, memory_shape, visible_shape=None):
        self._build_sublayer("self_attention", CachedAttention, hidden_shape)
        self._build_sublayer("cross_attention", CachedAttention, hidden_shape, memory_shape)
        self._build_feed_forward(hidden_shape)

    def call(self, hidden, memory, visible=None, training=False):
        """Transform all positions, each of which sees itself and those before it.

        Args:
            hidden: float tensor `(batch, length, width)`.
            memory: float tensor `(batch, source length, width)`, what the encoder made.
            visible: bool tensor that broadcasts to `(batch, heads, length, source length)`, True
                where there is no padding. Defaults to everywhere.
            training: bool, whether dropout is on. Defaults to False.

        Returns:
            A float tensor like `hidden`.
        """
        hidden = self._self_attention(hidden, training)
        hidden = self._residual(
            "cross_attention",
            hidden,
            lambda x: self.cross_attention(x, memory, visible),
            training,
        )
        return self._feed_forward(hidden, training)

    def step(self, hidden, position, cache, memory_heads, visible=None):
        """Transform one position.

        Args:
            hidden: float tensor `(batch, 1, width)`.
            position: int tensor `()`, which one it is.
            cache: keys and values `(batch, heads, most positions, width / heads)` of the positions
                before; what stands at `position` and behind is not looked at.
            memory_heads: keys and values of the encoder's output, `memory_heads()`.
            visible: as `call`. Defaults to everywhere.

        Returns:
            A float tensor `(batch, 1, width)`, and the cache with this position.
        """
        kept = []

        def attend_to_past(x):
            for past, new in zip(cache, self.self_attention.keys_and_values(x), strict=True):
                kept.append(ops.slice_update(past, (0, 0, position, 0), new))
            seen = ops.arange(kept[0].shape[2]) <= position
            return self.self_attention.attend(x, *kept, seen)

        hidden = self._residual("self_attention", hidden, attend_to_past, False)
        hidden = self._residual(
            "cross_attention",
            hidden,
            lambda x: self.cross_attention.attend(x, *memory_heads, visible),
            False,
        )
        return self._feed_forward(hidden, False), tuple(kept)

    def memory_heads(self, memory):
        """Return keys and values of the encoder's output, which all positions share."""
        return self.cross_attention.keys_and_values(memory)

    def attention_map(self, hidden, memory, visible=None):
        """Return where each position looks in the source: `(batch, heads, length, source length)`.

        The arguments are those of `call`.
        """
        hidden = self._self_attention(hidden, False)
        queries = self.cross_attention_norm(hidden) if self.pre_norm else hidden
        return self.cross_attention.weights_of(queries, self.memory_heads(memory)[0], visible)

    def _self_attention(self, hidden, training):
        positions = ops.arange(ops.shape(hidden)[1])
        causal = positions[None, :] <= positions[:, None]
        return self._residual(
            "self_attention", hidden, lambda x: self.self_attention(x, visible=causal), training
        )
