import base64
import io

import pytest
from PIL import Image

from kerasrecipes.recipes import pictures
from kerasrecipes.recipes.runs import report

from ..strict_html import Reader


@pytest.fixture
def record():
    return {
        "status": "finished",
        "origin": "lenet5_digits",
        "started": "2026-01-03T12:00:00+01:00",
        "recipe": {
            "name": "lenet5_digits",
            "summary": "LeNet-5 on digits.",
            "data": "digits",
            "build": "build(activation='tanh')",
            "learning_rate": 0.05,
            "epochs": 3,
            "callbacks": [],
        },
        "overrides": {"epochs": 3},
        "seed": 7,
        "strategy": "auto",
        "versions": {"python": "3.11.9", "keras": "3.15.1"},
        "hardware": {"processor": "a processor", "num_cores": 2, "gpus": []},
        "data": {
            "name": "digits",
            "inputs": [{"name": "image", "shape": [8, 8, 1], "dtype": "uint8"}],
            "class_names": ["zero", "one"],
            "num_examples": {"train": 1300, "validation": 147, "test": 350},
            "licence": "CC BY 4.0",
            "source": "UCI",
            "fingerprint": "a3f9c1",
            "notes": ["The test split was carved."],
        },
        "num_parameters": {"trainable": 61706, "total": 61707},
        "figures": {"accuracy": 0.9857, "nll": 0.0512},
        "expected": {
            "metric": "accuracy",
            "value": 0.98,
            "within": 0.005,
            "better": "higher",
            "source": "measured here",
        },
        "reached": True,
        "seconds": 200.0,
    }


HISTORY = {
    "loss": [2.0, 1.0, 0.5],
    "val_loss": [2.0, 1.0, 1.5],
    "val_accuracy": [0.5, 0.9, 0.9],
    "milliseconds_per_step": [3.0, 2.0, 2.5],
    "waiting_for_data": [0.1, 0.1, 0.1],
}


def write(folder, record, **others):
    path = report.write(folder, record=record, history=HISTORY, **others)
    assert path == folder / "report.html"
    page = path.read_text("utf-8")
    return page, Reader(page)


def test_everything_is_in_it(tmp_path, record):
    picture = pictures.png(pictures.curves(HISTORY))
    page, reader = write(
        tmp_path,
        record,
        pictures=[("Curves", "How it went.", picture)],
        tables=[("Layers", ("layer", "parameters"), [("conv1", "156"), ("output", "850")])],
    )
    for words in (
        "lenet5_digits",
        "LeNet-5 on digits.",
        "98.57 %",
        "98.00 %",
        "Reached",
        "measured here",
        "3 min 20 s",
        "61,706",
        "61,707",
        "best validated accuracy, epoch 2",
        "2.5 ms",
        "10%",
        "CC BY 4.0",
        "a3f9c1",
        "train 1,300, validation 147, test 350",
        "8 × 8 × 1",
        "The test split was carved.",
        "build(activation='tanh')",
        "3.15.1",
        "a processor",
        "How it went.",
        "conv1",
        "850",
        "kerasrecipes train lenet5_digits --set epochs=3 --seed 7",
    ):
        assert words in reader.text, words
    assert "@media print" in page and "prefers-color-scheme: dark" in page
    assert not list(tmp_path.glob(".*"))


def test_it_needs_nothing_but_itself(tmp_path, record):
    picture = pictures.png(pictures.curves(HISTORY))
    page, reader = write(tmp_path, record, pictures=[("Curves", "", picture)] * 2)
    assert not {"script", "link", "iframe"} & set(reader.tags)
    assert "@import" not in page and "url(" not in page and "http" not in page
    assert len(reader.addresses) == 2
    for address in reader.addresses:
        kind, _, data = address.partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
            image.verify()


def test_every_text_is_escaped(tmp_path, record):
    evil = "<script>alert(1)</script>\"'&"
    record["recipe"] = dict.fromkeys(["name", "summary", "build", evil], evil)
    record["overrides"] = {evil: evil}
    record["origin"] = record["status"] = record["started"] = record["failure"] = evil
    record["data"].update(dict.fromkeys(["name", "licence", "source", "fingerprint"], evil))
    record["data"].update(class_names=[evil], notes=[evil], num_examples={evil: 3})
    record["versions"], record["hardware"] = {evil: evil}, {evil: [evil]}
    record["figures"] = {evil: 0.5}
    record["expected"].update(metric=evil, source=evil, better=evil)
    for reached in (True, False, None):
        record["reached"] = reached
        page, reader = write(
            tmp_path,
            record,
            pictures=[(evil, evil, b"")],
            tables=[(evil, (evil,), [(evil,)])],
        )
        assert "<script" not in page
        assert "script" not in reader.tags
        assert evil in reader.text


@pytest.mark.parametrize(
    ("reached", "accuracy", "words"),
    [
        (True, 0.9757, "✓ Reached"),
        (False, 0.9, "✗ Missed By 8.00 %; higher is better."),
        (None, 0.9, "Not comparable The figure was expected on other data."),
    ],
)
def test_the_verdict(tmp_path, record, reached, accuracy, words):
    record["reached"], record["figures"]["accuracy"] = reached, accuracy
    _, reader = write(tmp_path, record)
    assert words in reader.text


def test_a_run_that_failed_says_why_and_has_no_verdict(tmp_path):
    record = {"recipe": {"name": "a"}, "status": "failed", "failure": "The loss must stay finite."}
    path = report.write(tmp_path, record=record, history={"loss": [float("nan")]})
    reader = Reader(path.read_text("utf-8"))
    assert "The loss must stay finite." in reader.text
    assert "expected" not in reader.text


def test_the_best_epoch_of_a_figure_that_should_be_low(tmp_path, record):
    record["expected"] = {"metric": "mse", "value": 1.0, "better": "lower"}
    history = {"val_mse": [3.0, 1.0, float("nan"), 1.0]}
    path = report.write(tmp_path, record=record, history=history)
    assert "best validated mse, epoch 2" in Reader(path.read_text("utf-8")).text


def test_the_command_is_quoted_for_a_shell(record):
    record["overrides"] = {"data": "csv:my file.csv#price", "build.depth": 56}
    record["strategy"] = "mirrored:2"
    assert report.command(record) == (
        "kerasrecipes train lenet5_digits --set 'data=csv:my file.csv#price' "
        "--set build.depth=56 --seed 7 --strategy mirrored:2"
    )


def test_a_run_of_values_without_names_has_no_command(tmp_path, record):
    record["origin"] = None
    assert report.command(record) is None
    _, reader = write(tmp_path, record)
    assert "recipes.train(recipe, seed=7)" in reader.text
    record["origin"], record["overrides"] = "lenet5_digits", {"task": None}
    assert report.command(record) is None
