"""Updates of weights that Keras's optimizers cannot take, or take differently, on several replicas.

Every replacement here is of one optimizer object; its class, its configuration and its variables
stay as they are.
"""

import keras
import tensorflow as tf

from ..replicas import total


def across_replicas(optimizer, place):
    """Let an optimizer's rarer options work under a strategy, as they do on one device.

    - `gradient_accumulation_steps`: Keras chooses between adding up and updating inside of a
      replica, where TensorFlow allows no communication in a choice; it fails. Here the gradients
      are summed over the replicas, and all of them choose together.
    - `ema_overwrite_frequency`: fails for the same reason. The weights are overwritten at every
      step, with themselves where it is not time.
    - loss scaling (`mixed_float16`): Keras asks one replica whether its gradients are finite. Where
      another's are not, their sum would spoil the weights of all, and workers that answer
      differently would wait for one another for ever. Here all must be finite.

    Args:
        optimizer: `keras.optimizers.Optimizer`, changed in place.
        place: the `tf.distribute.Strategy` in whose scope it was made.

    Returns:
        The optimizer.
    """
    if place.num_replicas_in_sync == 1:
        return optimizer
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        is_finite_here = optimizer.check_finite
        optimizer.check_finite = lambda gradients: (
            total(tf.cast(tf.logical_not(is_finite_here(gradients)), tf.float32)) == 0
        )
        across_replicas(optimizer.inner_optimizer, place)
    elif optimizer.gradient_accumulation_steps or optimizer.ema_overwrite_frequency:
        update = _Update(optimizer, place)
        optimizer._backend_apply_gradients = update.apply
    return optimizer


class _Update:
    """What Keras's `_backend_apply_gradients` does, with every choice outside of the replicas."""

    def __init__(self, optimizer, place):
        self.optimizer = optimizer
        self.place = place

    def apply(self, gradients, variables):
        """Sum gradients over the replicas and apply them or keep them; then the averages."""
        optimizer, kind = self.optimizer, type(self.optimizer)
        # The class's own: that of the object may clip, which is to come after the accumulation.
        pairs = kind._all_reduce_sum_gradients(optimizer, zip(gradients, variables, strict=True))
        gradients = [gradient for gradient, _ in pairs]
        if optimizer.gradient_accumulation_steps:
            _together(self._accumulate_or_apply, self.place, gradients, variables)
        else:
            self._apply(gradients, variables)
        if optimizer.use_ema:
            optimizer._update_model_variables_moving_average(optimizer._trainable_variables)
            if optimizer.ema_overwrite_frequency:
                _together(self._overwrite, self.place)

    def _accumulate_or_apply(self, place, gradients, variables):
        optimizer = self.optimizer
        number = tf.convert_to_tensor(optimizer._iterations) + 1
        tf.cond(
            number % optimizer.gradient_accumulation_steps == 0,
            lambda: self._on_each(place, self._apply_sum, gradients, variables),
            lambda: self._on_each(place, self._accumulate, gradients, variables),
        )

    def _on_each(self, place, function, gradients, variables):
        if tf.distribute.in_cross_replica_context():
            place.extended.call_for_each_replica(function, args=(gradients, variables))
        else:
            function(gradients, variables)

    def _accumulators(self, variables):
        optimizer = self.optimizer
        return [
            optimizer._accumulated_gradients[optimizer._get_variable_index(v)] for v in variables
        ]

    def _accumulate(self, gradients, variables):
        for sum_so_far, gradient in zip(self._accumulators(variables), gradients, strict=True):
            sum_so_far.assign(sum_so_far + gradient)

    def _apply_sum(self, gradients, variables):
        num_steps = self.optimizer.gradient_accumulation_steps
        sums = self._accumulators(variables)
        means = [(g + s) / num_steps for g, s in zip(gradients, sums, strict=True)]
        self._apply(means, variables)
        for sum_so_far in sums:
            sum_so_far.assign(tf.zeros_like(sum_so_far))

    def _apply(self, gradients, variables):
        optimizer, kind = self.optimizer, type(self.optimizer)
        gradients = kind._clip_gradients(optimizer, gradients)
        optimizer._apply_weight_decay(variables)
        values = [getattr(variable, "value", variable) for variable in variables]
        _together(
            optimizer._distributed_tf_update_step,
            self.place,
            list(zip(gradients, values, strict=True)),
            optimizer.learning_rate,
        )

    def _overwrite(self, place):
        optimizer = self.optimizer
        number = tf.convert_to_tensor(optimizer.iterations) + 1
        is_time = number % optimizer.ema_overwrite_frequency == 0
        for variable, average in zip(
            optimizer._trainable_variables,
            optimizer._model_variables_moving_average,
            strict=True,
        ):
            place.extended.update(
                variable.value,
                lambda v, a: v.assign(tf.where(is_time, a, v)),
                args=(average.value,),
                group=False,
            )


def _together(function, place, *arguments):
    """Call a function once for all replicas, where they wait for one another."""
    return tf.__internal__.distribute.interim.maybe_merge_call(function, place, *arguments)
