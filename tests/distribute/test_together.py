"""What workers find out about one another, in threads that stand for processes."""

import threading

import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.distribute import together
from kerasrecipes.recipes.errors import RecipeError, WorkerLost

# As TensorFlow says it, where a step, a pass of evaluation and a sum met a worker that was killed.
HEAD = [
    "Graph execution error:",
    "",
    "Detected at node CollectiveReduceV2 defined at (most recent call last):",
    '  File "/site-packages/keras/src/backend/tensorflow/trainer.py", line 399, in fit',
    "",
]
IN_A_STEP = [
    *HEAD,
    "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks "
    "are unhealthy (stopped sending heartbeats):",
    "/job:worker/replica:0/task:1",
    "The tasks have crashed. Check the task logs for an earlier error, or scheduler events (e.g. "
    "preemption, eviction) to debug further.",
    "The error could be from a previous operation. Restart your program to reset.",
    "\t [[{{node CollectiveReduceV2}}]]",
    "\t [[while/body/_1/while/StatefulPartitionedCall]] [Op:__inference__loop_1130]",
]
IN_EVALUATION = [
    *HEAD,
    "Collective ops is aborted by: failed to connect to all addresses; last error: UNKNOWN: "
    "ipv4:127.0.0.1:51001: Failed to connect to remote host: Connection refused",
    "Additional GRPC error information from remote target /job:worker/replica:0/task:0 while "
    "calling /tensorflow.WorkerService/RecvBuf:",
    "The error could be from a previous operation. Restart your program to reset.",
    "\t [[{{node CollectiveReduceV2}}]] [Op:__inference__loop_1130]",
]
IN_A_SUM = [
    "{{function_node __wrapped__CollectiveReduceV2_Nordering_token_1_device_/job:worker/replica:0/"
    "task:1/device:CPU:0}} Collective ops is aborted by: recvmsg:Connection reset by peer",
    "The error could be from a previous operation. Restart your program to reset. "
    "[Op:CollectiveReduceV2] name: ",
]


@pytest.mark.parametrize(
    ("kind", "lines", "reason"),
    [
        (
            tf.errors.UnavailableError,
            IN_A_STEP,
            "Error reported from /job:worker/task:1: The following tasks are unhealthy (stopped "
            "sending heartbeats)",
        ),
        (
            tf.errors.UnavailableError,
            IN_EVALUATION,
            "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:51001: Failed "
            "to connect to remote host: Connection refused",
        ),
        (
            tf.errors.UnavailableError,
            IN_A_SUM,
            "recvmsg:Connection reset by peer",
        ),
        (tf.errors.InternalError, ["Collective ops is aborted by: x."], "x"),
        (tf.errors.CancelledError, [""], "CancelledError"),
    ],
)
def test_a_worker_that_is_gone_is_told_by_what_happened(kind, lines, reason):
    with pytest.raises(WorkerLost) as lost:
        distribute.check_that_all_are_there(kind(None, None, "\n".join(lines)))
    assert str(lost.value) == (
        f"Another worker is gone: {reason}. Start all of them again; the run goes on from its last "
        f"checkpoint."
    )
    assert lost.value.code == 75


def test_an_error_of_a_step_is_not_taken_for_a_lost_worker():
    error = tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [16,3] vs. [16,4]")
    distribute.check_that_all_are_there(error)


@pytest.fixture
def in_workers(monkeypatch):
    """A function that runs a body for several workers and gives the error of each, or None."""

    def in_workers(num_workers, body):
        barrier, said, errors = threading.Barrier(num_workers, timeout=10), {}, [None] * num_workers

        def sum_of(value):
            said[threading.current_thread().name] = value
            barrier.wait()
            total = tf.add_n(list(said.values()))
            barrier.wait()
            return total

        monkeypatch.setattr(together, "is_multiworker", lambda place: True)
        monkeypatch.setattr(together, "_sum_over", lambda place: sum_of)

        def run(number):
            try:
                body(number)
            except RecipeError as error:
                errors[number] = error

        threads = [threading.Thread(target=run, args=(n,)) for n in range(num_workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        return errors

    return in_workers


@pytest.mark.parametrize(
    "numbers", [[0, 0], [7, 7, 7], [2**24, 2**24], [5, 0], [5, 6], [99, 100, 101], [0, 0, 1]]
)
def test_all_are_told_where_one_has_found_another_number(in_workers, numbers):
    def check(worker):
        distribute.check_same(None, numbers[worker], "checkpoint in 'run'")

    errors = in_workers(len(numbers), check)
    if len(set(numbers)) == 1:
        assert errors == [None] * len(numbers)
    else:
        for number, error in zip(numbers, errors, strict=True):
            assert str(error).startswith(
                f"All workers must find the same checkpoint in 'run'. Received: {number} here, and "
                f"another one elsewhere."
            )


def test_a_process_alone_has_found_the_same_as_all():
    distribute.check_same(distribute.strategy("none"), 5, "checkpoint in 'run'")


def test_the_chief_is_first_and_its_error_lets_the_others_go_on(in_workers, monkeypatch):
    monkeypatch.setattr(together, "is_chief", lambda place: place == 0)
    order = []

    def prepare(worker):
        with distribute.chief_first(worker):
            order.append(worker)
            if worker == 0:
                raise RecipeError("No data.")

    errors = in_workers(3, prepare)
    assert str(errors[0]) == "No data."
    assert errors[1:] == [None, None]
    assert order[0] == 0 and sorted(order) == [0, 1, 2]
