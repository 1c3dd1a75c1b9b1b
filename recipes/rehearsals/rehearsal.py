"""Training steps that leave no trace: on a model that is lent, and given back as it was."""

import contextlib
import functools

import keras
import tensorflow as tf

from ...callbacks.wrapped_call import wrapped_call
from . import random_state
from .rehearsed_steps import Schedule, Steps


class Rehearsal:
    """A compiled model to try things on, within a `with` statement.

    Behind it every variable of the model has its bits again, the optimizers are the caller's own,
    which were never moved (copies of them stand in), and so are the random states of the process.
    A data set that shuffles itself anew each time has been read, and goes on with its shuffle.

    Attributes:
        subject: the `Subject`.
        model: its model.
    """

    def __init__(self, subject):
        self.subject = subject
        self.model = subject.model
        self._remembered = {}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(random_state.kept())
            model = self.model
            self._values = [(variable, variable.value.numpy()) for variable in model.variables]
            self.optimizers = {
                name: value
                for name, value in vars(model).items()
                if isinstance(value, keras.optimizers.Optimizer)
            }
            metrics = [(variable, variable.value.numpy()) for variable in model.metrics_variables]
            stack.callback(self._give_back, metrics, model.steps_per_execution)
            self._kept = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._kept.close()

    def _give_back(self, metrics, steps_per_execution):
        self.put_weights_back()
        self.model.reset_metrics()
        for variable, value in metrics:
            variable.assign(value)
        for name, optimizer in self.optimizers.items():
            setattr(self.model, name, optimizer)
        self.model.steps_per_execution = steps_per_execution

    def put_weights_back(self):
        """Give every variable of the model the value that it came with."""
        for variable, value in self._values:
            variable.assign(value)

    @functools.cached_property
    def steps(self):
        """The `Steps` at the model's own learning rate, compiled once for all who use them."""
        return Steps(self)

    def remember(self, name, make):
        """Return what `make` gives, made once for all checks that ask by this name."""
        if name not in self._remembered:
            self._remembered[name] = make()
        return self._remembered[name]

    def first_rows(self, count):
        """Return the first examples of the first training batch, as `(x, y, sample_weight)`.

        All of them where the model takes whole batches alone.
        """
        return rows(self.batch, count) if self.takes_any_batch else self.batch

    def batches(self, count, *, plain=False):
        """Return the first training batches as a list of structures of arrays."""
        dataset = self.subject.plain_batches() if plain else self.subject.batches
        return list(dataset.take(count).as_numpy_iterator())

    @functools.cached_property
    def batch(self):
        """The first training batch, as `(x, y, sample_weight)`."""
        return keras.utils.unpack_x_y_sample_weight(self.batches(1)[0])

    def repeating(self, batches, *, free=False):
        """Return an iterator over batches, again and again, like one over the subject's own.

        Args:
            batches: list of structures of arrays.
            free: bool, whether they may be of another size than the subject's. Defaults to False.
        """
        spec = self.subject.batches.element_spec
        if free:
            spec = keras.tree.map_structure(
                lambda one: tf.TensorSpec((None, *one.shape[1:]), one.dtype), spec
            )
        dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)
        return iter(dataset.repeat())

    def answers(self, x, *, training=False):
        """Return what the model gives for inputs, without a trace in its variables."""
        x = keras.tree.map_structure(tf.convert_to_tensor, x)
        with keras.StatelessScope(collect_losses=True):
            return self.model(x, training=training) if self._takes_training else self.model(x)

    @property
    def _takes_training(self):
        return self.model._call_has_training_arg

    @functools.cached_property
    def takes_any_batch(self):
        """Whether the model trains on fewer examples as well; a memory of rows forbids it."""
        # Not on one, which TensorFlow would spread over all rows of a memory.
        fewer = max(1, min(3, self.subject.batch_size - 1))
        try:
            self.answers(rows(self.batch[0], fewer), training=True)
        except Exception:  # whatever a model may raise
            return False
        return True

    @functools.cached_property
    def peak_learning_rate(self):
        """The highest learning rate of the whole run."""
        return max(self.learning_rate_at(step) for step in self._sampled_steps)

    @property
    def _sampled_steps(self):
        last = self.subject.num_steps - 1
        return sorted({round(part * last / 50) for part in range(51)})

    def learning_rate_at(self, step):
        """Return the learning rate at a step, a float."""
        rate = getattr(self.optimizer, "_learning_rate", None)
        if isinstance(rate, Schedule):
            return float(keras.ops.convert_to_numpy(rate(tf.constant(step, tf.int64))))
        return float(keras.ops.convert_to_numpy(self.optimizer.learning_rate))

    @property
    def optimizer(self):
        """The model's own optimizer."""
        return self.optimizers.get("optimizer") or next(iter(self.optimizers.values()))

    @contextlib.contextmanager
    def without_noise(self):
        """Turn off what draws at random in training: dropout, noise, augmentation in the model."""
        with contextlib.ExitStack() as stack:
            for layer in self.model._flatten_layers(include_self=False):
                if getattr(layer, "_seed_generators", None) and not layer.weights:
                    stack.enter_context(_never_training(layer))
                for name in ("dropout", "recurrent_dropout"):
                    if isinstance(getattr(layer, name, None), (int, float)) and layer.weights:
                        stack.callback(setattr, layer, name, getattr(layer, name))
                        setattr(layer, name, 0.0)
            yield


def rows(structure, count):
    """Return the first examples of a batch."""
    return keras.tree.map_structure(
        lambda array: None if array is None else array[:count], structure
    )


def _never_training(layer):
    def call_as_in_evaluation(call, *arguments, **keywords):
        if layer._call_has_training_arg:
            keywords["training"] = False
        return call(*arguments, **keywords)

    return wrapped_call(layer, call_as_in_evaluation)
