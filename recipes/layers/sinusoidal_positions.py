"""Positions as waves of many lengths."""

import keras
import numpy as np
from keras import ops

from ..errors import RecipeError


@keras.saving.register_keras_serializable("kerasrecipes")
class SinusoidalPositions(keras.layers.Layer):
    """Scale embeddings by the square root of their width and add their positions to them.

    `PE(p, 2i) = sin(p / 10000^(2i / width))` and `PE(p, 2i + 1) = cos(p / 10000^(2i / width))`.
    Nothing is trained. The scale makes embeddings of variance 1 / width as large as the waves.

    Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762,
    sections 3.4 and 3.5.

    Args:
        num_positions: int >= 1, the longest text.

    >>> add_positions = SinusoidalPositions(16)
    >>> [round(float(value), 3) for value in add_positions(ops.zeros((1, 2, 4)))[0, 1]]
    [0.841, 0.54, 0.01, 1.0]
    """

    def __init__(self, num_positions, **kwargs):
        super().__init__(**kwargs)
        self.num_positions = num_positions

    def build(self, input_shape):
        self.table = waves(self.num_positions, input_shape[-1])

    def call(self, embeddings):
        """Add the positions 0, 1, ...: `(batch, length, width)` to the same shape.

        Raises:
            RecipeError: the text is longer than there are positions.
        """
        self.expect_length(embeddings.shape[1])
        positions = self._constant(embeddings)[: ops.shape(embeddings)[1]]
        return self._scaled(embeddings) + positions

    def at(self, embeddings, position):
        """Add one position to the embeddings `(batch, 1, width)` of one token each.

        Args:
            embeddings: float tensor `(batch, 1, width)`.
            position: int tensor `()`, below `num_positions`.
        """
        return self._scaled(embeddings) + ops.take(self._constant(embeddings), position, axis=0)

    def expect_length(self, length):
        """Raise a `RecipeError` where a text of this length (None: not known) is too long."""
        if length is not None and length > self.num_positions:
            raise RecipeError(
                f"A text must be at most as long as there are positions, {self.num_positions} "
                f"tokens. Received: {length} tokens. Shorten it, or build the model with more "
                "`positions`."
            )

    def _scaled(self, embeddings):
        return embeddings * self.table.shape[1] ** 0.5

    def _constant(self, embeddings):
        return ops.convert_to_tensor(self.table, dtype=embeddings.dtype)

    def compute_output_shape(self, input_shape):
        self.expect_length(input_shape[1])
        return input_shape

    def get_config(self):
        return {**super().get_config(), "num_positions": self.num_positions}


def waves(num_positions, width):
    """Return the table of positions, a float32 array `(num_positions, width)`."""
    rates = 10_000.0 ** -(np.arange(0, width, 2) / width)
    angles = np.arange(num_positions)[:, None] * rates
    table = np.zeros((num_positions, width))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)[:, : width // 2]
    return table.astype("float32")
