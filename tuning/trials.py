"""Running trials: what an oracle asks for, trained and written down."""

from __future__ import annotations

import contextlib
import io
import math
import statistics
import time

import keras_tuner
from keras_tuner.src.engine.base_tuner import BaseTuner

from ..recipes.cross_validation import folded
from ..recipes.errors import RecipeError
from ..recipes.recipe import replace
from ..recipes.recipe_faults import reason
from .cluster.chief import serve
from .cluster.client import PatientClient
from .cluster.roles import CHIEF, WORKER, role
from .oracles.coarse_to_fine import COARSE
from .oracles.durable import rounded
from .pruning import Deadline, Pruning
from .repetition import trained
from .search_folder import COMPLETED, FAILED, PRUNED, Trial

# What an oracle writes among the values for itself.
_OWN = "tuner/"


class OutOfTime(Exception):
    """The time of the search is up; the trial waits for whoever goes on."""


class TrialRunner(BaseTuner):
    """Runs the trials of an oracle; KerasTuner's loop, chief and workers are kept.

    Args:
        folder: the `SearchFolder`.
        base: the `Recipe` that is varied.
        space: callable `(hp, base) -> Recipe`.
        splits: the `Splits`, loaded once for all trials.
        objective: the `Objective`.
        place: `tf.distribute.Strategy`.
        oracle: what says which trial comes next.
        told: callable that is given each `Trial` once it has ended.
        heartbeat: `Heartbeat` of this process, where it is one of several. Defaults to None.
    """

    def __init__(
        self, *, folder, base, space, splits, objective, place, oracle, told, heartbeat=None
    ):
        self.search_folder = folder
        self.base = base
        self.space = space
        self.splits = splits
        self.objective = objective
        self.place = place
        self.told = told
        self.deadline = oracle.deadline
        self._others = {}
        self._idle = False
        folds = folder.record["folds"]
        self.parts = (
            [(splits, splits.validation)]
            if folds is None
            else [(part, part.test) for part in folded(splits, folds, folder.record["seed"])]
        )
        with contextlib.redirect_stdout(io.StringIO()):  # it greets when it goes on
            super().__init__(oracle, directory=str(folder.folder), project_name="oracle")
        self.role = role()
        self.heartbeat = heartbeat
        if self.role.name == WORKER:
            self.oracle = PatientClient(oracle, self.role, heartbeat=heartbeat)

    def search(self):
        """Take part in the search to its end, in the role that this process has."""
        if self.role.name == CHIEF:
            serve(self.oracle, self.role, on_failed=self._died, heartbeat=self.heartbeat)
        else:
            super().search()

    def save(self):
        """Save the oracle, where it is here; a tuner itself has nothing to save."""
        if not self._is_worker():
            self.oracle.save()

    def reload(self):
        """Reload the oracle, where it is here."""
        if not self._is_worker():
            self.oracle.reload()

    def _get_tuner_fname(self):
        # By whose being there KerasTuner knows that a search goes on. One file for each process
        # would let a chief begin anew what one process began.
        return self.oracle._get_oracle_fname()

    def _died(self, trial, why):
        values = {k: v for k, v in trial.hyperparameters.values.items() if not k.startswith(_OWN)}
        number = int(trial.trial_id) + 1
        if self.search_folder.trial(number) is None:
            ended = Trial(number=number, values=rounded(values), status=FAILED, reason=why)
            self.search_folder.write(ended)

    def pre_create_trial(self):
        """Wait a little where the oracle had nothing to do."""
        if self._idle:
            time.sleep(0.2)
        self._idle = True

    def on_trial_begin(self, trial):
        """Remember that there is something to do."""
        self._idle = False

    def run_trial(self, trial):
        """Train a trial, write it down, and return its objective for the oracle."""
        number = int(trial.trial_id) + 1
        ended = self.search_folder.trial(number)
        if ended is None:
            ended = self._run(number, trial)
            self.search_folder.write(ended)
            self.told(ended)
        # Else a kill came between the record and the oracle.
        if ended.status == FAILED:
            raise keras_tuner.errors.FailedTrialError(ended.reason)
        return {self.objective.name: ended.objective}

    def _run(self, number, trial):
        begin = time.monotonic()
        hyperparameters = trial.hyperparameters
        own = {k: v for k, v in hyperparameters.values.items() if k.startswith(_OWN)}
        values = rounded({k: v for k, v in hyperparameters.values.items() if k not in own})
        hyperparameters.values = {**own, **values}
        parent = own.get("tuner/trial_id")
        fields = {
            "number": number,
            "values": values,
            "worker": self.tuner_id,
            "continued_from": None if parent is None else int(parent) + 1,
        }
        try:
            outcome = self._train(trial, own, parent)
        except OutOfTime:
            raise
        except Exception as error:  # whatever a recipe of these values may raise
            outcome = {"status": FAILED, "reason": _words(error)}
        return Trial(**fields, **outcome, seconds=time.monotonic() - begin)

    def _train(self, trial, own, parent):
        recipe = self.space(trial.hyperparameters.copy(), self.base)
        whole = recipe.epochs
        if COARSE in own:
            recipe = replace(recipe, epochs=min(whole, own[COARSE]))
        last_epoch = own.get("tuner/epochs", recipe.epochs)
        # Only a trial that others may go on with is saved.
        keeps = "tuner/epochs" in own
        objectives, history, why = [], {}, None
        for repetition, (splits, held_out, seed) in enumerate(self._repetitions()):
            watching = self._watching(recipe, judged=not (repetition or own))
            model, logs = trained(
                recipe,
                splits,
                self.place,
                seed,
                callbacks=watching,
                last_epoch=last_epoch,
                saved=self.search_folder.training(trial.trial_id, repetition) if keeps else None,
                continued=None
                if parent is None
                else self.search_folder.training(parent, repetition),
            )
            for callback in watching:
                if isinstance(callback, Deadline) and callback.passed:
                    raise OutOfTime
                why = why or getattr(callback, "reason", None)
            history = history or logs
            value = self.objective.value(recipe, model, splits, held_out)
            if not math.isfinite(value):
                raise RecipeError(f"`{self.objective.name}` came out as {value}.")
            objectives.append(value)
            if why:
                break
        num_epochs = max(map(len, history.values()), default=0)
        if why is None and min(last_epoch, recipe.epochs) < whole:
            why = f"a round of {min(last_epoch, recipe.epochs)} of {whole} epochs"
        return {
            "status": PRUNED if why else COMPLETED,
            "reason": why,
            "objective": statistics.fmean(objectives),
            "objectives": tuple(objectives),
            "epochs": num_epochs,
            "history": history,
        }

    def _repetitions(self):
        record = self.search_folder.record
        for splits, held_out in self.parts:
            for number in range(record["num_seeds"]):
                yield splits, held_out, record["seed"] + number

    def _watching(self, recipe, judged):
        callbacks = [] if self.deadline is None else [Deadline(self.deadline)]
        if judged:
            task = recipe.task
            callbacks.append(Pruning(task.monitor, task.mode, self._histories, recipe.epochs))
        return callbacks

    def _histories(self):
        """Return the curves of the trials that were trained to their end, those of others too."""
        monitor = self.base.task.monitor
        folder = self.search_folder.folder / "trials"
        for path in sorted(folder.glob("*.json")):
            if path not in self._others:
                ended = self.search_folder.trial(int(path.stem))
                whole = ended.status == COMPLETED
                self._others[path] = ended.history.get(monitor) if whole else None
        return [curve for curve in self._others.values() if curve]


def _words(error):
    if isinstance(error, RecipeError):
        return str(error)
    return f"{type(error).__name__}: {reason(error)}"
