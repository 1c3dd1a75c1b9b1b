"""A search by processes that are killed: every trial ends once, and the trials are the same."""

import json
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from keras_tuner.src.engine.trial import TrialStatus

from kerasrecipes import tuning
from kerasrecipes.recipes import catalog
from kerasrecipes.tuning import spaces
from kerasrecipes.tuning.declared import declared
from kerasrecipes.tuning.oracles.durable import rounded
from kerasrecipes.tuning.oracles.methods import oracle

from ...fake_members import members_of

NUM_TRIALS = 7


class Killer(threading.Thread):
    """Kills members, one plan after another, each when so many trials have ended."""

    def __init__(self, searches, plans):
        super().__init__(daemon=True)
        self.searches = searches
        self.plans = plans
        self.killed = []

    def run(self):
        for num_ended, names in self.plans:
            before = dict(self.killed)
            while True:
                found = members_of(os.getpid())
                new = [n in found and found[n] != before.get(n) for n in names]
                if all(new) and self.num_ended() >= num_ended:
                    break
                time.sleep(0.05)
            time.sleep(0.3)  # from the end of a trial into the middle of the next
            for name in names:
                os.kill(found[name], signal.SIGKILL)
                self.killed.append((name, found[name]))

    def num_ended(self):
        return len(list(Path(self.searches).glob("*/*/trials/*.json")))


def first_values(seed, num_trials, folder):
    """Return the values that a random search over the rate draws, without training any of them."""
    base = catalog.get("softmax_digits")
    drawn = oracle(
        "random",
        objective="accuracy",
        direction="max",
        hyperparameters=declared(partial(spaces.space, over=("learning_rate",)), base),
        num_trials=num_trials,
        recipe=base,
        seed=seed,
    )
    drawn._set_project_dir(str(folder), "drawn")
    values = []
    for _ in range(num_trials):
        trial = drawn.create_trial("tuner0")
        values.append(rounded(trial.hyperparameters.values))
        trial.status = TrialStatus.FAILED
        drawn.end_trial(trial)
    return values


@pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")
def test_killing_the_chief_a_worker_and_both_changes_nothing(data_dir, capfd, tmp_path):
    plans = [(1, ["tuner0"]), (2, ["chief"]), (4, ["chief", "tuner1"])]
    killer = Killer("searches", plans)
    killer.start()
    found = tuning.search(
        "softmax_digits",
        method="random",
        budget=NUM_TRIALS,
        over=("learning_rate",),
        seed=3,
        workers=2,
        retrain=False,
        data_dir=data_dir,
        epochs=30,
    )
    said = capfd.readouterr().err
    assert [name for name, _ in killer.killed] == ["tuner0", "chief", "chief", "tuner1"], said
    for name, times in (("tuner0", 1), ("chief", 2), ("tuner1", 1)):
        assert (
            said.count(f"{name} killed by SIGKILL (out of memory?); it is started again") == times
        )
    assert members_of(os.getpid()) == {}

    assert [trial.number for trial in found.trials] == list(range(1, NUM_TRIALS + 1))
    assert all(trial.status != "failed" for trial in found.trials)
    assert {trial.worker for trial in found.trials} == {"tuner0", "tuner1"}
    state = json.loads((found.folder / "oracle" / "oracle.json").read_text())
    assert list(state["run_times"].values()) == [1] * NUM_TRIALS
    assert sorted(map(int, state["end_order"])) == list(range(NUM_TRIALS))
    assert [trial.values for trial in found.trials] == first_values(3, NUM_TRIALS, tmp_path)
