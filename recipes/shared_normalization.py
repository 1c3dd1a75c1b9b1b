"""Batch normalisation over the rows of all replicas, through TensorFlow's fused kernels.

Written out in single operations, as Keras has it, it reads and writes the image about fifteen times
and talks to the other replicas four times, two of them on the way back; a ResNet-20 spent more than
a third of its step in that. Here it is five passes, and one short message each way.
"""

from .replicas import total_of_few


def normalize_over_all(inputs, scale, offset, epsilon):
    """Normalise by the mean and the variance over the rows of all replicas, at a training step.

    Args:
        inputs: float tensor `(batch, height, width, channels)`, the rows of this replica.
        scale: float32 tensor `(channels,)`.
        offset: float32 tensor `(channels,)`.
        epsilon: float, added to the variance.

    Returns:
        A triple: the outputs, of the shape and dtype of the inputs, and float32 mean and (biased)
        variance `(channels,)` of all rows, through which no gradient goes.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def normalized(inputs, scale, offset):
        mean, variance, count = _moments_of_all(inputs, epsilon)
        outputs = _kernel(inputs, scale, offset, mean, variance, epsilon)

        def gradient(by_outputs, *_):
            by_inputs, by_scale, by_offset, *_ = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=by_outputs,
                x=inputs,
                scale=scale,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=mean,  # not read
                epsilon=epsilon,
                is_training=False,
            )
            # That took the statistics for constants. They move with every row: Ioffe and Szegedy
            # 2015, section 3, the last two terms of the derivative by x_i. They are an affine
            # function of the inputs, as the normalisation itself is, and so the kernel's.
            sums = total_of_few(tf.concat([by_scale, by_offset], axis=0))
            means = tf.split(sums / count, 2)
            steepness = -scale * tf.math.rsqrt(variance + epsilon)
            by_statistics = _kernel(
                inputs, steepness * means[0], steepness * means[1], mean, variance, epsilon
            )
            return by_inputs + by_statistics, by_scale, by_offset

        return (outputs, mean, variance), gradient

    outputs, mean, variance = normalized(inputs, scale, offset)
    return outputs, tf.stop_gradient(mean), tf.stop_gradient(variance)


def _moments_of_all(inputs, epsilon):
    """Return mean, biased variance and number of the values of a channel on all replicas."""
    import tensorflow as tf

    ones, zeros = (tf.fill([inputs.shape[-1]], value) for value in (1.0, 0.0))
    # The kernel's statistics cost less than two sums, although its outputs are thrown away.
    _, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, ones, zeros, epsilon=epsilon, is_training=True
    )
    # In 64 bits the square of the mean may be a hundred million times the variance, and the mean
    # square less that is still right. So all of it is one sum over the replicas.
    mean, variance = tf.cast(mean, tf.float64), tf.cast(variance, tf.float64)
    count = tf.cast(tf.reduce_prod(tf.shape(inputs, tf.int64)[:-1]), tf.float64)
    # The kernel gives the unbiased variance of its values.
    squares = variance * (count - 1.0) + count * mean**2
    sums = total_of_few(tf.concat([count * mean, squares, count[None]], axis=0))
    sums, squares, count = tf.split(sums, [inputs.shape[-1], inputs.shape[-1], 1])
    mean = sums / count
    variance = tf.maximum(squares / count - mean**2, 0.0)
    return tuple(tf.cast(value, tf.float32) for value in (mean, variance, count))


def _kernel(inputs, scale, offset, mean, variance, epsilon):
    """Return `(inputs - mean) / sqrt(variance + epsilon) * scale + offset` in one pass."""
    import tensorflow as tf

    return tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, offset, mean, variance, epsilon, is_training=False
    )[0]
