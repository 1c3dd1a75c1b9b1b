"""What a chief that takes the place of another must know: who runs what, and whether it is over."""

import json
from pathlib import Path

from keras_tuner.src.engine.trial import TrialStatus


def restored(oracle):
    """Put an oracle that was reloaded where the chief before left it.

    Args:
        oracle: `keras_tuner.Oracle`, not saved since; a new one is left as it is.

    Returns:
        bool, whether its search is over.
    """
    _forget_ended(oracle)
    _adopt(oracle)
    return _is_over(oracle)


def _forget_ended(oracle):
    """Run nothing again that has ended: KerasTuner saves what has just ended as if it ran."""
    open_ = (TrialStatus.RUNNING, TrialStatus.INVALID)
    oracle._retry_queue = [key for key in oracle._retry_queue if oracle.trials[key].status in open_]


def _adopt(oracle):
    """Give running trials back to the workers that may still run them.

    An oracle that is reloaded would give them to the next who asks, and they would run twice.
    """
    path = Path(oracle._get_oracle_fname())
    if not oracle._retry_queue or not path.is_file():
        return
    for tuner_id, trial_id in json.loads(path.read_text("utf-8"))["ongoing_trials"].items():
        trial = oracle.trials.get(trial_id)
        if trial_id in oracle._retry_queue and trial.status == TrialStatus.RUNNING:
            oracle._retry_queue.remove(trial_id)
            oracle.ongoing_trials[tuner_id] = trial


def _is_over(oracle):
    """Ask in the place of workers, which may all be gone."""
    if not oracle.trials or oracle.ongoing_trials or oracle._retry_queue:
        return False
    trial = oracle.create_trial("chief")
    oracle.tuner_ids.discard("chief")
    if trial.status == TrialStatus.RUNNING:
        # Of the next who asks, who would have been given the same.
        oracle._retry_queue.append(oracle.ongoing_trials.pop("chief").trial_id)
        oracle.save()
    return trial.status == TrialStatus.STOPPED
