"""Blocks of training steps that a rehearsal takes, with copies of a model's optimizers."""

import keras
import tensorflow as tf

from ..errors import RecipeError
from ..optimizers import fused
from ..recipe_faults import reason
from ..steps import NonFiniteLoss, TrainingSteps

Schedule = keras.optimizers.schedules.LearningRateSchedule


class Steps:
    """A training in blocks of steps, each of which tells its mean logs."""

    def __init__(self, rehearsal, learning_rate=None):
        """Put fresh copies of the model's optimizers in place.

        Args:
            rehearsal: the `Rehearsal` whose model is trained.
            learning_rate: float or schedule in place of the model's own, or None to keep that.
                Defaults to None.

        Raises:
            RecipeError: an optimizer cannot be made again from its configuration.
        """
        self.model = rehearsal.model
        self._rehearsal = rehearsal
        self._optimizers = {}
        for name, optimizer in rehearsal.optimizers.items():
            copy = self._optimizers[name] = _copied(optimizer, learning_rate)
            if optimizer.built:
                copy.build(optimizer._trainable_variables)
            elif optimizer is rehearsal.optimizer:
                copy.build(self.model.trainable_variables)
        self._fresh = [
            (variable, variable.value.numpy())
            for copy in self._optimizers.values()
            for variable in copy.variables
        ]
        # As good as endless: nobody here counts epochs.
        self._steps = TrainingSteps(self.model, 2**31 - 1)
        self.restart()

    def restart(self):
        """Go back to the beginning with weights and optimizers; what is compiled stays so."""
        self._rehearsal.put_weights_back()
        for name, copy in self._optimizers.items():
            setattr(self.model, name, copy)
        for variable, value in self._fresh:
            variable.assign(value)

    @property
    def seconds_waiting(self):
        """How long steps have waited for their data so far."""
        return self._steps.seconds_waiting

    def take(self, iterator, count=1):
        """Take steps, and return their mean logs as a dict of floats.

        Raises:
            NonFiniteLoss: the loss became NaN or infinite.
            RecipeError: the model cannot take a training step on these batches.
        """
        self.model.steps_per_execution = count
        self.model.reset_metrics()
        try:
            logs = self._steps(iterator)
        except (NonFiniteLoss, tf.errors.ResourceExhaustedError):
            raise
        except Exception as error:  # whatever a model's own step may raise
            raise RecipeError(
                f"Model {self.model.name!r} cannot take a training step on these data: "
                f"{type(error).__name__}, {_told(error)} Look at the shapes of inputs and "
                "targets, and at the loss."
            ) from error
        return {name: float(value) for name, value in logs.items()}


def _copied(optimizer, learning_rate):
    """Return an optimizer of the same settings that has taken no step."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return keras.optimizers.LossScaleOptimizer(
            _copied(optimizer.inner_optimizer, learning_rate),
            initial_scale=optimizer.initial_scale,
            dynamic_growth_steps=optimizer.dynamic_growth_steps,
        )
    try:
        config = optimizer.get_config()
        if "learning_rate" in config:
            rate = optimizer._learning_rate
            if not isinstance(rate, Schedule):
                rate = float(keras.ops.convert_to_numpy(rate))
            # The schedule itself and not its configuration: it has no state, and may have no name.
            config["learning_rate"] = rate if learning_rate is None else learning_rate
        copy = type(optimizer).from_config(config)
    except Exception as error:  # whatever a class of the caller's may raise
        raise RecipeError(
            f"Optimizer {type(optimizer).__name__} must be one that its configuration makes again. "
            f"Received: {type(error).__name__}, {reason(error)} Give it a `get_config`."
        ) from error
    return fused(copy) if "update_step" in vars(optimizer) else copy


def _told(error):
    """Return what an error says, without the stack that TensorFlow puts in front of it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    traced = bool(lines) and lines[0].startswith("in user code")
    return lines[-1].rstrip(".")[:300] + "." if traced else reason(error)
