"""The folder of a search: what is searched, and what became of every trial."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from typing import Any

from ..recipes.atomic import make_folder, write_text
from ..recipes.runs.recorded_folder import RecordedFolder

COMPLETED, PRUNED, FAILED = "completed", "pruned", "failed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of a trial.

    Attributes:
        number: int >= 1, in the order in which trials were started.
        values: dict from hyperparameter to its value, a number, a text or a bool.
        status: "completed", trained to the end of the recipe; "pruned", stopped early, as hopeless
            or since its round is that short, with a value all the same; or "failed", without one.
        reason: str, why it was pruned or failed; None where it is completed.
        objective: float, the mean of `objectives`, or None where it failed.
        objectives: tuple of float, the objective of each repetition: of each seed and each fold.
        epochs: int, how many the first repetition was trained, those of the trial it went on from
            included.
        seconds: float, wall-clock time.
        history: dict from metric to a list with one float an epoch, of the first repetition;
            NaN where an epoch had none.
        worker: str, the process that ran it: "tuner0", ...
        continued_from: int, the number of the trial whose training it went on with, or None.
    """

    number: int
    values: dict[str, Any]
    status: str
    reason: str | None = None
    objective: float | None = None
    objectives: tuple[float, ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    history: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    worker: str = "tuner0"
    continued_from: int | None = None


class SearchFolder(RecordedFolder):
    """A search's folder, `searches/<recipe>/<time>/`, and what is written down about it.

        search.json       what is searched, and how (below)
        trials/0001.json  one file a trial that has ended, a `Trial`
        oracle/           KerasTuner's own state, from which a search goes on
        trainings/        the trainings that hyperband may go on with, until the search ends
        winner.py         the best recipe as code, once there is one
        report.html

    The record holds:
        status: "searching", "interrupted", "finished" or "failed".
        origin: str, the name or script of the recipe, or None where it was a value.
        overrides: dict of the fields that were replaced.
        recipe: dict, the base recipe as `Recipe.describe` gives it.
        method: str; objective: str; direction: "min" or "max".
        num_trials: int or None; seconds: float or None; the budget.
        seconds_spent: float, by all processes that have searched, up to the last trial's end.
        seed: int; num_seeds: int; folds: int or None; strategy: str; data_dir: str or None.
        over: list of str, the parts of the space; ranges: list of str, those that were given.
        hyperparameters: dict from name to its range, as KerasTuner describes it.
        data, versions, hardware: as in the record of a run.
        started: str.
        winner: None, or dict with "trial" (its number), "run" (path of its run, or None), "figures"
            and "base_figures" (on the test split, or None).
    """

    record_name = "search.json"
    what = "search"
    resumed_by = "tuning.resume"
    needed = frozenset(
        {
            "status",
            "origin",
            "overrides",
            "recipe",
            "method",
            "objective",
            "direction",
            "num_trials",
            "seconds",
            "seconds_spent",
            "seed",
            "num_seeds",
            "folds",
            "hyperparameters",
            "data",
        }
    )

    def write(self, trial):
        """Write down what became of a trial, in place of what an earlier attempt wrote."""
        folder = make_folder(self.folder / "trials")
        content = json.dumps(dataclasses.asdict(trial), indent=2)
        write_text(folder / f"{trial.number:04d}.json", content + "\n")

    def trial(self, number):
        """Return the `Trial` of a number, or None where it has not ended."""
        path = self.folder / "trials" / f"{number:04d}.json"
        return _read(path) if path.is_file() else None

    def trials(self):
        """Return the `Trial`s that have ended, by their number."""
        return [_read(path) for path in sorted((self.folder / "trials").glob("*.json"))]

    def training(self, trial_id, repetition):
        """Return the path of the folder of a training that others may go on with.

        Args:
            trial_id: str, the oracle's own name of the trial.
            repetition: int >= 0.
        """
        return self.folder / "trainings" / f"{trial_id}-{repetition}"

    def forget_trainings(self):
        """Remove the saved trainings; a trial that would go on with one trains it again."""
        shutil.rmtree(self.folder / "trainings", ignore_errors=True)

    def best(self, num_trials=1):
        """Return the best trials, best first: those that were trained to their end before others.

        Trials without a value are left out.
        """
        sign = -1 if self.record["direction"] == "max" else 1
        valued = [
            trial
            for trial in self.trials()
            if trial.objective is not None and math.isfinite(trial.objective)
        ]
        valued.sort(key=lambda t: (t.status != COMPLETED, sign * t.objective, t.number))
        return valued[:num_trials]


def _read(path):
    fields = json.loads(path.read_text("utf-8"))
    return Trial(**{**fields, "objectives": tuple(fields["objectives"])})
