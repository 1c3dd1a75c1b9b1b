"""Workers that are killed, stopped and told to end: the run ends as if nothing had been."""

import functools
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


# Seconds that 32 steps take longer, so that the run is not over before its faults come.
SLOWLY = {"SLEEP": "0.2"}
STARTED = []  # the launchers of a test


class Launched:
    """`kerasrecipes launch` of the recipe that has all that has state, in a folder."""

    def __init__(self, folder, data_dir, num_workers, *words, hung=120, **environment):
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text(SCRIPT)
        launch = ["launch", "--workers", num_workers, "--hung", hung, "--restarts", 10]
        launch += ["--grace", 100]  # where the machine has other things to do
        if "--resume" not in words:
            words = ("script.py", *SETTINGS, "--data-dir", data_dir, *words)
        with open(folder / "said.txt", "ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kerasrecipes.cli", *map(str, (*launch, "train", *words))],
                cwd=folder,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.folder = folder
        STARTED.append(self.process)

    def said(self):
        return (self.folder / "said.txt").read_text()

    def ends(self, seconds=280):
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()

    def step(self):
        """Return after how many steps it was saved last."""
        saved = self.folder.glob("runs/*/*/checkpoint/step-*.npz")
        return max((int(path.stem.split("-")[1]) for path in saved), default=0)

    def wait_until(self, true, seconds):
        """Wait until something is true; fail where the launcher ends before."""

        def there():
            assert self.process.poll() is None, self.said()
            return true()

        wait_until(there, seconds)

    def wait_for_step(self, step):
        """Wait until so many steps are saved."""
        self.wait_until(lambda: self.step() >= step, 120)

    def fault(self, name, workers):
        """Send a signal to some of the workers, and wait until all are started again."""
        names, num_before = [f"worker{worker}" for worker in workers], self.num_restarts()
        self.wait_until(lambda: set(names) <= set(members_of(self.process.pid)), 60)
        pids = members_of(self.process.pid)
        for each in names:
            os.kill(pids[each], getattr(signal, name))
        self.wait_until(lambda: self.num_restarts() > num_before, 120)

    def num_restarts(self):
        """Return how often the workers were started again."""
        return self.said().count("started again. Its log")


@pytest.fixture(autouse=True)
def nothing_goes_on():
    """Leave no process behind where a test fails; workers are killed with their launcher."""
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def straight(data_dir, tmp_path_factory):
    """A function from workers and changes to what comes of them where nothing happens."""

    @functools.cache
    def straight(num_workers, *words):
        folder = tmp_path_factory.mktemp("straight") / "work"
        launched = Launched(folder, data_dir, num_workers, *words)
        assert launched.ends() == 0, launched.said()
        return outcome(folder)

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


@pytest.mark.timeout(600)
def test_a_run_that_is_killed_and_stopped_ends_as_one_without_faults(straight, data_dir, tmp_path):
    generator = random.Random(5)
    killed = generator.randrange(2)
    launched = Launched(tmp_path / "work", data_dir, 2, **SLOWLY)
    launched.wait_for_step(generator.randrange(20, 150))
    time.sleep(generator.uniform(0.0, 0.3))  # into the middle of whatever it does
    launched.fault("SIGKILL", [killed])
    assert f"worker{killed} killed by SIGKILL (out of memory?); all 2 are" in launched.said()
    launched.wait_for_step(launched.step() + generator.randrange(20, 100))
    pids = list(members_of(launched.process.pid).values())
    launched.process.send_signal(signal.SIGTERM)
    assert launched.ends(120) == 143
    assert not any(map(alive, pids))
    said = launched.said()
    (saved,) = re.findall(r"kerasrecipes: stopped by SIGTERM and saved after step (\d+)\.", said)
    run = only_run(launched.folder)  # the script's recipe has another name than its file
    assert checkpoint.latest(run / "checkpoint").step == int(saved)
    (command,) = re.findall(r"Go on with `kerasrecipes launch --workers 2 train (.*)`\.", said)
    again = Launched(launched.folder, data_dir, 2, *command.split())
    assert again.ends() == 0, again.said()
    check_equal(outcome(launched.folder), straight(2))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("num_workers", [1, 3])
def test_fewer_and_more_workers_end_so_too(straight, data_dir, tmp_path, num_workers):
    more = ["--set", "batch_size=18"]
    launched = Launched(tmp_path / "work", data_dir, num_workers, *more, **SLOWLY)
    for step, name, worker in ((60, "SIGKILL", num_workers - 1), (250, "SIGTERM", 0)):
        launched.wait_for_step(step)
        launched.fault(name, [worker])
    assert launched.ends() == 0, launched.said()
    assert "ended as SIGTERM asked it to; " in launched.said()
    check_equal(outcome(launched.folder), straight(num_workers, *more))


FAULTS = [
    ("SIGKILL", [0]),
    ("SIGKILL", [1]),
    ("SIGKILL", [0, 1]),
    ("SIGTERM", [0]),
    ("SIGTERM", [1]),
    ("SIGTERM", [0, 1]),
    ("SIGSTOP", [0]),
    ("SIGSTOP", [1]),
]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [11, 12])
def test_a_run_with_ten_faults_at_random_steps_ends_as_one_without(
    straight, data_dir, tmp_path, seed
):
    generator = random.Random(seed)
    faults = FAULTS[:6] + generator.sample(FAULTS[6:], 1) + generator.choices(FAULTS[:6], k=3)
    generator.shuffle(faults)
    more = ["--set", "batch_size=8", "--set", "learning_rate=0.02"]
    launched = Launched(tmp_path / "work", data_dir, 2, *more, hung=30, SLEEP="0.5")
    begin = time.monotonic()
    steps = sorted(generator.sample(range(1, 700), len(faults)))
    for number, ((name, workers), step) in enumerate(zip(faults, steps, strict=True)):
        if number % 3 == 2:
            time.sleep(generator.uniform(0.0, 10.0))  # while they come up again
        else:
            launched.wait_for_step(step)
            time.sleep(generator.uniform(0.0, 0.6))  # in a step, in a save, in a validation
        at, so_far = launched.step(), time.monotonic()
        launched.fault(name, workers)
        seconds = time.monotonic() - so_far
        print(f"{name} to {workers} after step {at}: started again after {seconds:.1f} s")
    assert launched.ends() == 0, launched.said()
    print(f"{time.monotonic() - begin:.0f} s: done")
    assert launched.num_restarts() == len(faults), launched.said()
    check_equal(outcome(launched.folder), straight(2, *more))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_ends_the_launcher_no_process_stays_and_the_run_goes_on(
    straight, data_dir, tmp_path
):
    launched = Launched(tmp_path / "work", data_dir, 2, **SLOWLY)
    for step, signals, code in (
        (50, ["SIGKILL"], -signal.SIGKILL),
        (150, ["SIGINT"], 130),
        (250, ["SIGINT", "SIGINT"], 130),
    ):
        launched.wait_for_step(step)
        pids = list(members_of(launched.process.pid).values())
        assert len(pids) == 2
        for name in signals:
            launched.process.send_signal(getattr(signal, name))
            time.sleep(0.2)
        assert launched.ends(120) == code, launched.said()
        wait_until(lambda pids=pids: not any(map(alive, pids)), seconds=5)
        again = ("--resume", only_run(launched.folder))
        launched = Launched(launched.folder, data_dir, 2, *again, **SLOWLY)
    assert launched.ends() == 0, launched.said()
    check_equal(outcome(launched.folder), straight(2))


def test_a_mistake_is_said_once_and_leaves_nothing_behind(data_dir, tmp_path):
    launched = Launched(tmp_path / "work", data_dir, 1, "--set", "batch_size=100000")
    assert launched.ends() == 2
    said = launched.said()
    assert said.count("`batch_size`") == 1
    assert said.startswith("kerasrecipes: ")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["said.txt", "script.py"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "`launch` must be given `train` and what comes after it. Received: nothing."),
        (["--workers", "3", "predict", "x"], "what comes after it. Received: predict x. Try"),
        (["train", "lenet5_digit"], "Recipe 'lenet5_digit' is not in the catalogue"),
        (["train", "--resume", "nowhere"], "'nowhere' must be the folder of a run"),
        (["train", "softmax_wine", "--strategy", "none"], "be 'auto' or 'multiworker'. Received: "),
        (["--workers", "0", "train", "softmax_wine"], "must be at least 1. Received: workers=0"),
        (["--hung", "0", "train", "softmax_wine"], "must be at least 1. Received: hung=0.0"),
        (["--restarts", "-1", "train", "softmax_wine"], "at least 0. Received: restarts=-1"),
        (["--grace", "nan", "train", "softmax_wine"], "must be at least 0. Received: grace=nan"),
        (["train", "softmax_wine", "--folder", "file/x"], "written: a part of its path is a file."),
    ],
)
def test_bad_input_is_one_sentence(capsys, tmp_path, words, sentence, data_dir):
    more = ["--data-dir", str(data_dir)] if "softmax_wine" in words else []
    (tmp_path / "file").touch()
    assert main(["launch", *words, *more]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_run_of_one_device_does_not_go_on_with_several_workers(capsys, tmp_path, data_dir):
    words = ["softmax_wine", "--epochs", "1", "--quiet", "--no-export", "--data-dir", str(data_dir)]
    assert main(["train", *words, "--folder", "run", "--strategy", "none"]) == 0
    capsys.readouterr()
    assert main(["launch", "--workers", "2", "train", "--resume", "run"]) == 2
    assert "strategy='none' and 2 workers. Go on with --workers 1." in capsys.readouterr().err
    assert not (tmp_path / "run" / "logs").exists()


def test_a_cluster_of_ones_own_is_no_place_for_the_launcher(capsys, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1"]}}))
    assert main(["launch", "train", "softmax_wine"]) == 2
    assert "must be run without TF_CONFIG. Received: TF_CONFIG='" in capsys.readouterr().err
