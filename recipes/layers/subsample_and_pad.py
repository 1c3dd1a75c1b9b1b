"""The shortcut of a residual network that has no parameters."""

import keras
from keras import ops

from ..errors import RecipeError


@keras.saving.register_keras_serializable("kerasrecipes")
class SubsampleAndPad(keras.layers.Layer):
    """Keep every second pixel, and add maps of zeros behind the last.

    "Option A" of He et al. 2015, https://arxiv.org/abs/1512.03385, section 3.3: identity where the
    shape of a residual block changes.

    Input `(batch, height, width, channels)`, output `(batch, ceil(height / stride), ceil(width /
    stride), num_channels)`, channels last. No parameters.

    Args:
        num_channels: int >= channels, maps after the padding.
        stride: int >= 1. Defaults to 2.
        **kwargs: what `keras.layers.Layer` takes.

    Raises:
        RecipeError: the input has more than `num_channels` maps.

    >>> tuple(SubsampleAndPad(32)(ops.ones((1, 7, 7, 16))).shape)
    (1, 4, 4, 32)
    """

    def __init__(self, num_channels, stride=2, **kwargs):
        super().__init__(**kwargs)
        self.num_channels = num_channels
        self.stride = stride

    def build(self, input_shape):
        if input_shape[-1] > self.num_channels:
            raise RecipeError(
                f"`num_channels` of SubsampleAndPad must be at least the input's "
                f"{input_shape[-1]}. Received: num_channels={self.num_channels!r}."
            )

    def call(self, inputs):
        """Subsample and pad `(batch, height, width, channels)`."""
        added = self.num_channels - inputs.shape[-1]
        kept = inputs[:, :: self.stride, :: self.stride, :]
        return ops.pad(kept, [(0, 0), (0, 0), (0, 0), (0, added)])

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        sides = (side if side is None else -(-side // self.stride) for side in (height, width))
        return (batch, *sides, self.num_channels)

    def get_config(self):
        return {
            **super().get_config(),
            "num_channels": self.num_channels,
            "stride": self.stride,
        }
