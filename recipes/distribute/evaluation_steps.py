"""Many steps of evaluation in one call, under several replicas."""

import contextlib

import tensorflow as tf

from .stepping import empty_logs, logs_of_all, run_step


def passes_of(model, num_steps):
    """Return a context in which a model's `fit` and `evaluate` know how long a pass is.

    Args:
        model: compiled `keras.Model`.
        num_steps: int, what `sharing.evaluation_data` gave, or None where nothing is evaluated.
    """
    is_ours = isinstance(model.test_function, EvaluationSteps)
    return model.test_function.of(num_steps) if is_ours else contextlib.nullcontext()


class EvaluationSteps:
    """What `evaluate` calls for each execution of several steps; set as `model.test_function`.

    Keras's own loop carries the next batch along as an optional, of which it cannot make several
    replicas' (keras#19246). Here the loop knows how many steps there are, so that it need not ask;
    where nobody has said so, the steps are taken one by one.
    """

    def __init__(self, model):
        """Set up for a compiled model; its `steps_per_execution` is the most steps of a call."""
        self.model = model
        self._pass = None
        self._iterator = None
        self._position = 0
        self._run = tf.function(self._loop, reduce_retracing=True)

    @contextlib.contextmanager
    def of(self, num_steps):
        """Evaluate endless data in passes of a number of steps while the body runs."""
        self._pass = num_steps
        try:
            yield
        finally:
            self._pass = self._iterator = None

    def __call__(self, iterator):
        """Take the next steps, and return the logs as `evaluate` expects them.

        Raises:
            StopIteration: no batch was left.
        """
        most = self.model.steps_per_execution
        if self._pass is None:
            return self._one_by_one(iterator, most)
        if iterator is not self._iterator:
            self._iterator, self._position = iterator, 0
        num_steps = min(most, self._pass - self._position)
        self._position += num_steps
        return self._run(iterator, tf.constant(num_steps))

    def _one_by_one(self, iterator, most):
        logs = None
        for number in range(most):
            batch = iterator.get_next_as_optional()
            if not batch.has_value():
                if number == 0:
                    raise StopIteration
                break
            logs = self._one(batch.get_value())
        return logs

    @tf.function(reduce_retracing=True)
    def _one(self, batch):
        logs = run_step(self.model.distribute_strategy, self.model.test_step, batch)
        return logs_of_all(self.model, logs)

    def _loop(self, iterator, num_steps):
        strategy = self.model.distribute_strategy

        @tf.function
        def step(batch):
            return run_step(strategy, self.model.test_step, batch)

        def body(taken, logs):
            return taken + 1, step(iterator.get_next())

        start = tf.constant(0), empty_logs(step, iterator.element_spec)
        _, logs = tf.while_loop(lambda taken, _: taken < num_steps, body, start)
        return logs_of_all(self.model, logs)
