"""A log that grows, as the terminal sees it."""

import io

from kerasrecipes.recipes.processes.copied_log import CopiedLog


def test_whole_lines_are_copied_once_and_as_they_come(tmp_path):
    path, stream = tmp_path / "worker0.log", io.StringIO()
    log = CopiedLog(path, stream)
    log.copy()  # not there yet
    with open(path, "w", encoding="utf-8") as file:
        for text, shown in (
            ("--- worker0 started now\n", ""),
            ("epoch 1\nepo", "epoch 1\n"),
            ("ch 2 µ\n", "epoch 1\nepoch 2 µ\n"),
            ("", "epoch 1\nepoch 2 µ\n"),
        ):
            file.write(text)
            file.flush()
            log.copy()
            assert stream.getvalue() == shown


def test_a_log_of_an_earlier_start_is_not_shown_again(tmp_path):
    path, stream = tmp_path / "worker0.log", io.StringIO()
    path.write_text("old\n")
    log = CopiedLog(path, stream)
    with open(path, "a") as file:
        file.write("new\n")
    log.copy()
    assert stream.getvalue() == "new\n"
