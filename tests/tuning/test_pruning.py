"""Stopping trials early, told by hand which curves the others had."""

import time
import types

import pytest

from kerasrecipes.tuning.pruning import Deadline, Pruning


def pruned(curve, others, mode="max", epochs=8):
    callback = Pruning("val_accuracy", mode, lambda: others, epochs)
    callback.set_model(types.SimpleNamespace(stop_training=False))
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"val_accuracy": value})
        if callback.model.stop_training:
            return epoch + 1, callback.reason
    return None, callback.reason


# Their means over two epochs are 0.3 to 0.7, the median 0.5.
OTHERS = [[level - 0.1, level + 0.1] + [0.9] * 6 for level in (0.3, 0.4, 0.5, 0.6, 0.7)]


def test_worse_than_half_of_the_others_is_hopeless():
    epoch, reason = pruned([0.2, 0.49, 0.9], OTHERS)
    assert epoch == 2
    assert reason.startswith("hopeless: val_accuracy 0.49 at best in 2 epochs, 0.5 on average")


def test_its_best_counts_and_not_its_last():
    assert pruned([0.6, 0.1], OTHERS) == (None, None)


def test_a_loss_is_better_where_it_is_lower():
    assert pruned([0.9, 0.51], OTHERS, mode="min")[0] == 2
    assert pruned([0.9, 0.49], OTHERS, mode="min")[0] is None


@pytest.mark.parametrize(
    "others", [OTHERS[:4], [], [[float("nan")] * 8] * 9], ids=["few", "none", "nan"]
)
def test_too_few_others_judge_nobody(others):
    assert pruned([0.0] * 8, others) == (None, None)


def test_nobody_is_judged_at_the_start_or_at_the_end():
    assert pruned([0.0], OTHERS) == (None, None)
    assert pruned([0.41, 0.41], OTHERS, epochs=2) == (None, None)


def test_a_deadline_stops_in_the_middle_of_an_epoch():
    for deadline, stopped in ((time.time() - 1, True), (time.time() + 100, False)):
        callback = Deadline(deadline)
        callback.set_model(types.SimpleNamespace(stop_training=False))
        callback.on_train_batch_end(0)
        assert (callback.passed, callback.model.stop_training) == (stopped, stopped)
