"""What the ImageNet weights of the Caffe lineage expect in front of them."""

import keras
from keras import ops

from ..errors import RecipeError

# The mean pixel of ImageNet's training set, blue, green, red.
MEAN = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable("kerasrecipes")
class SubtractImageNetMean(keras.layers.Layer):
    """Turn red, green, blue from 0 to 255 into blue, green, red with ImageNet's mean taken off.

    Input `(batch, height, width, 3)` of any real dtype, output the same shape as floats. No
    weights. What `keras.applications.resnet.preprocess_input` does ("caffe"), as a layer, so that
    a model can take raw images.

    Raises:
        RecipeError: the images do not have three channels.

    >>> pixel = SubtractImageNetMean()(ops.ones((1, 1, 1, 3)) * 128)
    >>> [round(float(value), 3) for value in pixel[0, 0, 0]]
    [24.061, 11.221, 4.32]
    """

    def build(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] != 3:
            raise RecipeError(
                "The input of SubtractImageNetMean must be images of three channels, "
                f"(batch, height, width, 3). Received: {tuple(input_shape)}."
            )

    def call(self, inputs):
        """Reverse the channels and subtract: `(batch, height, width, 3)` to the same shape."""
        pixels = ops.cast(inputs, self.compute_dtype)
        return pixels[..., ::-1] - ops.convert_to_tensor(MEAN, pixels.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
