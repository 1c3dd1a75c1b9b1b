"""What KerasTuner's oracles lack: to go on after a kill as if there had been none.

What is mended, and would otherwise go wrong:

1. Files are written whole or not at all; a kill in the middle of a write left half a file.
2. A trial's file and the oracle's are written one after the other. A trial that was begun, but not
   written down by the oracle, is forgotten and begun again; one that ended is not run twice.
3. Trials come back in the order of their numbers and not in that of the folder, on which a Gaussian
   process depends in its last digits.
4. A seed of 0 was taken for none, and a random one drawn.
5. One failed trial is a fact to be recorded; three in a row ended the search.
6. A trial whose time was up is put back, for whoever goes on with the search.
7. Numbers lose digits on their way between processes, and were taken for others.
"""

import json
import sys
import time
from pathlib import Path

from keras_tuner.src.engine import oracle as kt_oracle
from keras_tuner.src.engine import trial as kt

from ...recipes.atomic import write_text

# Digits of a value that a person would read; also what is left of one on its way to a worker.
DIGITS = 6


def rounded(values):
    """Return values with the digits that count."""
    return {
        name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
        for name, value in values.items()
    }


class Durable:
    """Stands before an oracle of KerasTuner among the bases.

    The first trial has the default of every hyperparameter: the recipe as it was set by hand.

    Args:
        seed: int >= 0.
        deadline: float, the time (as `time.time`) from which on no trial is begun, or None.
        **arguments: go to the oracle.
    """

    def __init__(self, *, seed, deadline=None, **arguments):
        super().__init__(
            seed=seed + 1,
            max_consecutive_failed_trials=None,
            # What ends for another reason than time has failed for good and says so.
            max_retries_per_trial=sys.maxsize,
            **arguments,
        )
        self.deadline = deadline
        self.verbose = 0

    @kt_oracle.synchronized
    def create_trial(self, tuner_id):
        """Return the next trial, or one that says that the search is over."""
        if self.deadline is None or time.time() < self.deadline:
            return super().create_trial(tuner_id)
        self.tuner_ids.discard(tuner_id)
        return kt.Trial(self.get_space(), trial_id="", status=kt.TrialStatus.STOPPED)

    def defaults(self):
        """Return the default of each active hyperparameter, by name."""
        space = self.get_space()
        return {each.name: each.default for each in space.space if space.is_active(each)}

    def _compute_values_hash(self, values):
        return super()._compute_values_hash(rounded(values))

    def _random_values(self):
        return super()._random_values() if self.trials else self.defaults()

    def _retry(self, trial):
        if trial.status != kt.TrialStatus.INVALID:
            return False
        self._retry_queue.append(trial.trial_id)
        return True

    def save(self):
        write_text(self._get_oracle_fname(), json.dumps(self.get_state(), indent=2) + "\n")

    def _save_trial(self, trial):
        path = Path(self._get_trial_dir(trial.trial_id)) / "trial.json"
        write_text(path, json.dumps(trial.get_state(), indent=2) + "\n")

    def reload(self):
        state = json.loads(Path(self._get_oracle_fname()).read_text("utf-8"))
        found = [
            kt.Trial.load(str(path)) for path in Path(self._project_dir).glob("trial_*/trial.json")
        ]
        self.trials = {
            trial.trial_id: trial
            for trial in sorted(found, key=lambda trial: int(trial.trial_id))
            if trial.trial_id in state["start_order"]
        }
        self.set_state(state)
        self.ongoing_trials = {}
        self.tuner_ids = set()
        open_ = (kt.TrialStatus.RUNNING, kt.TrialStatus.INVALID)
        # From the end, which is where KerasTuner takes them.
        self._retry_queue = sorted(
            (key for key, trial in self.trials.items() if trial.status in open_),
            key=int,
            reverse=True,
        )
        ended = (key for key in self.start_order if key not in self._retry_queue)
        self.end_order += [key for key in ended if key not in self.end_order]
