import types

import pytest

from kerasrecipes.callbacks import Timing


class Clock:
    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("kerasrecipes.callbacks.timing.time", clock)
    return clock


def run_epoch(timing, clock, executions, *, size=1, epoch=0):
    """Go through an epoch of `(seconds, waiting)` executions, each of `size` steps."""
    timing.on_epoch_begin(epoch)
    for number, (seconds, waiting) in enumerate(executions):
        timing.on_train_batch_begin(number * size)
        clock.now += seconds
        if waiting is not None:
            timing.model.train_function.seconds_waiting += waiting
        timing.on_train_batch_end(number * size + size - 1)
        clock.now += 1000  # What other callbacks do is no step.
    logs = {}
    timing.on_epoch_end(epoch, logs)
    return logs


def start(timing, *, num_steps=None, **train_function):
    timing.set_model(types.SimpleNamespace(train_function=types.SimpleNamespace(**train_function)))
    timing.set_params({"steps": num_steps})
    timing.on_train_begin()
    return timing


def test_the_first_execution_is_left_out_and_the_rest_is_counted_in_steps(clock):
    timing = start(Timing(batch_size=32), num_steps=14, seconds_waiting=7.0)
    # Four executions of four steps, the last of which has only two to do.
    logs = run_epoch(timing, clock, [(90, 1), (0.4, 0.1), (0.8, 0.1), (0.4, 0.2)], size=4)
    assert logs == pytest.approx({"milliseconds_per_step": 200, "waiting_for_data": 0.25})
    epoch = timing.epochs[0]
    assert epoch.mean_milliseconds == pytest.approx(160)
    assert epoch.examples_per_second == pytest.approx(32 * 10 / 1.6)
    # Later epochs compile nothing and count in full.
    logs = run_epoch(timing, clock, [(0.4, 0)], size=4, epoch=1)
    assert logs["milliseconds_per_step"] == pytest.approx(100)


def test_an_epoch_of_one_execution_has_nothing_else_to_tell(clock):
    timing = start(Timing())
    assert run_epoch(timing, clock, [(2, None)], size=10) == {"milliseconds_per_step": 200}
    assert timing.epochs[0].examples_per_second is None
    assert timing.epochs[0].waiting_for_data is None


def test_executions_that_take_no_step_do_not_count(clock):
    timing = start(Timing(), num_steps_done=8)
    timing.on_epoch_begin(0)
    for seconds, num_done in [(0.1, 8), (0.1, 8), (5, 12), (0.8, 16)]:
        timing.on_train_batch_begin(0)
        clock.now += seconds
        timing.model.train_function.num_steps_done = num_done
        timing.on_train_batch_end(0)
    logs = {}
    timing.on_epoch_end(0, logs)
    assert logs == pytest.approx({"milliseconds_per_step": 200})


def test_slow_steps_warn_once_and_say_what_to_do(clock):
    timing = start(Timing(), seconds_waiting=0.0)
    with pytest.warns(UserWarning, match="600 ms, more than 500 ms.*smaller") as caught:
        run_epoch(timing, clock, [(60, 0), (0.6, 0.1), (0.6, 0.1), (0.6, 0.1)])
    assert len(caught) == 1
    run_epoch(timing, clock, [(0.6, 0)] * 3, epoch=1)
    timing.on_train_begin()
    with pytest.warns(UserWarning, match="waiting for data: keep"):
        run_epoch(timing, clock, [(60, 0), (0.6, 0.5), (0.6, 0.5)])


def test_neither_compilation_nor_a_single_hiccup_warns(clock):
    timing = start(Timing())
    run_epoch(timing, clock, [(60, None), (9, None), (0.1, None), (9, None), (0.4, None)])


def test_in_a_fit_the_history_has_it(make_model, data):
    timing = Timing(batch_size=8)
    history = make_model(steps_per_execution=2).fit(
        *data, batch_size=8, epochs=3, callbacks=[timing], verbose=0
    )
    assert len(history.history["milliseconds_per_step"]) == 3
    assert "waiting_for_data" not in history.history
    assert all(epoch.examples_per_second > 0 for epoch in timing.epochs)


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"slow_step": 0}])
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` of Timing must be"):
        Timing(**arguments)
