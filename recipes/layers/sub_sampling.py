"""The pooling of LeNet-5, which learns how much to pool."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasrecipes")
class SubSampling(keras.layers.Layer):
    """Add up 2x2 neighbours, multiply by a coefficient, add a bias, one pair of them a map.

    `output = coefficient * (sum of the four) + bias`, with no overlap; a row or column that is
    left over at the far edge is dropped.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition",
    section II.B, layers S2 and S4.

    Input `(batch, height, width, maps)`, output `(batch, height // 2, width // 2, maps)`, channels
    last. `2 * maps` parameters.

    >>> tuple(SubSampling()(ops.ones((1, 28, 28, 6))).shape)
    (1, 14, 14, 6)
    """

    def build(self, input_shape):
        num_maps = input_shape[-1]
        # A quarter begins as an average, so the maps keep their scale.
        quarter = keras.initializers.Constant(0.25)
        self.coefficient = self.add_weight((num_maps,), quarter, name="coefficient")
        self.bias = self.add_weight((num_maps,), "zeros", name="bias")

    def call(self, inputs):
        """Sub-sample `(batch, height, width, maps)` by two."""
        average = ops.average_pool(
            inputs, 2, strides=2, padding="valid", data_format="channels_last"
        )
        return average * (4.0 * self.coefficient) + self.bias

    def compute_output_shape(self, input_shape):
        batch, height, width, num_maps = input_shape
        return (batch, *(side if side is None else side // 2 for side in (height, width)), num_maps)
