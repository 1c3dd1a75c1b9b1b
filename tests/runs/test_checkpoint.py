"""Checkpoints that are whole, damaged, or missing."""

import shutil
import warnings

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.runs import checkpoint, checkpointing
from kerasrecipes.recipes.runs.checkpoint import NUM_KEPT, best, latest
from kerasrecipes.recipes.runs.checkpointing import Checkpointing
from kerasrecipes.recipes.steps import TrainingSteps


def make_model(units=1):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", steps_per_execution=2)
    model.optimizer.build(model.trainable_variables)
    return model


def fit(folder, model, epochs, restored=None, before=(), **settings):
    inputs = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    split = IndexedSplit(inputs=inputs, targets=inputs.sum(axis=1))
    first_step = restored.step if restored else 0
    steps = model.train_function = TrainingSteps(model, 4, first_step=first_step)
    saving = Checkpointing(
        folder,
        steps,
        [],
        optimizers=[model.optimizer],
        seconds=0.0,
        restored=restored,
        **settings,
    )
    model.fit(
        training_batches(split, 10, seed=0, first_step=first_step),
        steps_per_epoch=4,
        epochs=epochs,
        initial_epoch=saving.first_epoch(epochs),
        callbacks=[*before, saving],
        shuffle=False,
        verbose=0,
    )
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "checkpoint"
    fit(folder, make_model(), 4)
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "checkpoint")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_last_two_are_kept(folder):
    assert names(folder) == ["step-0000000014.npz", "step-0000000016.npz"]
    assert len(names(folder)) == NUM_KEPT
    checkpoint = latest(folder)
    assert (checkpoint.step, checkpoint.epoch) == (16, 4)


def test_no_checkpoint_is_none(tmp_path):
    assert latest(tmp_path) is None
    assert latest(tmp_path / "nowhere") is None


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def empty(path):
    path.write_bytes(b"")


def other_text(path):
    path.write_bytes(b"no archive at all")


def flip_in_the_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, empty, other_text, flip_in_the_middle])
def test_a_damaged_one_is_passed_over_with_a_warning(folder, damage):
    damage(folder / "step-0000000016.npz")
    with pytest.warns(UserWarning, match="step-0000000016.npz' .* is damaged; the one before"):
        assert latest(folder).step == 14


def test_all_damaged_are_one_sentence_without_warnings(folder):
    for path in folder.iterdir():
        cut(path)
    with warnings.catch_warnings(), pytest.raises(RecipeError, match="Every checkpoint in"):
        warnings.simplefilter("error")
        latest(folder)


def test_any_flipped_bit_is_noticed_or_harmless(folder):
    """Whatever is flipped, what is read is what was saved, or it is passed over."""
    path = folder / "step-0000000016.npz"
    (folder / "step-0000000014.npz").unlink()
    content = path.read_bytes()
    good = latest(folder)
    generator = np.random.default_rng(3)
    # Headers are where a flip means something to the reader: those of the archive are at the end.
    positions = [*range(200), *range(len(content) - 400, len(content))]
    positions += generator.integers(0, len(content), 200).tolist()
    num_noticed = 0
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings():
                # The reader of archives warns of a name that stands in it twice.
                warnings.simplefilter("ignore")
                found = latest(folder)
        except RecipeError:
            num_noticed += 1
            continue
        assert found.plain == good.plain
        for name, array in found.arrays.items():
            np.testing.assert_array_equal(array, good.arrays[name])
    assert num_noticed > len(positions) // 2


def test_going_on_ends_where_the_whole_run_does(trained, tmp_path):
    whole = make_model().get_weights()
    fit(tmp_path / "half", model := make_model(), 2)
    assert not np.array_equal(model.get_weights()[0], whole[0])
    go_on = fit(tmp_path / "half", make_model(), 4, latest(tmp_path / "half"))
    saved = latest(trained).arrays
    for number, weight in enumerate(go_on.get_weights()):
        np.testing.assert_array_equal(weight, saved[f"variable/{number}"])


def test_a_checkpoint_of_another_model_is_refused(folder):
    with pytest.raises(
        RecipeError, match=r"must be of the model that goes on. Received: one of an"
    ):
        fit(folder, make_model(units=2), 5, latest(folder))


def test_weights_that_are_not_finite_are_not_saved(folder):
    model = make_model()
    saving = Checkpointing(folder, TrainingSteps(model, 4), [], optimizers=[model.optimizer])
    saving.set_model(model)
    model.layers[0].kernel.assign(np.full((4, 1), np.nan))
    saving.save(9)
    assert latest(folder).step == 16


class FallingThenRising(keras.callbacks.Callback):
    """Writes a figure of its own into the logs: 3, 1, 2, 4."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_error"] = (3.0, 1.0, 2.0, 4.0)[epoch]


@pytest.mark.parametrize(("better", "step"), [("lower", 8), ("higher", 16)])
def test_the_best_is_kept_beside_the_last_two(tmp_path, better, step):
    wanted = (("val_nothing", "lower"), ("val_error", better))
    fit(tmp_path, make_model(), 4, wanted=wanted, before=[FallingThenRising()])
    kept = {14, 16, step}
    assert names(tmp_path) == [f"step-{number:010d}.npz" for number in sorted(kept)]
    found = best(tmp_path)
    assert found.step == step
    assert found.plain["best"] == {
        "step": step,
        "metric": "val_error",
        "value": 1.0 if better == "lower" else 4.0,
    }


def test_the_best_is_remembered_by_a_run_that_goes_on(tmp_path):
    settings = {"wanted": (("val_error", "lower"),), "before": [FallingThenRising()]}
    fit(tmp_path, make_model(), 3, **settings)
    fit(tmp_path, make_model(), 4, latest(tmp_path), **settings)
    assert best(tmp_path).step == 8


def test_there_is_no_best_where_nothing_is_measured(trained):
    assert best(trained) is None


def test_a_save_waits_until_the_last_one_is_a_hundredth_of_the_time(tmp_path, monkeypatch):
    model = make_model()
    saving = Checkpointing(
        tmp_path, TrainingSteps(model, 4), [], optimizers=[model.optimizer], seconds=60.0
    )
    saving.set_model(model)
    saving.set_params({"epochs": 9})
    now = [1000.0]
    monkeypatch.setattr(checkpointing.time, "monotonic", lambda: now[0])
    write = checkpoint.write
    took = []

    def slow_write(*arguments):
        write(*arguments)
        now[0] += 0.5  # of a large model
        took.append(now[0])

    monkeypatch.setattr(checkpoint, "write", slow_write)
    saving.saved_at = begin = now[0]
    for epoch in range(8):
        now[0] += 10.0  # an epoch
        saving.on_epoch_end(epoch, {})
    assert [round(each - begin, 6) for each in took] == [10.5, 61.0]
    assert 0.5 * len(took) / (now[0] - begin) <= 0.02


def test_who_does_not_write_takes_part_and_leaves_the_folder_alone(tmp_path):
    model = make_model()
    saving = Checkpointing(
        tmp_path, TrainingSteps(model, 4), [], optimizers=[model.optimizer], writes=False
    )
    saving.set_model(model)
    saving.save(1)
    assert list(tmp_path.iterdir()) == []
