import copy
import io
import re

import keras
import pytest

from kerasrecipes.callbacks import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_elsewhere_it_is_one_plain_line_an_epoch(make_model, data):
    stream = io.StringIO()
    make_model().fit(
        *data, epochs=3, validation_split=0.25, callbacks=[Progress(stream)], verbose=0
    )
    lines = stream.getvalue().splitlines()
    number, time = r"\d+\.\d{4}", r"\d+(\.\d)? s"
    begin = rf"  loss {number}  mae {number}  val_loss {number}  val_mae {number}  {time}"
    assert re.fullmatch(rf"epoch 1/3{begin}, {time} left", lines[0])
    assert re.fullmatch(rf"epoch 2/3{begin}, {time} left", lines[1])
    assert re.fullmatch(rf"epoch 3/3{begin}", lines[2])
    assert len(lines) == 3


def test_a_resumed_fit_counts_on(make_model, data):
    stream = io.StringIO()
    make_model().fit(*data, initial_epoch=7, epochs=9, callbacks=[Progress(stream)], verbose=0)
    assert [line[:9] for line in stream.getvalue().splitlines()] == ["epoch 8/9", "epoch 9/9"]


def test_on_a_terminal_it_is_a_bar_with_the_time_left(make_model, data, monkeypatch):
    monkeypatch.setattr("kerasrecipes.callbacks.progress._REFRESH", 0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    make_model().fit(*data, batch_size=8, epochs=2, callbacks=[Progress(stream)], verbose=0)
    shown = stream.getvalue()
    assert "step 4/6" in shown and "━" in shown and "left" in shown
    assert len(re.findall(r"epoch [12]/2  loss", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))) == 2
    # Whatever ends the fit, the cursor is there.
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_the_terminal_is_drawn_at_most_four_times_a_second(make_model, data, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    now = iter(range(10_000))
    # A thousandth of a second passes at each look at the clock.
    monkeypatch.setattr(
        "kerasrecipes.callbacks.progress.time.perf_counter", lambda: next(now) / 1000
    )
    drawn = []
    progress = Progress(stream)
    draw = progress._draw
    monkeypatch.setattr(progress, "_draw", lambda *a: (drawn.append(a), draw(*a)))
    make_model().fit(*data, batch_size=1, epochs=10, callbacks=[progress], verbose=0)
    assert len(drawn) <= 10


def test_compilation_does_not_count_in_the_time_left():
    stream, now = io.StringIO(), iter([0.0, 60.0, 61.0, 62.0, 63.0])
    progress = Progress(stream)
    progress.set_params({"epochs": 11, "steps": 3})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerasrecipes.callbacks.progress.time.perf_counter", lambda: next(now))
        progress.on_train_begin()
        progress.on_epoch_begin(0)
        for step in range(3):
            progress.on_train_batch_end(step)
        progress.on_epoch_end(0, {"loss": 1.0})
    assert stream.getvalue() == "epoch 1/11  loss 1.0000  1 min 03 s, 30 s left\n"


def test_after_an_interrupted_fit_it_serves_another(make_model, data):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    stream = Terminal()
    progress, model = Progress(stream), make_model()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, callbacks=[progress, Interrupt()], verbose=0)
    model.fit(*data, epochs=2, callbacks=[progress], verbose=0)
    assert "epoch 2/2  loss" in stream.getvalue()


def test_a_copy_writes_to_the_same_stream():
    stream = Terminal()
    assert copy.deepcopy(Progress(stream)).stream is stream


def test_large_and_small_values_and_long_times_stay_readable():
    from kerasrecipes.callbacks import progress

    assert progress._metrics({"learning_rate": 1, "val_loss": 1e-7, "auc": 0, "loss": 2e6}) == [
        "loss 2.000e+06",
        "auc 0.0000",
        "val_loss 1.000e-07",
    ]
    assert [progress._seconds(s) for s in (1.23, 45.2, 200, 7500)] == [
        "1.2 s",
        "45 s",
        "3 min 20 s",
        "2 h 05 min",
    ]
