"""A gate that lets answers through and holds gradients back."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasrecipes")
class GradientGate(keras.layers.Layer):
    """Give the input on as it is, and multiply the gradient on its way back by the gate's opening.

    With an opening of 0 whatever stands before the gate is frozen: its gradients are zeros, which
    SGD, Adam and RMSprop turn into no step at all (weight decay and penalties in the loss would
    still move it). With plain or momentum SGD an opening of 0.1 is a tenth of the learning rate;
    Adam and RMSprop, whose steps do not depend on the size of the gradient, go on at the whole
    rate behind any opening above 0.

    The opening is a variable and not a setting, so that it can change during a fit without a new
    trace, and is saved and restored with the weights. `callbacks.Unfreeze` changes it.

    Input of any shape and float dtype, output the same.

    Args:
        opening: float >= 0, the first value of the variable. Defaults to 0.
        **kwargs: what `keras.layers.Layer` takes.

    >>> gate = GradientGate()
    >>> gate(ops.array([0.5, -2.0])).numpy().tolist()
    [0.5, -2.0]
    """

    def __init__(self, opening=0.0, **kwargs):
        super().__init__(**kwargs)
        self.initial_opening = opening

    def build(self, input_shape):
        self.opening = self.add_weight(
            name="opening",
            shape=(),
            initializer=keras.initializers.Constant(self.initial_opening),
            trainable=False,
            autocast=False,
        )

    def call(self, inputs):
        """Give `inputs` on, of any shape."""
        still = ops.stop_gradient(inputs)
        # The difference is zero, so the sum is the input to the bit; its gradient is not.
        return still + ops.cast(self.opening, inputs.dtype) * (inputs - still)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "opening": self.initial_opening}
