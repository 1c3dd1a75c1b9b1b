"""A run that was killed, or told to stop, ends as if it had not been, to the bit."""

import csv
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from kerasrecipes.recipes.runs import checkpoint

# Everything with state at once: dropout, moving statistics, momenta, augmentation, a schedule that
# counts steps, two callbacks with memories, and a last execution shorter than the others.
SCRIPT = """
import functools, os, signal, time
import keras
from keras import layers
from kerasrecipes.callbacks import EarlyStopping, ReduceLearningRateOnPlateau
from kerasrecipes.recipes import Figure, Recipe
from kerasrecipes.recipes.data import augment
from kerasrecipes.recipes.layers import BatchNormalization
from kerasrecipes.recipes.tasks.classification import Classification


class Kill(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        time.sleep(float(os.environ.get("SLEEP", "0")))
        if os.environ.get("KILL_AT") == f"{self.epoch}:{batch}":
            for name in os.environ["KILL_BY"].split():
                os.kill(os.getpid(), getattr(signal, name))

    def on_test_batch_end(self, batch, logs=None):
        if os.environ.get("KILL_AT") == f"{self.epoch}:validation":
            os.kill(os.getpid(), getattr(signal, os.environ["KILL_BY"]))


def build(input_shape, num_classes):
    return keras.Sequential([
        keras.Input(input_shape),
        layers.Conv2D(8, 3, use_bias=False),
        BatchNormalization(synchronized=True),
        layers.ReLU(),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(num_classes),
    ])


recipe = Recipe(
    name="everything", summary="All that has state.", data="digits", task=Classification(),
    build=build, optimizer=functools.partial(keras.optimizers.SGD, momentum=0.9),
    learning_rate=0.05, batch_size=16, epochs=6, expected=Figure("accuracy", 0.5),
    normalize=functools.partial(layers.Normalization, axis=-1),
    augment=(augment.crop(padding=1),),
    callbacks=(
        Kill,
        functools.partial(ReduceLearningRateOnPlateau, monitor="val_loss", patience=1,
                          min_delta=0.1),
        functools.partial(EarlyStopping, monitor="val_loss", patience=3, min_delta=0.1,
                          restore_best_weights=True),
    ),
)
"""

RUN = """
import os, sys
from kerasrecipes import recipes
from kerasrecipes.recipes.training import resume
folder = sys.argv[2] if len(sys.argv) > 2 else None
common = dict(progress=False)
if folder:
    resume(folder, **common)
else:
    seconds = float(os.environ.get("CHECKPOINT_SECONDS", "0"))
    recipes.train(sys.argv[1], seed=3, saved_models=None, checkpoint_seconds=seconds, **common)
"""


def go(folder, *arguments, **environment):
    folder.mkdir(exist_ok=True)
    script = folder.parent / "everything.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, "-c", RUN, str(script), *arguments],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        capture_output=True,
        text=True,
    )


def only_run(folder):
    (run,) = (folder / "runs" / "everything").iterdir()
    return run


def outcome(folder):
    """Return weights, history without the clock's columns, and figures of the one run."""
    import keras

    from kerasrecipes.recipes import layers  # noqa: F401, registers what the file names

    run = only_run(folder)
    weights = keras.models.load_model(run / "model.keras", compile=False).get_weights()
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    clock = ("milliseconds_per_step", "waiting_for_data")
    history = [{k: v for k, v in row.items() if k not in clock} for row in rows]
    return weights, history, json.loads((run / "run.json").read_text())["figures"]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("straight") / "work"
    process = go(folder)
    assert process.returncode == 0, process.stderr
    return outcome(folder)


# In the first epoch, at the last call of a later one, and at the first call of another.
@pytest.mark.parametrize(
    "kill_at",
    [
        pytest.param("0:63", marks=pytest.mark.slow),
        "2:95",
        pytest.param("3:31", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_ends_as_if_it_had_not_been(straight, tmp_path, kill_at):
    folder = tmp_path / "work"
    killed = go(folder, KILL_AT=kill_at, KILL_BY="SIGKILL")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run = only_run(folder)
    assert json.loads((run / "run.json").read_text())["status"] == "training"
    check_that_it_ends_equal(straight, folder)


# Within an epoch, at the last call of one, while it validates, and behind the last epoch.
@pytest.mark.parametrize(
    ("epoch", "place", "step"),
    [
        (0, "63", 64),
        pytest.param(1, "95", 85, marks=pytest.mark.slow),
        pytest.param(2, "validation", 85, marks=pytest.mark.slow),
        (-1, "95", 85),
    ],
)
def test_a_run_that_is_told_to_stop_is_saved_at_that_step(straight, tmp_path, epoch, place, step):
    folder = tmp_path / "work"
    epoch %= len(straight[1])
    kill_at = f"{epoch}:{place}"
    stopped = go(folder, KILL_AT=kill_at, KILL_BY="SIGTERM", CHECKPOINT_SECONDS="600")
    assert stopped.returncode == 143, stopped.stderr
    run = only_run(folder)
    num_steps = 85 * epoch + step
    assert stopped.stderr.splitlines()[-1] == (
        f"kerasrecipes: stopped by SIGTERM and saved after step {num_steps}; go on with "
        f"`kerasrecipes train --resume {run.relative_to(folder)}`."
    )
    assert checkpoint.latest(run / "checkpoint").step == num_steps
    check_that_it_ends_equal(straight, folder)


def test_a_second_signal_ends_a_run_at_once(tmp_path):
    folder = tmp_path / "work"
    killed = go(folder, KILL_AT="1:63", KILL_BY="SIGTERM SIGTERM", CHECKPOINT_SECONDS="600")
    assert killed.returncode == -signal.SIGTERM


def check_that_it_ends_equal(straight, folder):
    resumed = go(folder, str(only_run(folder)))
    assert resumed.returncode == 0, resumed.stderr
    weights, history, figures = outcome(folder)
    expected_weights, expected_history, expected_figures = straight
    assert len(weights) == len(expected_weights)
    for ours, expected in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert history == expected_history
    assert figures == expected_figures


def test_the_run_that_is_compared_with_has_learnt_and_used_its_callbacks(straight):
    _, history, figures = straight
    assert figures["accuracy"] > 0.8
    rates = {row["learning_rate"] for row in history}
    assert len(rates) > 1
