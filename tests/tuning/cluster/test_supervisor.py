"""The supervisor with members that crash, hang and explain themselves."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.tuning.cluster.supervisor import supervise

from ...fake_members import alive, wait_until

# The chief ends when both workers have; a worker ends at once.
GOOD = """
if chief:
    wait_for("tuner0", "tuner1")
else:
    (here / f"{name}.done").touch()
"""


@pytest.fixture
def run(program, tmp_path):
    """A function that supervises a program with two workers and returns what was said meanwhile."""

    def run(body, num_workers=2, **settings):
        events = []
        supervise(
            program(body),
            num_workers,
            log_folder=tmp_path / "logs",
            on_event=events.append,
            **{"grace_seconds": 5.0, **settings},
        )
        return events

    return run


def test_it_returns_when_chief_and_workers_have_ended(run, num_lives, tmp_path):
    begin = time.monotonic()
    assert run(GOOD) == []
    assert time.monotonic() - begin < 5
    assert [num_lives(name) for name in ("chief", "tuner0", "tuner1")] == [1, 1, 1]
    logs = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert logs == ["chief.log", "tuner0.log", "tuner1.log"]


def test_members_learn_what_they_are_and_what_is_theirs(run, tmp_path):
    run("""
        import json
        said = {key: os.environ.get(key) for key in (
            "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "TF_NUM_INTRAOP_THREADS",
            "OMP_NUM_THREADS", "OF_ALL")}
        said["cores"] = sorted(os.sched_getaffinity(0))
        (here / f"{name}.json").write_text(json.dumps(said))
        (here / f"{name}.done").touch()
        wait_for("chief", "tuner0", "tuner1")
        """, environment={"OF_ALL": "yes"})  # fmt: skip
    import json

    chief, first, second = (
        json.loads((tmp_path / f"{name}.json").read_text())
        for name in ("chief", "tuner0", "tuner1")
    )
    cores = sorted(os.sched_getaffinity(0))
    assert chief["cores"] == cores
    assert chief["OF_ALL"] == "yes"
    assert chief["KERASTUNER_ORACLE_IP"] == "127.0.0.1"
    assert chief["KERASTUNER_ORACLE_PORT"] == first["KERASTUNER_ORACLE_PORT"]
    if len(cores) > 1:
        assert sorted(first["cores"] + second["cores"]) == cores
        assert first["OMP_NUM_THREADS"] == str(len(cores) // 2)


def test_a_worker_that_dies_is_started_again_under_its_id(run, num_lives):
    events = run("""
        if chief:
            wait_for("tuner0", "tuner1")
        elif name == "tuner1" and life < 3:
            sys.exit(7) if life == 1 else os.kill(os.getpid(), signal.SIGKILL)
        else:
            (here / f"{name}.done").touch()
        """)  # fmt: skip
    assert [num_lives(name) for name in ("chief", "tuner0", "tuner1")] == [1, 1, 3]
    first, second = events
    assert re.match(
        r"tuner1 ended with exit code 7; it is started again\. Its log: .*1\.log", first
    )
    assert "tuner1 killed by SIGKILL" in second


def test_a_chief_that_dies_is_started_again_on_the_same_port(run, num_lives, tmp_path):
    run("""
        if chief:
            (here / f"port{life}").write_text(os.environ["KERASTUNER_ORACLE_PORT"])
            if life == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            wait_for("tuner0", "tuner1")
        else:
            while not (here / "port2").exists():
                time.sleep(0.01)
            (here / f"{name}.done").touch()
        """)  # fmt: skip
    assert [num_lives(name) for name in ("chief", "tuner0", "tuner1")] == [2, 1, 1]
    assert (tmp_path / "port1").read_text() == (tmp_path / "port2").read_text()


def test_a_worker_without_signs_of_life_is_killed_and_started_again(run, num_lives):
    events = run(
        """
        if chief:
            with Heartbeat(seconds=0.1):
                wait_for("tuner0", "tuner1")
        elif name == "tuner0" and life == 1:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        else:
            with Heartbeat(seconds=0.1):
                time.sleep(3)
            (here / f"{name}.done").touch()
        """,
        hung_seconds=1.5,
    )
    assert [num_lives(name) for name in ("chief", "tuner0", "tuner1")] == [1, 2, 1]
    assert len(events) == 1
    assert events[0].startswith("tuner0 gave no sign of life for 1.5 s; it is started again")


def test_a_training_that_stands_still_stops_the_signs_of_life(run, num_lives):
    # The chief has no steps, and may be silent as long as it likes.
    run(
        """
        with Heartbeat(seconds=0.1) as heartbeat:
            if chief:
                while not done("tuner0"):
                    time.sleep(0.01)
            else:
                heartbeat.progressed()
                if life == 1:
                    time.sleep(600)
            (here / f"{name}.done").touch()
        """,
        num_workers=1,
        stalled_seconds=0.5,
        hung_seconds=1.5,
    )
    assert num_lives("tuner0") == 2


def test_a_mistake_of_a_member_stops_all_with_its_sentence(run, num_lives, pids):
    with pytest.raises(RecipeError, match=r"^`budget` must be larger\. Received: 0\.$"):
        run("""
            if name == "tuner1":
                while not (here / "chief.1").exists() or not (here / "tuner0.1").exists():
                    time.sleep(0.01)
                print("kerasrecipes: warning: this is nothing.", file=sys.stderr)
                print("kerasrecipes: `budget` must be larger. Received: 0.", file=sys.stderr)
                sys.exit(2)
            time.sleep(600)
            """)  # fmt: skip
    assert num_lives("tuner1") == 1
    assert not any(map(alive, pids()))


def test_a_command_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(RecipeError, match="'no-such-program' cannot be run: No such file"):
        supervise(["no-such-program"], 1, log_folder=tmp_path / "logs")


def test_where_everything_fails_the_error_says_who_and_how_often(run, num_lives, pids, tmp_path):
    with pytest.raises(RecipeError) as failure:
        run("""
            if chief:
                time.sleep(600)
            print("noise")
            print("MemoryError: too large")
            print("I0000 00:00:17.3 1 cudart_stub.cc:31] Could not find cuda drivers.")
            sys.exit(1)
            """, max_restarts=2)  # fmt: skip
    assert re.fullmatch(
        r"The search cannot go on: tuner0 failed 3 times in a row, the last time ended with exit "
        r"code 1, after 'MemoryError: too large' \(.*tuner0\.log\); tuner1 failed 3 times in a "
        r"row, .*\. Mend that, and go on with `--resume`\.",
        str(failure.value),
    )
    assert (num_lives("tuner0"), num_lives("tuner1")) == (3, 3)
    assert not any(map(alive, pids()))
    log = (tmp_path / "logs" / "tuner0.log").read_text()
    assert log.count("MemoryError: too large") == 3


def test_a_chief_that_always_fails_ends_the_search(run, num_lives):
    with pytest.raises(RecipeError, match="chief failed 2 times in a row, the last time killed"):
        run("""
            os.kill(os.getpid(), signal.SIGSEGV) if chief else time.sleep(600)
            """, max_restarts=1, go_on="Go on.")  # fmt: skip
    assert num_lives("chief") == 2


def test_without_one_worker_the_rest_go_on(run, num_lives):
    events = run("""
        if chief:
            while not (here / "tuner1.3").exists():
                time.sleep(0.01)
            time.sleep(1)
            (here / "chief.done").touch()
        elif name == "tuner1":
            sys.exit(1)
        else:
            wait_for("chief")
        """, max_restarts=2)  # fmt: skip
    assert (num_lives("tuner0"), num_lives("tuner1")) == (1, 3)
    assert "tuner1 ended with exit code 1; it is given up" in events[-1]


def test_trials_that_end_earn_new_restarts(run, num_lives):
    run(
        """
        if chief:
            wait_for("tuner0")
        elif life < 6:
            with Heartbeat(seconds=5) as heartbeat:
                heartbeat.succeeded()
            sys.exit(1)
        else:
            (here / f"{name}.done").touch()
        """,
        num_workers=1,
        max_restarts=1,
    )
    assert num_lives("tuner0") == 6


def test_a_worker_is_called_again_where_the_chief_waits_for_one(run, num_lives):
    # As after a chief that died when it had told all workers that the search is over.
    run("""
        if chief:
            while not any((here / f"tuner{n}.2").exists() for n in range(2)):
                time.sleep(0.01)
        """, grace_seconds=0.3)  # fmt: skip
    assert num_lives("tuner0") + num_lives("tuner1") == 3


def test_workers_that_end_well_for_ever_are_not_called_for_ever(run):
    with pytest.raises(RecipeError, match="workers ended well 2 times, and the chief waits"):
        run("time.sleep(600 if chief else 0)", grace_seconds=0.3, max_restarts=1)


def test_workers_that_do_not_end_after_the_chief_are_stopped(run, pids):
    begin = time.monotonic()
    run("""
        if chief:
            while not (here / "tuner1.1").exists():
                time.sleep(0.01)
        else:
            time.sleep(600)
        """, grace_seconds=0.5)  # fmt: skip
    assert time.monotonic() - begin < 10
    assert not any(map(alive, pids()))


# A program of its own, to be interrupted and killed.
SUPERVISOR = """
import signal, sys
# A shell that starts a job behind it lets the job ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from kerasrecipes.tuning.cluster.supervisor import supervise
supervise(sys.argv[1:], 2, log_folder="logs", grace_seconds=0.5)
"""
# The second worker hears no SIGTERM.
ENDLESS = """
if name == "tuner1":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
(here / f"{name}.done").touch()
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_no_orphan_is_left_however_the_supervisor_ends(program, pids, tmp_path, number, code):
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, *program(ENDLESS)],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    with supervisor:
        names = ("chief", "tuner0", "tuner1")
        wait_until(lambda: all((tmp_path / f"{name}.done").exists() for name in names))
        assert len(pids()) == 3
        assert all(map(alive, pids()))
        supervisor.send_signal(number)
        assert supervisor.wait(20) == code
        wait_until(lambda: not any(map(alive, pids())), seconds=5)


def test_a_beat_ends_the_process_whose_supervisor_is_gone(program, tmp_path):
    # What serves where the kernel does not kill it: another process stands for the supervisor.
    command = program(
        """
        with Heartbeat(seconds=0.05):
            time.sleep(600)
        """
    )
    other = {"KERASTUNER_TUNER_ID": "", "KERASRECIPES_SUPERVISOR": "1"}
    ended = subprocess.run(
        command, env={**os.environ, **other}, capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == 1
    assert ended.stderr == "The supervisor is gone; this process ends.\n"


def test_bad_numbers_are_said_in_one_sentence(tmp_path):
    with pytest.raises(RecipeError, match=r"`num_workers` of supervisor\.supervise must be at"):
        supervise(["true"], 0, log_folder=tmp_path)
