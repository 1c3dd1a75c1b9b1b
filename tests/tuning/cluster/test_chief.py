"""The chief in this process, with workers that die, come late and say things twice."""

import contextlib
import socket
import threading
import time

import grpc
import keras_tuner
import pytest
from keras_tuner.src.engine.trial import TrialStatus

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.processes.supervision import HOST, free_port
from kerasrecipes.tuning.cluster import heartbeat, servicer
from kerasrecipes.tuning.cluster.chief import serve
from kerasrecipes.tuning.cluster.client import PatientClient
from kerasrecipes.tuning.cluster.roles import CHIEF, WORKER, Role

from ...fake_members import wait_until

# Of KerasTuner's locks.
pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")

RUNNING, STOPPED, IDLE = TrialStatus.RUNNING, TrialStatus.STOPPED, TrialStatus.IDLE


def new_oracle(folder, num_trials=3, kind=keras_tuner.oracles.RandomSearchOracle):
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 0.0, 1.0)
    objective = keras_tuner.Objective("loss", "min")
    oracle = kind(objective=objective, max_trials=num_trials, hyperparameters=hp, seed=1)
    oracle._set_project_dir(str(folder), "oracle")
    oracle.verbose = 0
    return oracle


class Chief:
    """`serve` in a thread, and what came of it."""

    def __init__(self, oracle, port=None, **settings):
        self.oracle = oracle
        self.port = port or free_port()
        self.error = None
        self.thread = threading.Thread(target=self._serve, kwargs=settings)
        self.thread.start()

    def _serve(self, **settings):
        try:
            serve(self.oracle, Role(CHIEF, "chief", HOST, self.port), **settings)
        except Exception as error:
            self.error = error

    def worker(self, tuner_id, **settings):
        role = Role(WORKER, tuner_id, HOST, self.port)
        return Worker(self.oracle, role, **{"patience_seconds": 10.0, **settings})

    def ends(self, seconds=5.0):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "the chief does not end"
        return self.error


class Worker(PatientClient):
    """A client that is asked shortly."""

    def ask(self):
        return self.create_trial(self.tuner_id)

    def report(self, trial, loss=0.5):
        self.update_trial(trial.trial_id, {"loss": loss})
        trial.status = TrialStatus.COMPLETED
        self.end_trial(trial)


@pytest.fixture
def as_new_process(monkeypatch):
    """A function that makes this process look like one that was started again."""
    return lambda name: monkeypatch.setattr(heartbeat, "SESSION", name)


def statuses(oracle):
    return [trial.status for trial in oracle.trials.values()]


def test_a_search_from_the_first_trial_to_the_end_of_its_chief(tmp_path):
    chief = Chief(new_oracle(tmp_path))
    worker = chief.worker("tuner0")
    for _ in range(3):
        trial = worker.ask()
        assert trial.status == RUNNING
        worker.report(trial)
    begin = time.monotonic()
    assert worker.ask().status == STOPPED
    assert chief.ends() is None
    assert time.monotonic() - begin < 1
    assert statuses(chief.oracle) == ["COMPLETED"] * 3


def test_the_end_is_told_only_when_no_trial_runs(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=2))
    first, second = chief.worker("tuner0"), chief.worker("tuner1")
    early, late = first.ask(), second.ask()
    first.report(early)
    begin = time.monotonic()
    assert first.ask().status == IDLE
    assert time.monotonic() - begin > 0.3, "a worker that asks in a loop would keep the chief busy"
    assert chief.thread.is_alive()
    second.report(late)
    assert first.ask().status == STOPPED
    time.sleep(0.5)
    assert chief.thread.is_alive(), "the second worker does not know yet"
    assert second.ask().status == STOPPED
    assert chief.ends() is None


def test_a_worker_without_work_hears_at_once_that_there_is_some(tmp_path):
    # What another worker lets go is taken up while the call of the first still waits.
    chief = Chief(new_oracle(tmp_path, num_trials=1))
    owner, waiting = chief.worker("tuner0"), chief.worker("tuner1")
    trial = owner.ask()
    threading.Timer(0.1, owner.report, [trial]).start()
    begin = time.monotonic()
    assert waiting.ask().status == STOPPED
    assert time.monotonic() - begin < 0.4
    assert owner.ask().status == STOPPED
    assert chief.ends() is None


def test_a_worker_that_is_started_again_gets_its_trial_anew(tmp_path, as_new_process):
    chief = Chief(new_oracle(tmp_path, num_trials=1))
    worker = chief.worker("tuner0")
    trial = worker.ask()
    worker.update_trial(trial.trial_id, {"loss": 0.1})
    as_new_process("second life")
    again = worker.ask()
    assert (again.trial_id, again.status) == (trial.trial_id, RUNNING)
    assert again.hyperparameters.values == trial.hyperparameters.values
    assert not worker.get_trial(trial.trial_id).metrics.exists("loss")
    worker.report(again, loss=0.7)
    assert worker.ask().status == STOPPED
    assert chief.ends() is None
    assert chief.oracle.trials[trial.trial_id].score == pytest.approx(0.7)


def test_a_trial_that_kills_its_workers_has_failed(tmp_path, as_new_process):
    failed = []
    chief = Chief(
        new_oracle(tmp_path, num_trials=2),
        max_attempts=3,
        on_failed=lambda trial, reason: failed.append((trial.trial_id, reason)),
    )
    worker = chief.worker("tuner0")
    for life in range(3):
        as_new_process(str(life))
        assert worker.ask().trial_id == "0"
        assert worker.ask().trial_id == "0", "the same process may ask twice"
    assert failed == []
    as_new_process("fourth life")
    trial = worker.ask()
    assert trial.trial_id == "1"
    assert failed == [("0", "The process that ran it died, 3 times in a row.")]
    worker.report(trial)
    assert worker.ask().status == STOPPED
    assert chief.ends() is None
    assert statuses(chief.oracle) == ["FAILED", "COMPLETED"]


def test_the_trial_of_a_worker_that_is_gone_goes_to_another(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=2), gone_seconds=1.0)
    dead, alive = chief.worker("tuner0"), chief.worker("tuner1")
    lost = dead.ask()
    alive.report(alive.ask())
    found = []
    wait_until(lambda: found.append(alive.ask()) or found[-1].status != IDLE)
    assert (found[-1].trial_id, found[-1].status) == (lost.trial_id, RUNNING)
    # It was only out of reach, and comes with what was taken from it.
    dead.report(lost, loss=0.1)
    assert statuses(chief.oracle) == ["RUNNING", "COMPLETED"]
    alive.report(found[-1], loss=0.9)
    assert alive.ask().status == dead.ask().status == STOPPED
    assert chief.ends() is None
    assert chief.oracle.trials[lost.trial_id].score == pytest.approx(0.9)
    assert sorted(chief.oracle.end_order) == ["0", "1"]


def test_a_beat_keeps_a_long_trial(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=1), gone_seconds=1.0)
    other = chief.worker("tuner1")
    variables = Role(WORKER, "tuner0", HOST, chief.port).environment()
    with heartbeat.Heartbeat(seconds=0.2, environment=variables):
        worker = chief.worker("tuner0")
        trial = worker.ask()
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert other.ask().status == IDLE
        worker.report(trial)
        assert worker.ask().status == other.ask().status == STOPPED
    assert chief.ends() is None


def test_the_end_of_a_trial_that_is_said_twice_counts_once(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=1))
    worker = chief.worker("tuner0")
    trial = worker.ask()
    worker.report(trial, loss=0.3)
    worker.report(trial, loss=0.1)
    assert worker.ask().status == STOPPED
    assert chief.ends() is None
    assert chief.oracle.end_order == ["0"]
    assert chief.oracle.trials["0"].score == pytest.approx(0.3)


def test_a_chief_that_comes_back_leaves_running_trials_where_they_run(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=3), idle_seconds=0.5)
    first = chief.worker("tuner0")
    done, running = first.ask(), None
    first.report(done)
    running = first.ask()
    assert isinstance(chief.ends(), RecipeError), "it is gone in the middle of a trial"

    reloaded = new_oracle(tmp_path, num_trials=3)
    reloaded.reload()
    assert reloaded._retry_queue == [running.trial_id]
    # Asked before there is a chief, and answered when there is.
    second_asks = []
    again = chief.port
    waiting = Worker(reloaded, Role(WORKER, "tuner1", HOST, again), patience_seconds=20.0)
    thread = threading.Thread(target=lambda: second_asks.append(waiting.ask()))
    thread.start()
    time.sleep(0.5)
    chief = Chief(reloaded, port=again)
    thread.join(10)
    (other,) = second_asks
    assert other.trial_id == "2", "trial 1 still runs"
    first.report(running)
    waiting.report(other)
    assert first.ask().status == waiting.ask().status == STOPPED
    assert chief.ends() is None
    assert statuses(reloaded) == ["COMPLETED"] * 3
    assert sorted(reloaded.end_order) == ["0", "1", "2"]


def test_a_chief_that_comes_back_after_the_end_needs_no_worker(tmp_path, monkeypatch):
    monkeypatch.setattr(servicer, "LINGER_SECONDS", 0.5)
    chief = Chief(new_oracle(tmp_path, num_trials=1))
    worker = chief.worker("tuner0")
    worker.report(worker.ask())
    assert worker.ask().status == STOPPED
    assert chief.ends() is None

    reloaded = new_oracle(tmp_path, num_trials=1)
    reloaded.reload()
    assert Chief(reloaded).ends() is None
    assert reloaded.end_order == ["0"]


def test_looking_whether_it_is_over_changes_no_trial(tmp_path):
    # A search that goes on between two trials, and one that was never broken off.
    straight, broken = new_oracle(tmp_path / "straight"), new_oracle(tmp_path / "broken")
    values = []
    for oracle in (straight, broken):
        chief = Chief(oracle, idle_seconds=0.5)
        worker = chief.worker("tuner0")
        worker.report(worker.ask())
        if oracle is broken:
            chief.ends()
            broken = new_oracle(tmp_path / "broken")
            broken.reload()
            chief = Chief(broken)
            worker = chief.worker("tuner0")
        while (trial := worker.ask()).status == RUNNING:
            worker.report(trial)
        chief.ends()
        values.append({key: t.hyperparameters.values for key, t in chief.oracle.trials.items()})
    assert values[0] == values[1]
    assert broken.end_order == straight.end_order == ["0", "1", "2"]


def test_a_result_that_comes_before_its_trial_is_run_again_is_taken(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=1), gone_seconds=0.5)
    worker = chief.worker("tuner0")
    trial = worker.ask()
    wait_until(lambda: chief.oracle._retry_queue)
    worker.report(trial)
    assert chief.oracle._retry_queue == []
    assert worker.ask().status == STOPPED
    assert chief.ends() is None
    assert statuses(chief.oracle) == ["COMPLETED"]


def test_a_chief_without_workers_gives_up(tmp_path):
    chief = Chief(new_oracle(tmp_path), idle_seconds=0.3)
    error = chief.ends()
    assert isinstance(error, RecipeError)
    assert str(error).startswith("A chief must have workers. Received: no sign of life of any for")


def test_a_mistake_of_the_oracle_ends_the_chief_with_its_sentence(tmp_path):
    class FullDisk(keras_tuner.oracles.RandomSearchOracle):
        def save(self):
            raise RecipeError("The disk is full.")

    chief = Chief(new_oracle(tmp_path, kind=FullDisk))
    with pytest.raises(grpc.RpcError, match="The disk is full"):
        chief.worker("tuner0").ask()
    assert str(chief.ends()) == "The disk is full."


def test_an_oracle_that_waits_for_nobody_ends_the_chief(tmp_path):
    class Waiting(keras_tuner.oracles.RandomSearchOracle):
        def populate_space(self, trial_id):
            return {"status": "IDLE"}

    chief = Chief(new_oracle(tmp_path, kind=Waiting))
    with pytest.raises(grpc.RpcError, match="waits for trials that nobody runs"):
        chief.worker("tuner0").ask()
    assert isinstance(chief.ends(), RuntimeError)


def test_a_trial_of_another_search_is_no_harm_to_the_chief(tmp_path):
    chief = Chief(new_oracle(tmp_path, num_trials=1))
    worker = chief.worker("tuner0")
    for ask in (worker.get_trial, lambda trial_id: worker.update_trial(trial_id, {"loss": 1.0})):
        with pytest.raises(grpc.RpcError) as error:
            ask("17")
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
    worker.report(worker.ask())
    assert worker.ask().status == STOPPED
    assert chief.ends() is None


def test_a_worker_does_not_wait_for_ever_for_its_chief(tmp_path):
    worker = Worker(new_oracle(tmp_path), Role(WORKER, "t", HOST, free_port()), patience_seconds=1)
    with pytest.raises(RecipeError, match=r"A worker must have a chief\. .* for 1 s"):
        worker.ask()


@contextlib.contextmanager
def taken_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path):
    with taken_port() as port:
        error = Chief(new_oracle(tmp_path), port).ends()
    assert isinstance(error, RecipeError)
    assert "where its port is taken; another chief may run. End the other program" in str(error)


def test_a_second_chief_on_the_port_of_the_first_is_refused(tmp_path):
    first = Chief(new_oracle(tmp_path, num_trials=1))
    worker = first.worker("tuner0")
    worker.report(worker.ask())
    assert "its port is taken" in str(Chief(new_oracle(tmp_path), first.port).ends())
    assert worker.ask().status == STOPPED
    assert first.ends() is None


@pytest.mark.parametrize(
    ("host", "why"), [("192.0.2.1", "it is no address of this machine"), ("no.such.invalid", "")]
)
def test_an_address_of_another_machine_is_said_in_one_sentence(tmp_path, host, why):
    with pytest.raises(RecipeError, match=f"The chief must have an address.*{why}"):
        serve(new_oracle(tmp_path), Role(CHIEF, "chief", host, 9999))
