"""Batch normalisation through TensorFlow's fused kernel."""

import keras
from keras import ops

from ..replicas import num_replicas, total
from ..shared_normalization import normalize_over_all

# Below this the kernel of cuDNN silently takes this value.
SMALLEST_EPSILON = 1.001e-5


@keras.saving.register_keras_serializable("kerasrecipes")
class BatchNormalization(keras.layers.BatchNormalization):
    """Compute what `keras.layers.BatchNormalization` does, in one pass over the image.

    Keras 3 writes it out in single operations on TensorFlow, each of which reads and writes the
    whole tensor (keras-core#225). Arguments, weights, their names and their order are Keras's, so
    that weights and checkpoints go both ways.

    The kernel serves `(batch, height, width, channels)` float inputs normalised over the last
    axis, on the TensorFlow backend, with statistics of one replica or, by `shared_normalization`,
    of several. Everything else (a mask, renormalisation, another rank, axis or backend, statistics
    shared on a TPU) is left to Keras, but for the moments of several replicas, which lose fewer
    digits here.

    Under mixed precision the image stays in 16 bits and the statistics are in 32, inside the
    kernel.

    Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1.

    >>> layer = BatchNormalization()
    >>> tuple(layer(keras.ops.ones((2, 4, 4, 3)), training=True).shape)
    (2, 4, 4, 3)
    """

    @classmethod
    def from_config(cls, config):
        """Return the layer of a configuration, which may have been written on another backend."""
        # Keras shares statistics between replicas on TensorFlow alone, and refuses to elsewhere.
        if keras.backend.backend() != "tensorflow":
            config = {**config, "synchronized": False}
        return super().from_config(config)

    def call(self, inputs, training=None, mask=None):
        """Normalise over all axes but the last: `(..., channels)` to the same shape and dtype."""
        if not self._fits_the_kernel(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        if training and self.trainable:
            return self._training_call(inputs)
        outputs, _, _ = self._kernel(
            inputs, is_training=False, mean=self.moving_mean, variance=self.moving_variance
        )
        return outputs

    def _training_call(self, inputs):
        import tensorflow as tf

        if self.synchronized and num_replicas() > 1:
            outputs, mean, variance = normalize_over_all(
                inputs, *self._scale_and_offset(), self.epsilon
            )
        else:
            outputs, mean, variance = self._kernel(inputs, is_training=True)
            # The kernel gives the unbiased variance of its n values a channel, Keras keeps the
            # biased.
            num_values = tf.cast(tf.reduce_prod(tf.shape(inputs, tf.int64)[:-1]), variance.dtype)
            variance *= (num_values - 1.0) / num_values
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs

    def _kernel(self, inputs, *, is_training, mean=None, variance=None):
        import tensorflow as tf

        scale, offset = self._scale_and_offset()
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            scale=scale,
            offset=offset,
            mean=mean,
            variance=variance,
            epsilon=self.epsilon,
            is_training=is_training,
        )

    def _scale_and_offset(self):
        # The variables hold 32 bits whatever the policy: they are made with `autocast=False`.
        return (
            ops.ones_like(self.moving_mean)
            if self.gamma is None
            else ops.convert_to_tensor(self.gamma),
            ops.zeros_like(self.moving_mean)
            if self.beta is None
            else ops.convert_to_tensor(self.beta),
        )

    def _fits_the_kernel(self, inputs, mask):
        return (
            keras.backend.backend() == "tensorflow"
            and mask is None
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and keras.backend.standardize_dtype(inputs.dtype) in ("float16", "bfloat16", "float32")
            and self.moving_mean.dtype == "float32"
            and self.epsilon >= SMALLEST_EPSILON
            and not self.renorm
            and not (self.synchronized and _is_on_tpu())
        )

    def _moments(self, inputs, mask):
        if mask is not None or not self.synchronized or num_replicas() == 1:
            return super()._moments(inputs, mask)
        return _moments_of_all(inputs, self._reduction_axes)


def _moments_of_all(inputs, axes):
    """Return mean and variance over the rows of all replicas.

    The variance is that of the differences from the mean. Keras takes the mean square less the
    square of the mean, in which few digits are left where the mean is large beside the deviation.
    """
    sums = ops.sum(inputs, axis=axes)
    count = ops.cast(ops.size(inputs), sums.dtype) / ops.cast(ops.size(sums), sums.dtype)
    # Both in one reduction: between machines each takes its time, however small it is.
    sums, count = ops.split(total(ops.append(sums, count)), [sums.shape[0]])
    mean = sums / count
    sides = [1 if axis in axes else -1 for axis in range(len(inputs.shape))]
    gaps = inputs - ops.reshape(mean, sides)
    return mean, total(ops.sum(ops.square(gaps), axis=axes)) / count


def _is_on_tpu():
    import tensorflow as tf

    # Which cannot add up in 64 bits.
    return isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)
