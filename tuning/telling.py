"""What a search says as it goes: a line for each trial that has ended."""

from __future__ import annotations

import sys
import time

from rich.console import Console

from ..recipes.page import duration
from .search_folder import FAILED


class Telling:
    """Says what became of each trial, the best so far and the time that is left.

    Args:
        folder: the `SearchFolder`.
        num_trials: int, those that are wanted in all, or None where that is not known.
        deadline: float, the time (as `time.time`) at which the search ends, or None.
        stream: text file; None is the standard error stream. None says nothing where `quiet`.
        quiet: bool, whether to say nothing. Defaults to False.
    """

    def __init__(self, folder, *, num_trials, deadline, stream=None, quiet=False):
        self.folder = folder
        self.num_trials = num_trials
        self.deadline = deadline
        self.quiet = quiet
        self.output = Console(file=stream or sys.stderr, highlight=False)
        self.began = time.time()
        self.before = len(folder.trials())
        self.known = {trial.number for trial in folder.trials()}

    def __call__(self, trial):
        """Say what became of a trial."""
        self.known.add(trial.number)
        if self.quiet:
            return
        self.output.print(self.line(trial), markup=False, soft_wrap=True)

    @classmethod
    def of(cls, folder, **arguments):
        """Return what tells of a search with the budget of its record."""
        record = folder.record
        return cls(
            folder, num_trials=record["num_trials"], deadline=record.get("deadline"), **arguments
        )

    def look(self):
        """Say what became of the trials that have ended since the last look, and whether any."""
        new = [trial for trial in self.folder.trials() if trial.number not in self.known]
        for trial in new:
            self(trial)
        return bool(new)

    def event(self, sentence):
        """Say what went wrong with a process, and what is done about it."""
        if not self.quiet:
            self.output.print(sentence, markup=False, soft_wrap=True)

    def line(self, trial):
        """Return the line of a trial."""
        of = "" if self.num_trials is None else f"/{self.num_trials}"
        name = self.folder.record["objective"]
        if trial.status == FAILED:
            words = [f"trial {trial.number}{of}", f"failed: {trial.reason}"]
        else:
            words = [f"trial {trial.number}{of}", f"{name} {trial.objective:.4g}"]
            if trial.reason:
                words.append(f"({trial.reason.partition(':')[0]})")
        if best := self.folder.best():
            words.append(f"best {best[0].objective:.4g} (trial {best[0].number})")
        words.append(", ".join(f"{key}={_short(value)}" for key, value in trial.values.items()))
        words.append(f"{duration(trial.seconds)}{self._left()}")
        return "  ".join(words)

    def _left(self):
        ends = []
        now = time.time()
        if self.deadline is not None:
            ends.append(max(0.0, self.deadline - now))
        if self.num_trials is not None and (ran := len(self.known) - self.before):
            ends.append((now - self.began) / ran * max(0, self.num_trials - len(self.known)))
        return f", {duration(min(ends))} left" if ends else ""


def _short(value):
    return f"{value:.3g}" if isinstance(value, float) else value
