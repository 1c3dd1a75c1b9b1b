"""Members that decide alike, though their clocks and signals differ."""

import threading

import pytest

from kerasrecipes.recipes.runs import agreement
from kerasrecipes.recipes.runs.agreement import Agreement


class Members:
    """`totals` over threads that stand for processes; a call that one leaves out would hang."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count, timeout=10)
        self.values = {}
        self.num_questions = 0

    def totals(self, values):
        name = threading.current_thread().name
        self.values[name] = values
        if self.barrier.wait() == 0:
            self.num_questions += 1
            self.sums = [sum(each) for each in zip(*self.values.values(), strict=True)]
        self.barrier.wait()
        return self.sums


def in_threads(count, body):
    members, found, failed = Members(count), {}, []

    def run(number):
        try:
            found[number] = body(number, Agreement(members.totals))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(n,), name=str(n)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    return found, members.num_questions


def test_a_process_alone_sees_its_own_flags():
    assert Agreement().anybody(True, False) == (True, False)
    assert Agreement().now_and_then(False, True) == (False, True)


def test_what_one_sees_all_see():
    found, _ = in_threads(3, lambda number, each: each.anybody(number == 1, False))
    assert found == dict.fromkeys(range(3), (True, False))


@pytest.mark.parametrize(("seconds", "num_calls"), [(0.01, 40), (0.2, 10)])
def test_all_ask_at_the_same_calls_however_fast_each_is(monkeypatch, seconds, num_calls):
    """The slow member sets the pace; a flag that one sees at a call is seen by all at another."""
    monkeypatch.setattr(agreement, "ASK_SECONDS", 0.1)

    def body(number, each):
        seen = []
        for call in range(num_calls):
            if number:
                threading.Event().wait(seconds)
            seen.append(each.now_and_then(number == 1 and call >= 2)[0])
        return seen

    found, num_questions = in_threads(2, body)
    assert found[0] == found[1]
    assert any(found[0])
    assert found[0].index(True) <= 2 + 2 * max(1, 0.1 / seconds)
    if seconds < 0.1:
        assert num_questions < num_calls
    else:
        assert num_questions == num_calls, "a call that takes longer is asked about each time"
