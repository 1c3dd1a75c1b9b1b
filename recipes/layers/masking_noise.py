"""Noise that puts values out, as a denoising autoencoder is trained against."""

import keras
from keras import ops

from ..errors import RecipeError
from ..replicas import drawn


@keras.saving.register_keras_serializable("kerasrecipes")
class MaskingNoise(keras.layers.Layer):
    """Set a share of the values to 0 in training, and leave the others as they are.

    Unlike dropout, what is left is not scaled up: the values lost are to be guessed from the rest.
    Outside training nothing is touched.

    Source: Vincent et al. 2008, "Extracting and composing robust features with denoising
    autoencoders", section 2.3.

    Input and output of any shape and real dtype, bytes included.

    Args:
        rate: float in (0, 1), the probability of each value to be set to 0.
        seed: int or None, where the random numbers begin. Defaults to None.
        **kwargs: what `keras.layers.Layer` takes.

    Raises:
        RecipeError: the rate is out of its range.

    >>> noise = MaskingNoise(0.25, seed=0)
    >>> round(float(ops.mean(noise(ops.ones((100, 100)), training=True))), 1)
    0.7
    >>> float(ops.mean(noise(ops.ones((100, 100)))))
    1.0
    """

    def __init__(self, rate, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 < rate < 1:
            raise RecipeError(f"`rate` of MaskingNoise must be between 0 and 1. Received: {rate=}.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs, training=False):
        """Mask `inputs` in training."""
        return self.mask(inputs, self.seed_generator) if training else inputs

    def mask(self, inputs, seed):
        """Return `inputs` with some of their values set to 0.

        Args:
            inputs: tensor of any shape.
            seed: int, the same for the same values; or a `keras.random.SeedGenerator`.
        """
        shape = ops.shape(inputs)
        chances = drawn(lambda n: keras.random.uniform((n, *shape[1:]), seed=seed), shape[0])
        kept = chances >= self.rate
        return ops.where(kept, inputs, ops.zeros_like(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
