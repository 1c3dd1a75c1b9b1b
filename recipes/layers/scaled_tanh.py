"""The squashing function of LeNet-5."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasrecipes")
class ScaledTanh(keras.layers.Layer):
    """Squash to (-1.7159, 1.7159): `f(a) = 1.7159 tanh(2 a / 3)`, so that f(1) = 1, f(-1) = -1.

    With targets of +1 and -1 the units work where the curve bends most and do not saturate.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition",
    equation 6 and appendix A.

    >>> squash = ScaledTanh()
    >>> [round(float(value), 4) for value in squash(ops.array([-100.0, -1.0, 0.0, 1.0]))]
    [-1.7159, -1.0, 0.0, 1.0]
    """

    def call(self, inputs):
        """Squash each element: any shape to the same shape."""
        return 1.7159 * ops.tanh(inputs * (2 / 3))

    def compute_output_shape(self, input_shape):
        return input_shape
