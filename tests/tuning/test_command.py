"""The command `kerasrecipes tune`, as it is typed."""

from pathlib import Path

import pytest

from kerasrecipes import recipes
from kerasrecipes.cli.main import main
from kerasrecipes.cli.tune import seconds

TINY = ["softmax_digits", "--method", "random", "--over", "learning_rate", "--trials", "2"]
TINY += ["--epochs", "1", "--quiet"]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, data_dir):
    """A search that has ended, made by one command, and what it said."""
    root = tmp_path_factory.mktemp("tuned")
    places = ["--searches", root / "searches", "--runs", root / "runs", "--data-dir", data_dir]
    assert main(["tune", *TINY, *map(str, places)]) == 0
    (folder,) = (root / "searches" / "softmax_digits").iterdir()
    (run,) = (root / "runs" / "softmax_digits_tuned").iterdir()
    return folder, run


def refused(capsys, *words):
    assert main(["tune", *map(str, words)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("kerasrecipes: ")
    assert said.count("\n") == 1
    return said


def test_the_winner_is_a_run_that_can_be_gone_back_to(tuned):
    folder, run = tuned
    assert (folder / "report.html").is_file()
    assert recipes.get(str(folder / "winner.py")).name == "softmax_digits_tuned"
    assert (run / "report.html").is_file()
    assert recipes.evaluate(run)["accuracy"] > 0.2


def test_a_report_of_a_search(tuned, capsys):
    folder, _ = tuned
    (folder / "report.html").unlink()
    assert main(["tune", "report", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "learning_rate" in said
    assert (folder / "report.html").is_file()


def test_a_search_goes_on_with_more(tuned, capsys):
    folder, _ = tuned
    words = ["--resume", str(folder), "--trials", "3", "--no-retrain"]
    assert main(["tune", *words]) == 0
    said = capsys.readouterr()
    assert "trial 3/3" in said.err
    assert "best of 3 trials" in said.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["softmax_digit"], "Did you mean 'softmax_digits'"),
        (["softmax_digits", "--method", "randon"], "Did you mean 'random'?"),
        (["softmax_digits", "--over", "learning_rat"], "Did you mean 'learning_rate'"),
        (["softmax_digits", "--range", "learning_rate=1e-1:1e-3:log"], "Turn it round."),
        (["softmax_digits", "--range", "learning_rat=1e-3:1e-1"], "Did you mean 'learning_rate'"),
        (["softmax_digits", "--range", "learning_rate"], "A range must be NAME=LOW:HIGH"),
        (["softmax_digits", "--objective", "acuracy"], "Did you mean 'accuracy'"),
        (["softmax_digits", "--trials", "0"], "`trials` of budget must be at least 1"),
        (["softmax_digits", "--time", "0"], "`seconds` of budget must be a number above 0"),
        (["softmax_digits", "--workers", "0"], "must be at least 1"),
        (["softmax_digits", "mlp_digits"], "must be given one recipe"),
        ([], "Received: neither"),
        (["softmax_digits", "--resume", "."], "Received: both"),
        (["--resume", "."], "must be the folder of a search"),
        (["--resume", ".", "--method", "grid"], "Received: --method beside --resume"),
        (["report"], "must be given the folder of a search. Received: none"),
        (["report", "."], "must be the folder of a search"),
    ],
)
def test_bad_input_is_one_sentence(words, sentence, capsys):
    assert sentence in refused(capsys, *words)
    assert not Path("searches").exists()


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), ("2d", 172_800.0)]
)
def test_times(text, value):
    assert seconds(text) == value


def test_a_time_that_is_none(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["tune", "softmax_digits", "--time", "soon"])
    assert caught.value.code == 2
    assert "must be a time such as 90s" in capsys.readouterr().err
