"""The updates of Keras's optimizers in one pass over memory.

Keras 3 writes an update out in single operations, each of which reads and writes the whole
variable. TensorFlow has the same formulas as one kernel each; `fused` gives them to an optimizer
that stays what it is in every other respect: its class, its configuration and its variables.
"""

import keras
import tensorflow as tf


def fused(optimizer):
    """Give an optimizer TensorFlow's kernel for its update, where there is one.

    SGD, Adam, AdamW and RMSprop have one, but for their rarer options (`nesterov`, `amsgrad`,
    `centered`); other optimizers and sparse gradients are left to Keras, and so is everything
    around the update: schedules, clipping, weight decay, averages of weights, accumulation.

    Args:
        optimizer: `keras.optimizers.Optimizer`, changed in place.

    Returns:
        The optimizer.

    >>> type(fused(keras.optimizers.Adam())) is keras.optimizers.Adam
    True
    """
    kernel = _KERNELS.get(type(optimizer))
    if kernel is None or any(getattr(optimizer, option, False) for option in _WITHOUT_KERNEL):
        return optimizer
    written_out = optimizer.update_step
    scratch = {}

    def update_step(gradient, variable, learning_rate):
        if isinstance(gradient, tf.IndexedSlices) or not hasattr(variable, "handle"):
            return written_out(gradient, variable, learning_rate)
        gradient = tf.cast(gradient, variable.dtype)
        rate = tf.cast(learning_rate, variable.dtype)
        return kernel(optimizer, gradient, variable, rate, scratch)

    optimizer.update_step = update_step
    return optimizer


def clipped_after_reduction(optimizer):
    """Let an optimizer clip the gradients of the whole batch, and not those of each replica.

    Keras clips before the replicas add up their gradients. Each replica's share is about as long
    as the sum divided by their number, so that the bound holds for less and less the more of them
    there are, and shares that point apart are cut too much: two devices train another model than
    one. Here the order is reduce, clip, apply. It serves `global_clipnorm` (Pascanu et al. 2013,
    https://arxiv.org/abs/1211.5063, algorithm 1), `clipnorm` and `clipvalue` alike, and with one
    replica nothing changes.

    Args:
        optimizer: `keras.optimizers.Optimizer`, changed in place; one without clipping is left as
            it is.

    Returns:
        The optimizer.

    >>> clipped_after_reduction(keras.optimizers.SGD(global_clipnorm=1.0)).global_clipnorm
    1.0
    """
    if not (optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue):
        return optimizer
    clip, reduce = optimizer._clip_gradients, optimizer._all_reduce_sum_gradients

    def reduce_and_clip(gradients_and_variables):
        gradients, variables = zip(*reduce(gradients_and_variables), strict=True)
        return list(zip(clip(gradients), variables, strict=True))

    optimizer._clip_gradients = lambda gradients: gradients
    optimizer._all_reduce_sum_gradients = reduce_and_clip
    return optimizer


_WITHOUT_KERNEL = ("nesterov", "amsgrad", "centered")


def _sgd(optimizer, gradient, variable, rate, scratch):
    if optimizer.momentum == 0:
        return tf.raw_ops.ResourceApplyGradientDescent(
            var=variable.handle, alpha=rate, delta=gradient
        )
    return tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=_slot(optimizer, optimizer.momentums, variable),
        lr=rate,
        grad=gradient,
        momentum=tf.cast(optimizer.momentum, variable.dtype),
    )


def _adam(optimizer, gradient, variable, rate, scratch):
    step = tf.cast(optimizer.iterations + 1, variable.dtype)
    beta_1, beta_2 = (tf.cast(b, variable.dtype) for b in (optimizer.beta_1, optimizer.beta_2))
    return tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=_slot(optimizer, optimizer._momentums, variable),
        v=_slot(optimizer, optimizer._velocities, variable),
        beta1_power=beta_1**step,
        beta2_power=beta_2**step,
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.cast(optimizer.epsilon, variable.dtype),
        grad=gradient,
    )


def _rmsprop(optimizer, gradient, variable, rate, scratch):
    if optimizer.momentum == 0:
        momentum = _scratch(scratch, optimizer._get_variable_index(variable), variable)
    else:
        momentum = _slot(optimizer, optimizer._momentums, variable)
    return tf.raw_ops.ResourceApplyRMSProp(
        var=variable.handle,
        ms=_slot(optimizer, optimizer._velocities, variable),
        mom=momentum,
        lr=rate,
        rho=tf.cast(optimizer.rho, variable.dtype),
        momentum=tf.cast(optimizer.momentum, variable.dtype),
        epsilon=tf.cast(optimizer.epsilon, variable.dtype),
        grad=gradient,
    )


def _scratch(scratch, key, variable):
    """Return a place that the kernel writes to and that nobody reads: a momentum of 0 times it."""
    if key not in scratch:
        with tf.init_scope():
            scratch[key] = tf.Variable(tf.zeros(variable.shape, variable.dtype), trainable=False)
    return scratch[key].handle


def _slot(optimizer, slots, variable):
    return slots[optimizer._get_variable_index(variable)].value.handle


_KERNELS = {
    keras.optimizers.SGD: _sgd,
    keras.optimizers.Adam: _adam,
    keras.optimizers.AdamW: _adam,
    keras.optimizers.RMSprop: _rmsprop,
}
