"""Workers that are killed, stopped and told to end: the run ends as if nothing had been."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasrecipes.cli.main import main
from kerasrecipes.recipes.runs import checkpoint

from .fake_members import alive, members_of, wait_until
from .test_resume import SCRIPT, only_run, outcome

SETTINGS = ["--seed", "3", "--no-export", "--quiet", "--checkpoint-seconds", "0"]


class Launched:
    """`kerasrecipes launch` of the recipe that has all that has state, in a folder."""

    def __init__(self, folder, num_workers, *words, hung="30"):
        folder.mkdir(exist_ok=True)
        (folder / "everything.py").write_text(SCRIPT)
        launch = ["launch", "--workers", str(num_workers), "--hung", hung, "--restarts", "3"]
        data = ["--data-dir", os.environ.get("KERASRECIPES_TEST_DATA", str(folder / "data"))]
        if "--resume" not in words:
            words = ("everything.py", *SETTINGS, *data, *words)
        with open(folder / "said.txt", "ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kerasrecipes.cli", *launch, "train", *words],
                cwd=folder,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.folder = folder

    def said(self):
        return (self.folder / "said.txt").read_text()

    def ends(self, seconds=280):
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()

    def wait_for_step(self, step):
        """Wait until so many steps are saved; fail where it ends before."""

        def there():
            assert self.process.poll() is None, self.said()
            return any(
                int(path.stem.split("-")[1]) >= step
                for path in self.folder.glob("runs/*/*/checkpoint/step-*.npz")
            )

        wait_until(there, 120)

    def fault(self, name, workers):
        """Send a signal to some of the workers."""
        names = [f"worker{worker}" for worker in workers]
        wait_until(lambda: set(names) <= set(members_of(self.process.pid)), 60)
        pids = members_of(self.process.pid)
        for each in names:
            os.kill(pids[each], getattr(signal, name))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A function from a number of workers to what comes of them where nothing happens."""
    found = {}

    def straight(num_workers):
        if num_workers not in found:
            launched = Launched(tmp_path_factory.mktemp("straight") / "work", num_workers)
            assert launched.ends() == 0, launched.said()
            found[num_workers] = outcome(launched.folder)
        return found[num_workers]

    return straight


def check_equal(found, expected):
    for ours, theirs in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(found[1]) == len(expected[1])
    for ours, theirs in zip(found[1], expected[1], strict=True):
        # An epoch that was broken off sums its figures up in another order where there are several.
        assert {k: float(v) for k, v in ours.items()} == pytest.approx(
            {k: float(v) for k, v in theirs.items()}, rel=1e-5
        )
    assert found[2] == expected[2]


def run_with_faults(folder, num_workers, faults):
    """Launch a run, and let faults (step, signal, workers) happen to it on its way."""
    launched = Launched(folder, num_workers)
    generator = random.Random(5)
    for step, name, workers in faults:
        launched.wait_for_step(step)
        time.sleep(generator.uniform(0.0, 0.05))  # into the middle of whatever it does
        launched.fault(name, workers)
    assert launched.ends() == 0, launched.said()
    return launched


@pytest.mark.parametrize("num_workers", [1, 2])
def test_a_run_with_faults_ends_as_one_without(straight, tmp_path, num_workers):
    last = num_workers - 1
    faults = [(60, "SIGKILL", [last]), (250, "SIGTERM", [0])]
    launched = run_with_faults(tmp_path / "work", num_workers, faults)
    said = launched.said()
    assert re.search(rf"worker{last} killed by SIGKILL .*; .* started again", said), said
    assert re.search(r"worker\d ended as SIGTERM asked it to; .* started again", said), said
    check_equal(outcome(launched.folder), straight(num_workers))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_with_ten_faults_at_random_steps_ends_as_one_without(straight, tmp_path):
    generator = random.Random(11)
    kinds = [
        ("SIGKILL", [0]),
        ("SIGKILL", [1]),
        ("SIGKILL", [0, 1]),
        ("SIGTERM", [0]),
        ("SIGTERM", [1]),
        ("SIGSTOP", [1]),
    ]
    chosen = kinds + generator.choices(kinds[:5], k=4)
    generator.shuffle(chosen)
    steps = sorted(generator.sample(range(20, 340), len(chosen)))
    faults = [(step, *kind) for step, kind in zip(steps, chosen, strict=True)]
    launched = run_with_faults(tmp_path / "work", 2, faults)
    said = launched.said()
    assert said.count("all 2 are started again") == len(faults), said
    check_equal(outcome(launched.folder), straight(2))


def test_a_launcher_that_is_told_to_stop_saves_and_says_how_to_go_on(straight, tmp_path):
    launched = Launched(tmp_path / "work", 1)
    launched.wait_for_step(100)
    pids = list(members_of(launched.process.pid).values())
    launched.process.send_signal(signal.SIGTERM)
    assert launched.ends(60) == 143
    assert not any(map(alive, pids))
    said = launched.said()
    (saved,) = re.findall(r"kerasrecipes: stopped by SIGTERM and saved after step (\d+)\.", said)
    run = only_run(launched.folder)
    assert checkpoint.latest(run / "checkpoint").step == int(saved)
    (command,) = re.findall(r"Go on with `kerasrecipes launch --workers 1 train (.*)`\.", said)
    again = Launched(launched.folder, 1, *command.split())
    assert again.ends() == 0, again.said()
    check_equal(outcome(launched.folder), straight(1))


def test_a_mistake_is_said_once_and_leaves_nothing_behind(tmp_path):
    launched = Launched(tmp_path / "work", 1, "--set", "batch_size=100000")
    assert launched.ends() == 2
    said = launched.said()
    assert said.count("`batch_size`") == 1
    assert said.startswith("kerasrecipes: ")
    assert list((tmp_path / "work" / "runs" / "everything").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "`launch` must be given `train` and what comes after it. Received: nothing."),
        (["--workers", "3", "predict", "x"], "what comes after it. Received: predict x. Try"),
        (["train", "lenet5_digit"], "Recipe 'lenet5_digit' is not in the catalogue"),
        (["train", "--resume", "nowhere"], "'nowhere' must be the folder of a run"),
        (["train", "softmax_wine", "--strategy", "none"], "be 'auto' or 'multiworker'. Received: "),
        (["--workers", "0", "train", "softmax_wine"], "must be at least 1. Received: num_workers"),
        (["--restarts", "-1", "train", "softmax_wine"], "must be at least 0. Received: max_rest"),
    ],
)
def test_bad_input_is_one_sentence(capsys, tmp_path, words, sentence, data_dir):
    more = ["--data-dir", str(data_dir)] if "softmax_wine" in words else []
    assert main(["launch", *words, *more]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_cluster_of_ones_own_is_no_place_for_the_launcher(capsys, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}}))
    assert main(["launch", "train", "softmax_wine"]) == 2
    assert "must be run without TF_CONFIG. Received: TF_CONFIG='" in capsys.readouterr().err
