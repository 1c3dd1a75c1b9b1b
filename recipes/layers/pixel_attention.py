"""Attention of all pixels to all pixels."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("kerasrecipes")
class PixelAttention(layers.Layer):
    """Let every pixel of a feature map look at every other: normalise, one head, add.

    `x + output(softmax(q k^T / sqrt(channels)) v)`, q, k and v linear in the group-normalised x.
    The output begins as 0, so that the layer begins as the identity.

    Source: the code of Ho et al. 2020, https://github.com/hojonathanho/diffusion; Wang et al. 2018,
    "Non-local neural networks", https://arxiv.org/abs/1711.07971.

    Args:
        groups: int >= 1, of the normalisation; a divisor of the channels.

    >>> layer = PixelAttention(groups=2)
    >>> tuple(layer(ops.ones((1, 4, 4, 8))).shape)
    (1, 4, 4, 8)
    """

    def __init__(self, groups, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups
        self.normalization = layers.GroupNormalization(groups, epsilon=1e-6, name="norm")

    def build(self, input_shape):
        num_channels = input_shape[-1]
        # Query, key and value are one matrix, so that they are one product.
        self.projection = layers.Dense(3 * num_channels, name="query_key_value")
        self.output_projection = layers.Dense(
            num_channels, kernel_initializer="zeros", name="output"
        )
        flat = (input_shape[0], None, num_channels)
        self.normalization.build(input_shape)
        self.projection.build(flat)
        self.output_projection.build(flat)

    def call(self, inputs):
        """Mix the pixels: `(batch, height, width, channels)` to the same shape."""
        height, width, num_channels = inputs.shape[1:]
        pixels = ops.reshape(self.normalization(inputs), (-1, height * width, num_channels))
        query, key, value = ops.split(self.projection(pixels), 3, axis=-1)
        scores = ops.matmul(query * num_channels**-0.5, ops.transpose(key, (0, 2, 1)))
        # A softmax of thousands of half-precision numbers loses them.
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32")), value.dtype)
        mixed = self.output_projection(ops.matmul(weights, value))
        return inputs + ops.reshape(mixed, (-1, height, width, num_channels))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}
