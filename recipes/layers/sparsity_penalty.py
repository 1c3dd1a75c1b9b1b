"""The penalty that makes a code sparse."""

import keras
from keras import ops

from ..errors import RecipeError
from ..replicas import total


@keras.saving.register_keras_serializable("kerasrecipes")
class SparsityPenalty(keras.layers.Layer):
    """Pass activations on, and add to the loss how far their means are from a small one.

    The penalty is `weight * sum_j KL(target || mean_j)`, with `mean_j` the mean activation of unit
    j over the batch, that of all replicas, and `KL(p || q) = p ln(p / q) + (1 - p) ln((1 - p) /
    (1 - q))`. The notes take the mean over all examples, which one step cannot.

    Source: Ng 2011, "Sparse autoencoder", CS294A lecture notes, section 3,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf.

    Input and output `(batch, units)` in [0, 1], such as what a sigmoid gives.

    Args:
        target: float in (0, 1), the mean activation asked for.
        weight: float > 0, the penalty in units of the loss it is added to.
        **kwargs: what `keras.layers.Layer` takes.

    Raises:
        RecipeError: an argument is out of its range.

    >>> penalty = SparsityPenalty(0.1, 3.0)
    >>> _ = penalty(ops.full((4, 2), 0.1))
    >>> round(float(penalty.losses[0]), 6)
    0.0
    """

    def __init__(self, target, weight, **kwargs):
        super().__init__(**kwargs)
        if not 0 < target < 1:
            raise RecipeError(
                f"`target` of SparsityPenalty must be between 0 and 1. Received: {target=}."
            )
        if not weight > 0:
            raise RecipeError(f"`weight` of SparsityPenalty must be above 0. Received: {weight=}.")
        self.target = target
        self.weight = weight
        self.built = True

    def call(self, inputs):
        """Add the penalty of `inputs`, and return them."""
        # A sigmoid rounds to 0 or 1 in float32, where the logarithm has no value.
        small = keras.config.epsilon()
        activations = ops.cast(inputs, "float32")
        count = total(ops.cast(ops.shape(inputs)[0], "float32"))
        mean = ops.clip(total(ops.sum(activations, axis=0)) / count, small, 1 - small)
        gap = self.target * ops.log(self.target / mean)
        gap += (1 - self.target) * ops.log((1 - self.target) / (1 - mean))
        self.add_loss(self.weight * ops.sum(gap))
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "target": self.target, "weight": self.weight}
