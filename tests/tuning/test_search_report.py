import base64
import dataclasses
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.tuning.reporting import pictures, report

from ..strict_html import Reader


def read(search):
    path = report(search)
    assert path == search.folder / "report.html"
    return Reader(path.read_text("utf-8"))


def titles(search):
    return [title for title, _, _ in pictures(search)]


ALL = [
    "Parallel coordinates",
    "Importance of each hyperparameter",
    "Each hyperparameter by itself",
    "Curves of the trials",
    "Best so far",
]


def test_everything_is_in_it(make_search):
    search = make_search(
        300,
        winner={
            "trial": 173,
            "run": "runs/lenet5_digits_tuned/1",
            "figures": {"accuracy": 0.9811, "nll": 0.06},
            "base_figures": {"accuracy": 0.9753},
        },
    )
    (search.folder / "winner.py").write_text("RECIPE = None\n")
    reader = read(search)
    best = search.best()[0]
    for words in (
        "Report of a search",
        "lenet5_digits",
        "✓ Better",
        f"{100 * best.objective:.2f} %",
        f"Trial {best.number}.",
        "percentage points",
        "98.11 %",
        "97.53 %",
        "the other 285 trials",
        "The loss is not a number in epoch 2.",
        "0.0001 to 1, evenly by its logarithm",
        "optimizer is sgd",
        f"kerasrecipes tune --resume {search.folder}",
        f"kerasrecipes train {search.folder / 'winner.py'}",
        "keras 3.15.1",
        "train 1,374",
        *ALL,
    ):
        assert words in reader.text, words
    for source in reader.addresses:
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        Image.open(io.BytesIO(base64.b64decode(data))).verify()
    assert len(reader.addresses) == len(ALL)


@pytest.mark.parametrize("num_trials", [1, 3, 30])
def test_few_trials_are_enough(make_search, num_trials):
    search = make_search(num_trials)
    read(search)
    expected = ALL if num_trials == 30 else [t for t in ALL if "Importance" not in t]
    assert titles(search) == expected


def test_where_all_failed_it_says_why(make_search):
    search = make_search(4)
    for trial in search.trials():
        failed = dataclasses.replace(
            trial,
            status="failed",
            reason="ValueError: <b>out of</b> memory",
            objective=None,
            objectives=(),
            history={"loss": [float("nan")]},
        )
        search.write(failed)
    reader = read(search)
    assert "4 trials: 4 failed. None has a value" in reader.text
    assert "ValueError: <b>out of</b> memory" in reader.text
    assert titles(search) == ["Parallel coordinates"]


def test_a_gap_in_a_history_is_left_open(make_search):
    search = make_search(3)
    first = search.trials()[0]
    history = {
        **first.history,
        "val_accuracy": [float("nan"), 0.5, float("nan"), 0.7, float("nan")],
    }
    search.write(dataclasses.replace(first, history=history))
    assert "Curves of the trials" in titles(search)
    for trial in search.trials():
        search.write(dataclasses.replace(trial, history={}))
    assert "Curves of the trials" not in titles(search)


def test_twelve_hyperparameters_of_long_names_are_drawn(make_search, number, choice, boolean):
    long = "a very long label that nobody can read on an axis"
    space = [number(f"build.number_of_units_in_the_hidden_layer_{n}", 1, 9) for n in range(9)]
    space += [choice("schedule", long, f"{long} either"), boolean("flip"), choice("k", 1, 2, 3)]
    search = make_search(60, space=space)
    pixels = [Image.open(io.BytesIO(png)) for _, _, png in pictures(search)]
    # As wide as a page, whatever is drawn.
    assert all(600 < picture.width < 1700 for picture in pixels)
    assert all(np.asarray(picture.convert("L")).std() > 5 for picture in pixels)


def test_a_name_is_no_formula(make_search, choice, number):
    # Read as formulas both would end the report.
    space = [choice("$\\frac$", "$^$", "$_$"), number("x", 0.0, 1.0)]
    assert len(titles(make_search(20, space=space))) == len(ALL)


def test_where_nothing_varies_there_are_curves_only(make_search):
    search = make_search(5, hyperparameters={})
    assert titles(search) == ALL[3:]


def test_a_winner_that_is_within_the_noise_is_called_so(make_search):
    search = make_search(2, repetitions=3)
    first, second = search.trials()
    fields = {"status": "completed", "reason": None, "objective": 0.9}
    search.write(dataclasses.replace(first, **fields, objectives=(0.8, 0.9, 1.0)))
    fields["objective"] = 0.91
    search.write(dataclasses.replace(second, **fields, objectives=(0.81, 0.91, 1.01)))
    assert "Within the noise" in read(search).text
    search.write(dataclasses.replace(second, **fields, objectives=(0.9099, 0.91, 0.9101)))
    search.write(dataclasses.replace(first, **{**fields, "objective": 0.9}, objectives=(0.9, 0.9)))
    assert "✓ Better" in read(search).text


def test_what_was_trained_less_far_is_not_compared(make_search):
    search = make_search(2)
    first, second = search.trials()
    search.write(dataclasses.replace(first, status="pruned", reason="a round", epochs=3))
    done = {"status": "completed", "reason": None, "epochs": 12}
    search.write(dataclasses.replace(second, **done, objective=0.9, objectives=(0.9,)))
    text = read(search).text
    assert "were trained for 3 epochs only" in text and "Better" not in text


def test_that_the_recipe_is_the_best_is_said(make_search):
    search = make_search(2, objective=lambda v, _: float(v["learning_rate"] == 0.01))
    text = read(search).text
    assert "The recipe's own values" in text and "No other trial is better." in text


def test_a_search_that_goes_on_says_so(make_search):
    search = make_search(3, status="searching")
    assert "was still going on" in read(search).text
    search.update(status="interrupted", origin=None)
    text = read(search).text
    assert "was interrupted" in text and "tuning.resume(" in text


def test_without_trials_nothing_is_written(make_search):
    search = make_search(0)
    with pytest.raises(RecipeError, match="must have a trial"):
        report(search)
    assert not (search.folder / "report.html").exists()


def test_what_comes_from_outside_is_escaped(make_search, choice):
    space = [choice("<script>", "<i>", "&amp;"), choice("b", "x", "y")]
    search = make_search(20, space=space)
    page = report(search).read_text("utf-8")
    assert "<script>" not in page and "<i>" not in page


def test_a_record_of_no_more_than_is_needed_will_do(make_search):
    search = make_search(3)
    kept = {key: search.record[key] for key in search.needed}
    (search.folder / "search.json").write_text(json.dumps(kept))
    read(type(search).open(search.folder))


def test_it_needs_no_tensorflow(make_search):
    search = make_search(13)
    code = (
        "import sys; from kerasrecipes.tuning import reporting as r; f = sys.argv[1]; "
        "r.report(f); r.write_tensorboard(f); "
        "found = {'tensorflow', 'keras', 'matplotlib.pyplot'} & set(sys.modules); "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, search.folder], check=True)
