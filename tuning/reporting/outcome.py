"""What has become of a search so far, read once from its folder."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

from ...recipes.errors import RecipeError
from ..search_folder import COMPLETED, FAILED, SearchFolder, Trial
from .hyperparameter import Hyperparameter, hyperparameters


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What has become of a search so far.

    Attributes:
        folder: path of the search.
        record: dict, its record.
        hyperparameters: tuple of the `Hyperparameter`s it chooses.
        trials: tuple of the `Trial`s that have ended, best first: those that were trained to their
            end, those that were pruned, those without a value.
    """

    folder: Path
    record: dict[str, Any]
    hyperparameters: tuple[Hyperparameter, ...]
    trials: tuple[Trial, ...]

    @property
    def objective(self) -> str:
        """The name of the objective."""
        return self.record["objective"]

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is."""
        return -1 if self.record["direction"] == "max" else 1

    @property
    def valued(self) -> tuple[Trial, ...]:
        """The trials with a value, best first."""
        return tuple(trial for trial in self.trials if has_value(trial))

    @property
    def best(self) -> Trial | None:
        """The best trial, or None where none has a value."""
        return next(iter(self.valued), None)

    @property
    def default(self) -> Trial | None:
        """The trial of the recipe's own values, or None where there is none with a value.

        Of several, as hyperband has them, the one that was trained furthest. It is to be compared
        with the best one only where `comparable` says so.
        """
        own = [
            trial
            for trial in self.valued
            if all(each.is_default(trial.values) for each in self.hyperparameters)
        ]
        return max(own, key=lambda trial: (trial.epochs, -trial.number), default=None)

    @property
    def comparable(self) -> bool:
        """Whether the recipe's own values were trained as far as the best ones."""
        default = self.default
        return default is not None and (
            default.status == COMPLETED or default.epochs == self.best.epochs
        )

    @property
    def in_rounds(self) -> bool:
        """Whether trials are meant to be trained for different numbers of epochs."""
        return self.record["method"] in ("hyperband", "coarse_to_fine")

    @property
    def curve(self) -> str | None:
        """The metric of the histories that is nearest to the objective, or None without any."""
        known = {name for trial in self.trials for name in trial.history}
        # Without "val_" it is a figure of the validation split, and the log is one of training.
        own = self.objective.removeprefix("val_")
        wanted = (f"val_{own}", own, "val_loss", "loss")
        return next((name for name in wanted if name in known), None)

    def ends(self) -> dict[int, float]:
        """Return when each trial ended, in seconds of search.

        What counts is what the process that ran it had spent on trials until then: a break between
        two sittings of a search is no time, and processes run side by side.
        """
        spent, ends = {}, {}
        for trial in sorted(self.trials, key=lambda trial: trial.number):
            spent[trial.worker] = spent.get(trial.worker, 0.0) + trial.seconds
            ends[trial.number] = spent[trial.worker]
        return ends


def outcome_of(folder) -> Outcome:
    """Return what has become of a search so far.

    Args:
        folder: the `SearchFolder`, or its path.

    Raises:
        RecipeError: it is no search, or no trial has ended.
    """
    if isinstance(folder, Outcome):
        return folder
    if not isinstance(folder, SearchFolder):
        folder = SearchFolder.open(folder)
    trials = folder.trials()
    if not trials:
        raise RecipeError(
            f"Search {str(folder.folder)!r} must have a trial that has ended to be reported. "
            f"Received: none. Let it go on, or go on with it by `kerasrecipes tune --resume`."
        )
    sign = -1 if folder.record["direction"] == "max" else 1

    def rank(trial):
        if not has_value(trial):
            return (2, 0.0, trial.number)
        return (int(trial.status != COMPLETED), sign * trial.objective, trial.number)

    return Outcome(
        folder=Path(folder.folder),
        record=folder.record,
        hyperparameters=hyperparameters(folder.record),
        trials=tuple(sorted(trials, key=rank)),
    )


def has_value(trial) -> bool:
    """Return whether a trial has an objective that can be compared."""
    return trial.status != FAILED and trial.objective is not None and math.isfinite(trial.objective)
