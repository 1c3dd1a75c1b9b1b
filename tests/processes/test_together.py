"""Workers that train together: one that fails takes the others along, and all begin again."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.processes import member
from kerasrecipes.recipes.processes.together import GaveUp, run_together

from ..fake_members import alive, command_of, num_lives_in, pids_in, wait_until

HEAD = """
import json, os
from kerasrecipes.recipes.processes.heartbeat import Heartbeat

config = json.loads(os.environ.get("TF_CONFIG", "null"))
index = config["task"]["index"] if config else 0
name = f"worker{index}"
chief = index == 0


def end_well(*others):
    (here / f"{name}.done").touch()
    wait_for(*others)
    sys.exit(0)
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Let members be started again soon."""
    monkeypatch.setattr(member, "FIRST_WAIT", 0.02)


@pytest.fixture
def num_lives(tmp_path):
    """A function from the index of a worker to how often it was started."""
    return lambda index: num_lives_in(tmp_path, f"worker{index}")


@pytest.fixture
def run(tmp_path):
    """A function that runs a program as two workers and returns what was said meanwhile."""

    def run(body, num_workers=2, **settings):
        events = []
        run_together(
            command_of(tmp_path, HEAD, body),
            num_workers,
            log_folder=tmp_path / "logs",
            on_event=events.append,
            **{"grace_seconds": 5.0, **settings},
        )
        return events

    return run


def test_every_worker_learns_who_it_is_and_what_is_its_own(run, tmp_path):
    assert run("""
        said = {"config": config, "cores": sorted(os.sched_getaffinity(0)),
                "threads": os.environ["TF_NUM_INTRAOP_THREADS"], "of all": os.environ["OF_ALL"]}
        (here / f"{name}.json").write_text(json.dumps(said))
        end_well("worker0", "worker1")
        """, environment={"OF_ALL": "yes"}) == []  # fmt: skip
    said = [json.loads((tmp_path / f"worker{n}.json").read_text()) for n in range(2)]
    clusters = [each["config"]["cluster"] for each in said]
    assert clusters[0] == clusters[1]
    assert list(clusters[0]) == ["worker"]
    assert len(set(clusters[0]["worker"])) == 2
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in clusters[0]["worker"])
    tasks = [each["config"]["task"] for each in said]
    assert tasks == [{"type": "worker", "index": n} for n in range(2)]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        assert sorted(said[0]["cores"] + said[1]["cores"]) == cores
        assert said[0]["threads"] == str(len(cores) // 2)
    assert [each["of all"] for each in said] == ["yes", "yes"]
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "worker0.log",
        "worker1.log",
    ]


def test_one_worker_is_a_process_of_its_own(run):
    assert run("assert config is None\nend_well()", num_workers=1) == []


@pytest.mark.parametrize("killed", [0, 1, 2])
def test_one_that_is_killed_takes_all_along_to_new_ports(run, num_lives, tmp_path, killed):
    events = run(f"""
        (here / f"cluster{{life}}").write_text(json.dumps(config["cluster"]))
        if life == 1 and index == {killed}:
            for other in range(3):
                while not (here / f"worker{{other}}.1").exists():
                    time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        if life == 1:
            time.sleep(600)  # as in a step that the dead one does not join
        end_well("worker0", "worker1", "worker2")
        """, num_workers=3)  # fmt: skip
    assert [num_lives(n) for n in range(3)] == [2, 2, 2]
    (event,) = events
    assert event.startswith(
        f"worker{killed} killed by SIGKILL (out of memory?); all 3 are started again. Its log"
    )
    assert (tmp_path / "cluster1").read_text() != (tmp_path / "cluster2").read_text()


def test_all_that_are_killed_at_once_are_one_failure(run, num_lives, tmp_path):
    events = run("""
        if life == 1:
            while not all((here / f"worker{n}.1").exists() for n in range(2)):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        end_well("worker0", "worker1")
        """)  # fmt: skip
    assert [num_lives(n) for n in range(2)] == [2, 2]
    assert len(events) == 1


def test_who_is_told_to_stop_leaves_the_others_time_to_save(run, num_lives, tmp_path):
    events = run("""
        if life == 1:
            if chief:
                time.sleep(1.0)
                (here / "saved").touch()
            sys.exit(143)
        end_well("worker0", "worker1")
        """)  # fmt: skip
    assert (tmp_path / "saved").exists()
    assert [num_lives(n) for n in range(2)] == [2, 2]
    assert events[0].startswith("worker1 ended as SIGTERM asked it to; all 2 are started again")


def test_a_worker_that_is_stopped_gives_no_sign_of_life(run, num_lives):
    events = run(
        """
        with Heartbeat(seconds=0.1) as heartbeat:
            if index == 1 and life == 1:
                os.kill(os.getpid(), signal.SIGSTOP)
            if life == 1:
                time.sleep(600)
            end_well("worker0", "worker1")
        """,
        hung_seconds=1.5,
    )
    assert [num_lives(n) for n in range(2)] == [2, 2]
    assert events[0].startswith("worker1 gave no sign of life for 1.5 s; all 2 are started again")


def test_a_training_without_steps_gives_no_sign_of_life(run, num_lives):
    # Both wait for each other; before the first step, and after the last, that is no fault.
    events = run(
        """
        from kerasrecipes.recipes.processes.heartbeat import of_process
        with Heartbeat(seconds=0.1):
            time.sleep(4.5)
            of_process().progressed()
            if life == 1:
                time.sleep(600)
            of_process().rested()
            time.sleep(4.5)
            end_well("worker0", "worker1")
        """,
        hung_seconds=3.0,
        stalled_seconds=1.0,
    )
    assert [num_lives(n) for n in range(2)] == [2, 2]
    assert len(events) == 1


def test_checkpoints_earn_new_restarts(run, num_lives):
    run(
        """
        if chief and life < 5:
            with Heartbeat(seconds=5) as heartbeat:
                heartbeat.succeeded()
            sys.exit(1)
        end_well("worker0")
        """,
        max_restarts=1,
    )
    assert num_lives(0) == 5


@pytest.mark.parametrize(("ending", "code"), [("sys.exit(7)", 7), ("os.abort()", 134)])
def test_who_fails_too_often_gives_the_command_its_exit_code(
    run, num_lives, tmp_path, ending, code
):
    with pytest.raises(GaveUp) as failure:
        run(f"""
            if chief:
                time.sleep(600)
            print("MemoryError: too large", flush=True)
            {ending}
            """, max_restarts=2, go_on="Go on.")  # fmt: skip
    assert failure.value.code == code
    assert re.fullmatch(
        r"The workers failed 3 times in a row, the last time so: worker1 .*, after "
        r"'MemoryError: too large' \(.*worker1\.log\)\. Go on\.",
        str(failure.value),
    )
    assert num_lives(1) == 3
    assert not any(map(alive, pids_in(tmp_path)))


def test_a_mistake_of_one_stops_all_with_its_sentence(run, num_lives, tmp_path):
    with pytest.raises(RecipeError, match=r"^`epochs` must be larger\. Received: 0\.$"):
        run("""
            if index == 1:
                print("kerasrecipes: `epochs` must be larger. Received: 0.", file=sys.stderr)
                sys.exit(2)
            time.sleep(600)
            """)  # fmt: skip
    assert num_lives(1) == 1
    assert not any(map(alive, pids_in(tmp_path)))


def test_nobody_is_waited_for_who_could_save_nothing(run, tmp_path):
    begin = time.monotonic()
    with pytest.raises(RecipeError, match=r"^No\.$"):
        run("""
            if index == 1:
                wait_for("worker0")
                print("kerasrecipes: No.", file=sys.stderr)
                sys.exit(2)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as within a step
            (here / "worker0.done").touch()
            time.sleep(600)
            """, grace_seconds=60.0)  # fmt: skip
    assert time.monotonic() - begin < 30
    assert not any(map(alive, pids_in(tmp_path)))


def test_a_log_that_is_gone_is_said(run, tmp_path):
    with pytest.raises(
        RecipeError, match=r"^worker1 ended with exit code 2, and its log \(.*\) is "
    ):
        run("""
            if index == 1:
                (here / "logs" / "worker1.log").unlink()
                sys.exit(2)
            time.sleep(600)
            """)  # fmt: skip


def test_logs_that_are_removed_are_begun_anew(run, num_lives, tmp_path):
    run("""
        import shutil
        if chief and life == 1:
            while not (here / "worker1.1").exists():
                time.sleep(0.01)
            shutil.rmtree(here / "logs")
            os.kill(os.getpid(), signal.SIGKILL)
        if life == 1:
            time.sleep(600)
        end_well("worker0", "worker1")
        """)  # fmt: skip
    assert [num_lives(n) for n in range(2)] == [2, 2]
    assert (tmp_path / "logs" / "worker0.log").is_file()


def test_what_a_killed_worker_has_put_down_for_a_time_is_removed(run, tmp_path):
    run("""
        import tempfile
        folder = pathlib.Path(tempfile.mkdtemp())
        (folder / "some.txt").write_text("some")
        (here / f"{name}.folder").write_text(str(folder))
        if life == 1:
            wait_for_files = [here / f"worker{n}.folder" for n in range(2)]
            while not all(file.exists() for file in wait_for_files):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        end_well("worker0", "worker1")
        """)  # fmt: skip
    folders = [pathlib.Path((tmp_path / f"worker{n}.folder").read_text()) for n in range(2)]
    assert folders[0].parent == folders[1].parent != pathlib.Path(tempfile.gettempdir())
    assert not folders[0].parent.exists()


def test_workers_that_do_not_end_after_the_chief_are_stopped(run, tmp_path):
    begin = time.monotonic()
    run("""
        if not chief:
            time.sleep(600)
        while not (here / "worker1.1").exists():
            time.sleep(0.01)
        """, grace_seconds=0.5)  # fmt: skip
    assert time.monotonic() - begin < 10
    assert not any(map(alive, pids_in(tmp_path)))


SUPERVISOR = """
import signal, sys
# A shell that starts a job behind it lets the job ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from kerasrecipes.recipes.processes.together import run_together
run_together(sys.argv[1:], 2, log_folder="logs", grace_seconds=5)
"""
# They take a moment to save, and hear a second signal no more than the first.
SAVING = """
def save(number, frame):
    time.sleep(0.5)
    (here / f"{name}.saved").touch()
    sys.exit(143)

signal.signal(signal.SIGTERM, save)
(here / f"{name}.done").touch()
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)]
)
def test_whoever_stops_the_launcher_lets_the_workers_save(tmp_path, number, code):
    command = command_of(tmp_path, HEAD, SAVING)
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, *command], stderr=subprocess.PIPE, cwd=tmp_path
    ) as supervisor:
        wait_until(lambda: all((tmp_path / f"worker{n}.done").exists() for n in range(2)))
        supervisor.send_signal(number)
        assert supervisor.wait(20) == code
    assert all((tmp_path / f"worker{n}.saved").exists() for n in range(2))
    wait_until(lambda: not any(map(alive, pids_in(tmp_path))), seconds=5)


def test_workers_are_killed_with_the_launcher(tmp_path):
    command = command_of(tmp_path, HEAD, SAVING)
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, *command], stderr=subprocess.PIPE, cwd=tmp_path
    ) as supervisor:
        wait_until(lambda: all((tmp_path / f"worker{n}.done").exists() for n in range(2)))
        supervisor.kill()
    wait_until(lambda: not any(map(alive, pids_in(tmp_path))), seconds=5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_workers": 0}, "`num_workers` of together.run_together must be at least 1"),
        ({"max_restarts": -1}, "must be at least 0. Received: max_restarts=-1"),
        ({"grace_seconds": -1.0}, "must be at least 0. Received: grace_seconds=-1.0"),
        ({"hung_seconds": -1.0}, "must be at least 0. Received: hung_seconds=-1.0"),
        ({"stalled_seconds": float("nan")}, "must be at least 0. Received: stalled_seconds=nan"),
    ],
)
def test_bad_numbers_are_said_in_one_sentence(tmp_path, settings, words):
    with pytest.raises(RecipeError, match=re.escape(words)):
        run_together(["true"], log_folder=tmp_path / "logs", **{"num_workers": 2, **settings})
    assert not (tmp_path / "logs").exists()
