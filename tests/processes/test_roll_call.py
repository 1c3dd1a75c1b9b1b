"""The workers meet, in threads; TensorFlow has no part in it."""

import socket
import threading
import time

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.processes import roll_call as module
from kerasrecipes.recipes.processes.roll_call import roll_call
from kerasrecipes.recipes.processes.supervision import free_ports

SAME = {"seed": 0, "recipe": {"epochs": 3, "name": "mlp"}, "versions": {"keras": "3.15.1"}}


@pytest.fixture
def addresses():
    return [f"127.0.0.1:{port}" for port in free_ports(3)]


class Worker(threading.Thread):
    """One worker, and what came of it."""

    def __init__(self, addresses, number, statement=SAME, **settings):
        super().__init__(daemon=True)
        self.arguments = (addresses, number, statement)
        self.settings = {"seconds": 10.0, **settings}
        self.offer = self.error = None
        self.start()

    def run(self):
        try:
            self.offer = roll_call(*self.arguments, **self.settings)
        except Exception as error:
            self.error = error

    def came_to(self):
        self.join(20)
        assert not self.is_alive()
        return self.offer, self.error


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_all_meet_in_any_order_and_take_what_the_chief_offers(addresses, order):
    workers = []
    for number in order:
        workers.append(Worker(addresses, number, offer=f"from {number}"))
        time.sleep(0.3)
    assert [worker.came_to() for worker in workers] == [("from 0", None)] * 3


def test_the_ports_are_free_afterwards(addresses):
    for _ in range(2):
        workers = [Worker(addresses, number) for number in range(3)]
        assert [worker.came_to() for worker in workers] == [(None, None)] * 3
    for address in addresses:
        with socket.socket() as server:
            # As TensorFlow's server does.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("0.0.0.0", int(address.partition(":")[2])))
            server.listen()


def test_one_worker_has_nobody_to_meet():
    assert roll_call(["127.0.0.1:1"], 0, SAME, offer="mine") == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 7}, "`seed` must be the same for all workers. Received: 7 from worker 1 ({1}), "
         "and 0 from chief ({0}). Start all of them with the same command"),
        ({"recipe": {"epochs": 4, "name": "mlp"}}, "`recipe.epochs` must be the same for all "
         "workers. Received: 4 from worker 1 ({1}), and 3 from chief ({0})."),
        ({"versions": {"keras": "3.16.0"}}, "`versions.keras` must be the same for all workers. "
         "Received: '3.16.0' from worker 1 ({1}), and '3.15.1' from chief ({0})."),
    ],
)  # fmt: skip
def test_workers_that_differ_are_both_named_to_all(addresses, change, words):
    chief = Worker(addresses, 0)
    second = Worker(addresses, 2)
    time.sleep(0.5)  # so that it waits already when the other comes
    first = Worker(addresses, 1, {**SAME, **change})
    for worker in (chief, first, second):
        _, error = worker.came_to()
        assert isinstance(error, RecipeError)
        assert str(error).startswith(words.format(*addresses))


def test_who_does_not_come_is_named(addresses):
    first, chief = Worker(addresses, 1), Worker(addresses, 0, seconds=1.0)
    for worker in (first, chief):
        assert str(worker.came_to()[1]).startswith(
            f"All 3 workers of TF_CONFIG must come. Received: nothing from worker 2 "
            f"({addresses[2]}) for 1 s. See whether it runs and reaches {addresses[0]}"
        )


def test_a_long_wait_says_for_whom(addresses, monkeypatch):
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.3)
    with pytest.warns(UserWarning) as said:
        second = Worker(addresses, 2)
        time.sleep(0.8)
        chief = Worker(addresses, 0)
        time.sleep(1.2)
        first = Worker(addresses, 1)
        assert [each.came_to() for each in (chief, first, second)] == [(None, None)] * 3
    assert [str(each.message) for each in said] == [
        f"Waiting for chief ({addresses[0]}).",
        f"Waiting for worker 1 ({addresses[1]}).",
    ]


def test_a_chief_that_does_not_come_is_named():
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    _, error = Worker(addresses, 1, seconds=0.6).came_to()
    assert str(error).startswith(
        f"Workers must have a chief. Received: no answer from chief ({addresses[0]}) for 0.6 s."
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_port_in_use_is_said(addresses, number):
    with socket.socket() as other:
        other.bind(("0.0.0.0", int(addresses[number].partition(":")[2])))
        other.listen()
        with pytest.raises(RecipeError, match=r"port of its own\. Received: .*its port is in use"):
            roll_call(addresses, number, SAME, seconds=1.0)


def test_two_of_one_index_are_told_so(addresses):
    # On one machine the second would find its port taken; on two it would not.
    elsewhere = [addresses[0], "127.0.0.1:" + str(free_ports(1)[0]), addresses[2]]
    workers = [Worker(addresses, 0), Worker(addresses, 1), Worker(elsewhere, 1)]
    for worker in workers:
        assert "two processes that are worker 1" in str(worker.came_to()[1])


def test_a_worker_that_comes_again_and_strangers_do_no_harm(addresses):
    chief = Worker(addresses, 0)
    address = ("127.0.0.1", int(addresses[0].partition(":")[2]))

    def call(text):
        while True:
            try:
                connection = socket.create_connection(address)
            except ConnectionRefusedError:
                time.sleep(0.02)
                continue
            connection.sendall(text)
            return connection

    died = call(b'{"number": 1, "statement": {"seed": 9}' + b"\n")  # no JSON
    died.close()
    call(b"GET / HTTP/1.1\r\n\r\n").close()
    call(b'{"number": 0}\n').close()
    call(b'{"number": 99}\n').close()
    statement = b'{"seed": 0, "recipe": {"epochs": 3, "name": "mlp"}, "versions": '
    call(b'{"number": 1, "statement": ' + statement + b'{"keras": "3.15.1"}}}\n').close()
    time.sleep(0.5)
    assert chief.is_alive()
    others = [Worker(addresses, number) for number in (1, 2)]
    assert [worker.came_to() for worker in (chief, *others)] == [(None, None)] * 3
