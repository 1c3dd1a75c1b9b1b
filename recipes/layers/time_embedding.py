"""A step of a diffusion as waves of many lengths."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("kerasrecipes")
class TimeEmbedding(keras.layers.Layer):
    """Turn whole numbers into vectors: sines, then cosines, of lengths from 1 to 10,000.

    `sin(t / 10000^(i / (width / 2 - 1)))` for i = 0, ..., width / 2 - 1, then the cosines. Nothing
    is trained. The order and the exponent are those of the code of Ho et al. 2020,
    https://github.com/hojonathanho/diffusion, and differ from those of the Transformer.

    Args:
        width: int >= 4, even: numbers in a vector.

    >>> [round(float(value), 4) for value in TimeEmbedding(4)(ops.array([1]))[0]]
    [0.8415, 0.0001, 0.5403, 1.0]
    """

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        half = width // 2
        self.rates = np.exp(-np.log(10_000.0) / (half - 1) * np.arange(half)).astype("float32")

    def call(self, time):
        """Embed each number: int `(batch,)` to float `(batch, width)`."""
        # In 32 bits: half precision cannot tell 999 from 998.5.
        angles = ops.cast(time, "float32")[:, None] * self.rates
        return ops.cast(ops.concatenate([ops.sin(angles), ops.cos(angles)], -1), self.compute_dtype)

    def compute_output_spec(self, time):
        return keras.KerasTensor((time.shape[0], self.width), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "width": self.width}
