"""Many training steps in one call, inside the `fit` that Keras has.

`fit` calls `model.train_function(iterator)` and makes that function only where there is none. A
`TrainingSteps` takes its place and keeps what the loop of Keras does not offer: it never runs over
the end of an epoch, so that the data set may be endless; it passes over steps that were taken
before a run was killed; it counts the seconds in which the step waits for data; it stops at the
first loss that is not finite and knows which step that was; and it loops under a strategy, where
Keras's own many-step loop fails (keras#19246).
"""

import tensorflow as tf

from .distribute.stepping import empty_logs, logs_of_all, run_step
from .errors import RecipeError


class NonFiniteLoss(RecipeError):
    """The loss became NaN or infinite. `step` counts from 0 over all epochs."""

    def __init__(self, step, steps_per_epoch, logs):
        self.step = step
        epoch, batch = divmod(step, steps_per_epoch)
        super().__init__(
            f"The loss must stay finite. Received: {logs} in epoch {epoch + 1} at step {batch + 1} "
            f"of {steps_per_epoch} (step {step + 1} of the run)."
        )


class TrainingSteps:
    """What `fit` calls for each execution of several training steps.

    Attributes:
        seconds_waiting: float, how long steps have waited for data since the run began.
        num_steps_done: int, steps taken since the run began, those before a resume included.
        before_first_step: None, or a function to call once everything that a step uses has been
            made and before the first step is taken.
        one_epoch: None, or a function that returns the batches of an epoch, for callbacks that pass
            over the training data once more when training ends.
    """

    def __init__(self, model, steps_per_epoch, *, first_step=0):
        """Set up for a compiled model.

        Args:
            model: compiled `keras.Model`; its `steps_per_execution` is the most steps of a call.
            steps_per_epoch: int, steps in an epoch; the data set itself is endless.
            first_step: int, steps of the run that an earlier process took: calls that would take
                them return at once and draw no data. A multiple of `steps_per_execution` within
                its epoch. Defaults to 0.
        """
        self.model = model
        self.steps_per_epoch = steps_per_epoch
        self.first_step = first_step
        self.position = first_step - first_step % steps_per_epoch
        self.seconds_waiting = 0.0
        self.before_first_step = None
        self.one_epoch = None
        self._run = tf.function(self._loop, reduce_retracing=True)

    @property
    def num_steps_done(self):
        return max(self.position, self.first_step)

    def __call__(self, iterator):
        """Take the next steps, and return the logs of the last of them as `fit` expects."""
        left = self.steps_per_epoch - self.position % self.steps_per_epoch
        num_steps = min(self.model.steps_per_execution, left)
        begin, self.position = self.position, self.position + num_steps
        if begin < self.first_step:
            return {}
        if self.before_first_step is not None:
            # Keras makes the variables of the metrics as it traces a step.
            self._run.get_concrete_function(iterator, tf.constant(num_steps))
            self.before_first_step()
            self.before_first_step = None
        num_taken, waited, logs = self._run(iterator, tf.constant(num_steps))
        self.seconds_waiting += float(waited)
        if int(num_taken) < 0:
            raise NonFiniteLoss(
                begin - int(num_taken) - 1,
                self.steps_per_epoch,
                ", ".join(f"{name}={float(value):g}" for name, value in logs.items()),
            )
        return logs

    def _loop(self, iterator, num_steps):
        strategy = self.model.distribute_strategy

        # Not inlined: its logs come once all of the step is done, the update of the weights too,
        # or what is left of the update would count as waiting for the next batch.
        @tf.function(experimental_attributes={"_noinline": True})
        def step(batch):
            return run_step(strategy, self.model.train_step, batch)

        logs = empty_logs(step, iterator.element_spec)

        def goes_on(taken, finite, waited, logs):
            return tf.logical_and(taken < num_steps, finite)

        def body(taken, finite, waited, logs):
            # Timed from the end of the step before, not from whenever a loop that runs ahead asks.
            with tf.control_dependencies(tf.nest.flatten(logs)):
                begin = tf.timestamp()
            with tf.control_dependencies([begin]):
                batch = iterator.get_next()
            with tf.control_dependencies(tf.nest.flatten(batch, expand_composites=True)):
                waited += tf.timestamp() - begin
            logs = step(batch)
            finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(log)) for log in logs.values()])
            return taken + 1, finite, waited, logs

        start = (tf.constant(0), tf.constant(True), tf.constant(0.0, tf.float64), logs)
        taken, finite, waited, logs = tf.while_loop(goes_on, body, start)
        # A negative count says that the last step counted was the one that broke.
        return tf.where(finite, taken, -taken), waited, logs_of_all(self.model, logs)
