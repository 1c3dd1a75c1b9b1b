"""Saving a run as it goes, and going on with it to the bit."""

from __future__ import annotations

import math
import time

import keras
import numpy as np

from ...callbacks import Resumable
from ..atomic import make_folder
from ..errors import RecipeError
from ..processes.heartbeat import of_process
from ..processes.notice import TERMINATED, Notice
from . import checkpoint, states
from .agreement import Agreement

# Seconds. Saving takes some tens of milliseconds, as long as an epoch of the smallest recipes; a
# kill that costs one of those a second's work is cheaper than saving after each.
SHORT_EPOCH = 1.0
# The next save waits until the last one is this part of the time. With the first and the last of a
# run, which come whatever they cost, saving stays under a fiftieth of all but the shortest runs.
SHARE = 0.01


class Stopped(SystemExit):
    """SIGTERM came, and the run was saved. `step` counts those taken over all epochs."""

    def __init__(self, step):
        super().__init__(TERMINATED)
        self.step = step


class Checkpointing(keras.callbacks.Callback):
    """Save the run after its epochs and every so often within one; restore it at the start.

    It must be the last of the callbacks: it saves what the others have become, and restores them
    after they have been reset.
    """

    def __init__(
        self,
        folder,
        steps,
        others,
        *,
        optimizers,
        seconds=60.0,
        restored=None,
        wanted=(),
        writes=True,
        totals=None,
    ):
        """Set up.

        Args:
            folder: str or path to save in.
            steps: the `TrainingSteps` of the run.
            others: list of the run's other callbacks; those with `get_state` are saved.
            optimizers: list of the optimizers that move the model's variables.
            seconds: float, how long to go on within an epoch between two saves, and longer where
                saving would take more than a hundredth of the time; 0 saves after every call of
                steps. Defaults to 60.
            restored: `Checkpoint` to go on from, or None to begin. Defaults to None.
            wanted: pairs of a name in the logs and "higher" or "lower", of which the first that is
                there says which epoch is the best. Defaults to none.
            writes: bool, whether this process writes; all others of the run take part in saving,
                since what is saved may lie on several of them. Defaults to True.
            totals: as of `Agreement`. Defaults to None.
        """
        super().__init__()
        self.folder = make_folder(folder)
        self.steps = steps
        # Those without a state may differ when a run goes on: a bar that one process shows.
        self.others = list(filter(_has_state, others))
        self.optimizers = optimizers
        self.seconds = seconds
        self.restored = restored
        self.wanted = wanted
        self.writes = writes
        self.agreement = Agreement(totals)
        self.notice = Notice()
        self.best = None if restored is None else self._known_best(restored)
        self.epoch = 0
        self.cost = 0.0
        self.saved_at = time.monotonic()

    def first_epoch(self, epochs):
        """Return the epoch to begin with; `epochs`, so none, where the run had stopped early."""
        if self.restored is None:
            return 0
        return epochs if self.restored.plain["stopped"] else self.restored.epoch

    def on_train_begin(self, logs=None):
        if self.restored is not None:
            self._restore(self._variables(), "variable")
            for number, callback in enumerate(self.others):
                callback.set_state(states.state_of(self.restored, number))
            states.set_random_state(self.restored)
            if self.restored.step % self.steps.steps_per_epoch:
                # In the middle of an epoch; Keras has set its metrics to zero by then.
                self.steps.before_first_step = self._restore_metrics

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (
            self.steps.num_steps_done % self.steps.steps_per_epoch
            and self.steps.num_steps_done > self.steps.first_step
        ):
            due, stop = self.agreement.now_and_then(self._is_due(self.seconds), self.notice.given)
            if due or stop:
                self.save(self.epoch)
            if stop:
                self._stop()

    def on_epoch_end(self, epoch, logs=None):
        due, stop = self.agreement.anybody(self._is_due(SHORT_EPOCH), self.notice.given)
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if due or stop or is_last:
            self._compare(logs or {})
            self.save(epoch + 1)
        if stop:
            self._stop()

    def _stop(self):
        # Who leaves earlier would end the others, of whom one may still write.
        self.agreement.anybody(False)
        raise Stopped(self.steps.num_steps_done)

    def _is_due(self, seconds):
        if not self.seconds:
            return True
        if not self.writes:
            return False  # by the clock of the one who writes
        least = max(min(seconds, self.seconds), self.cost / SHARE)
        return time.monotonic() - self.saved_at >= least

    def save(self, epoch):
        """Save the run as it stands, `epoch` being the one to go on with.

        Weights that are not finite are not saved: the last good checkpoint is kept.
        """
        begin = time.monotonic()
        arrays = {
            f"{kind}/{number}": np.asarray(keras.ops.convert_to_numpy(variable))
            for kind, variables in (
                ("variable", self._variables()),
                ("metric", self.model.metrics_variables),
            )
            for number, variable in enumerate(variables)
        }
        if not all(np.isfinite(a).all() for a in arrays.values() if a.dtype.kind == "f"):
            return
        if self.writes:
            self._write(arrays, epoch)
        of_process().saved()
        self.saved_at = time.monotonic()
        self.cost = self.saved_at - begin

    def _write(self, arrays, epoch):
        plain = {
            "step": self.steps.num_steps_done,
            "epoch": epoch,
            "stopped": bool(self.model.stop_training),
            "callbacks": [
                states.divided(n, c.get_state(), arrays) for n, c in enumerate(self.others)
            ],
            "random": states.random_state(arrays),
            "best": self.best,
        }
        kept = {self.best["step"]} if self.best else set()
        checkpoint.write(self.folder, plain, arrays, kept)

    def _compare(self, logs):
        """Note the epoch that has just ended where it is the best one."""
        for name, better in self.wanted:
            value = logs.get(name)
            if value is None or not math.isfinite(value):
                continue
            known = self.best and self.best["value"]
            if known is None or (value > known if better == "higher" else value < known):
                self.best = {
                    "step": self.steps.num_steps_done,
                    "metric": name,
                    "value": float(value),
                }
            return

    def _known_best(self, restored):
        known = restored.plain.get("best")
        # It is gone where the checkpoint that took its place is damaged.
        return known if known and checkpoint.path_of(self.folder, known["step"]).is_file() else None

    def _restore_metrics(self):
        self._restore(self.model.metrics_variables, "metric")

    def _variables(self):
        own = [variable for optimizer in self.optimizers for variable in optimizer.variables]
        return [*self.model.variables, *own]

    def _restore(self, variables, kind):
        saved = [name for name in self.restored.arrays if name.startswith(f"{kind}/")]
        arrays = [self.restored.arrays[f"{kind}/{number}"] for number in range(len(saved))]
        shapes = [tuple(variable.shape) for variable in variables]
        if [array.shape for array in arrays] != shapes:
            raise RecipeError(
                f"The checkpoint in {str(self.folder)!r} must be of the model that goes on. "
                f"Received: one of another architecture, with {len(arrays)} {kind}s of other "
                f"shapes beside {len(shapes)}. Start the run anew."
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)


def _has_state(callback):
    get_state = getattr(type(callback), "get_state", None)
    if get_state is Resumable.get_state:
        return bool(callback.state_names)
    return get_state is not None
