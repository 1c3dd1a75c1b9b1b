"""Bad input: one sentence, exit code 2, no traceback, and nothing half written."""

import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path

import filelock
import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.cli.main import main
from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.runs.checkpoint import latest
from kerasrecipes.recipes.serving import saved_model


@pytest.fixture
def refused(capsys):
    """A function that runs a command line which must be refused, and returns the sentence."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert code == 2
        assert said.out == ""
        assert said.err.startswith("kerasrecipes: ")
        assert said.err.count("\n") == 1
        return said.err

    return run


TRAIN = ["train", "softmax_digits", "--epochs", "1", "--quiet"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_dir):
    root = tmp_path_factory.mktemp("trained")
    words = ["--runs", root / "runs", "--saved-models", root / "exports", "--data-dir", data_dir]
    assert main([*TRAIN, *map(str, words)]) == 0
    (run,) = (root / "runs" / "softmax_digits").iterdir()
    return run


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a finished run that a test may spoil."""
    copy = shutil.copytree(trained, tmp_path / "run")
    record = json.loads((copy / "run.json").read_text())
    record["saved_model"] = str(shutil.copytree(record["saved_model"], tmp_path / "export"))
    (copy / "run.json").write_text(json.dumps(record))
    return copy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("epochs=0", "must be a whole number of at least 1. Received: epochs=0"),
        ("epochs=1.5", "Received: epochs=1.5"),
        ("learning_rate=-1", "must be a number above 0. Received: learning_rate=-1"),
        ("learning_rate=fast", "Received: learning_rate='fast'"),
        ("batch_sise=3", "Did you mean 'batch_size'?"),
        ("batch_size=100000", "at most the number of training examples"),
        ("build.nothing=1", "`nothing` is not an argument of"),
        ("optimizer.beta1=0.5", "Did you mean 'beta_1'"),
        ("optimizer.weight_decay=x", "Cast string to float is not supported"),
        ("task=foo", "must be a Task. Received: task='foo'"),
        ("expected.metric=acuracy", "Did you mean 'accuracy'"),
        ("data=digist", "Did you mean 'digits'"),
        ("data=diabetes", "must be classes for classification. Received: real values"),
    ],
)
def test_a_wrong_change_of_a_recipe(refused, changes, words, data_dir):
    import re

    said = refused(
        "train",
        "softmax_digits",
        "--quiet",
        "--data-dir",
        data_dir,
        "--no-export",
        "--set",
        changes,
    )
    assert re.search(words, said)
    if "step failed" not in said:
        assert os.listdir() == []


@pytest.mark.parametrize(
    "change", ["build.hidden=16", "build.hidden=x", "build.dropout=x", "build.activation=foo"]
)
def test_an_argument_of_the_wrong_kind(refused, change, data_dir):
    said = refused("train", "mlp_digits", "--quiet", "--data-dir", data_dir, "--set", change)
    assert "could not be made" in said
    assert os.listdir() == []


def test_names_that_are_not_there(refused, data_dir):
    assert "Did you mean 'softmax_digits'" in refused("train", "softmax_digit")
    assert "Did you mean 'mirrored'" in refused(*TRAIN, "--strategy", "mirored")
    assert "must be a whole number in" in refused(*TRAIN, "--seed", "-1")
    assert "script 'no.py' is not there" in refused("train", "no.py")
    assert os.listdir() == []
    for seed in ("x", 1.0, True, -1):
        with pytest.raises(RecipeError, match="`seed` must be"):
            recipes.train("softmax_digits", seed=seed)


def test_recipes_on_data_that_do_not_fit(refused, data_dir):
    place = ["--data-dir", data_dir, "--quiet"]
    assert "must be real values" in refused("train", "linear_line", "--data", "wine", *place)
    said = refused("train", "lenet5_glyphs", "--data", "wine", *place)
    assert "input_shape" in said
    said = refused(*TRAIN, "--set", "batch_size=33", "--strategy", "mirrored", *place)
    assert "must be a multiple of the 2 replicas" in said
    assert "The nearest is 32" in said
    assert os.listdir() == []


def test_data_with_nan_labels_out_of_range_and_empty_folders(refused):
    inputs = np.zeros((20, 4), "float32")
    inputs[3, 2] = np.nan
    np.savez("nan.npz", x=inputs, y=np.arange(20) % 2)
    assert "must be finite. Received: nan" in refused(*TRAIN, "--data", "npz:nan.npz")
    np.savez("labels.npz", x=np.zeros((20, 4)), y=np.arange(20) % 2 - 1)
    assert "must lie in [0, 1). Received: -1" in refused(*TRAIN, "--data", "npz:labels.npz")
    Path("images").mkdir()
    assert "no sub-folders" in refused(*TRAIN, "--data", "folder:images")
    for name in "ab":
        (Path("images") / name).mkdir()
        (Path("images") / name / "1.png").write_text("no picture")
    assert "must be a readable image" in refused(*TRAIN, "--data", "folder:images")
    assert not Path("runs").exists()


def test_a_loss_that_breaks_names_its_step_and_keeps_the_last_good(refused):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 2))
    np.savez("x.npz", x=features, y=features.sum(axis=1))
    words = ["train", "linear_line", "--data", "npz:x.npz", "--quiet", "--set", "batch_size=4"]
    said = refused(*words, "--set", "learning_rate=1e30")
    assert "in epoch 1 at step" in said
    assert "Nothing was saved" in said
    (run,) = Path("runs/linear_line").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "failed"
    assert "must stay finite" in record["failure"]
    # Slow enough that something is saved first.
    settings = {"batch_size": 4, "learning_rate": 3.0, "progress": False, "runs": "slow"}
    with pytest.raises(RecipeError, match="must stay finite") as caught:
        recipes.train("linear_line", data="npz:x.npz", checkpoint_seconds=0.0, **settings)
    said = str(caught.value)
    (run,) = Path("slow/linear_line").iterdir()
    checkpoint = latest(run / "checkpoint")
    assert f"step-{checkpoint.step:010d}.npz" in said
    assert all(np.isfinite(a).all() for a in checkpoint.arrays.values() if a.dtype.kind == "f")


def test_files_in_the_place_of_folders(refused, data_dir):
    Path("file").write_text("")
    for flag in ("--runs", "--saved-models"):
        assert "is a file" in refused(*TRAIN, flag, "file", "--data-dir", data_dir).replace(
            "a part of its path is a file", "is a file"
        )
    assert os.listdir() == ["file"]


def test_on_a_full_disk_nothing_is_left(refused, data_dir, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert "its disk is full. Make room" in refused(*TRAIN, "--data-dir", data_dir)
    assert [path for path in Path("runs").rglob("*") if path.is_file()] == []
    assert not Path("saved_models").exists()


def test_going_on_where_nothing_is_to_go_on_with(refused, run):
    assert "Received: a finished one" in refused("train", "--resume", run)
    assert "Received: no folder" in refused("train", "--resume", "nowhere")
    assert "beside --resume" in refused("train", "--resume", run, "--epochs", "3")
    record = json.loads((run / "run.json").read_text())
    for changes, words in (
        ({"origin": None}, "recipes.resume(folder, recipe="),
        ({"recipe": {**record["recipe"], "learning_rate": 7}}, "which was 7. Start a run anew"),
        ({"data": {**record["data"], "fingerprint": "other"}}, "The data of run"),
    ):
        changed = {**record, "status": "training", **changes}
        (run / "run.json").write_text(json.dumps(changed))
        assert words in refused("train", "--resume", run, "--quiet")
    (run / "run.json").write_text(json.dumps({**record, "status": "training"}))
    assert "must be finished" in refused("evaluate", run)
    with filelock.FileLock(run / ".lock"):
        assert "being written by another process" in refused("train", "--resume", run)
    for path in (run / "checkpoint").iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    assert "Every checkpoint in" in refused("train", "--resume", run)


def test_damaged_models_and_histories(refused, run):
    content = (run / "model.keras").read_bytes()
    for damaged in (b"", b"no zip", content[:-300], content[: len(content) // 2]):
        (run / "model.keras").write_bytes(damaged)
        assert "model.keras' could not be read" in refused("evaluate", run)
    (run / "model.keras").unlink()
    assert "model.keras' could not be read" in refused("export", run)
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Lambda(lambda x: x[:, 0, :, 0])(inputs)
    keras.Model(inputs, outputs).save(run / "model.keras")
    assert "could not be read" in (said := refused("evaluate", run))
    assert "Lambda" in said
    (run / "model.keras").write_bytes(content)
    for text in ("", "epoch,loss\n1,x\n"):
        (run / "history.csv").write_text(text)
        assert "history.csv' could not be read" in refused("report", run)


def test_damaged_exports(refused, run):
    export = Path(json.loads((run / "run.json").read_text())["saved_model"])
    np.save("x.npy", np.zeros((1, 8, 8, 1), "uint8"))
    (data,) = (export / "variables").glob("*.data*")
    for path in (data, export / "saved_model.pb"):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        assert "is damaged" in refused("predict", run, "x.npy")
        path.write_bytes(content)
    for text in ("", "[]", "{}"):
        (export / saved_model.RECORD).write_text(text)
        assert "must be one that this package exported" in refused("predict", export, "x.npy")
    shutil.rmtree(export)
    assert "Received: one that is not at" in refused("predict", run, "x.npy")


def test_files_that_a_model_cannot_take(refused, run):
    for name, array, words in (
        ("shape", np.zeros((2, 8, 8), "uint8"), "Received: uint8 of shape (2, 8, 8)"),
        ("scaled", np.full((1, 8, 8, 1), 0.5), "must be raw pixels"),
        ("wide", np.full((1, 8, 8, 1), 300), "must be raw pixels"),
        ("nan", np.full((1, 8, 8, 1), np.nan), "must be finite"),
        ("none", np.zeros((0, 8, 8, 1), "uint8"), "at least one example. Received: none"),
        ("text", np.array(["a"]), "must be numbers of shape"),
    ):
        np.save(f"{name}.npy", array)
        assert words in refused("predict", run, f"{name}.npy")
    for name, content, words in (
        ("cut.npy", b"\x93NUMPY", "must be a NumPy array"),
        ("cut.npz", b"PK\x03\x04", "must be a NumPy array"),
        ("bad.png", b"x", "must be a readable image"),
        ("table.txt", b"x", "Received: .txt"),
        ("table.csv", b"a\n1\n", "Received: .csv"),
    ):
        Path(name).write_bytes(content)
        assert words in refused("predict", run, name)
    assert "is not there" in refused("predict", run, "missing.png")
    assert "Received: no folder" in refused("predict", "nowhere", "bad.png")
    with pytest.raises(RecipeError, match="at least one example"):
        recipes.predict(run, [])


def test_an_export_that_answers_otherwise_is_not_kept(refused, run, monkeypatch):
    from kerasrecipes.recipes.tasks.classification import Classification

    whole = Classification.endpoints

    def endpoints(self, model, splits):
        endpoint = whole(self, model, splits)["serving_default"]
        calls = []

        def differs(inputs):
            calls.append(inputs)
            answer = endpoint.function(inputs)
            return {k: v + len(calls) if k == "logits" else v for k, v in answer.items()}

        return {"serving_default": dataclasses.replace(endpoint, function=differs)}

    monkeypatch.setattr(Classification, "endpoints", endpoints)
    said = refused("export", run, "--saved-models", "exports")
    assert "must answer as the Keras model does" in said
    assert "`serving_default/logits` differs by up to" in said
    assert list(Path("exports").rglob("*")) == [Path("exports/softmax_digits")]


SCRIPT = """
import keras
from kerasrecipes.recipes import get, replace
old = get("softmax_digits")
def three(shape, n):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(3)])
outputs = replace(old, name="outputs", build=three)
nothing = replace(old, name="nothing", build=lambda shape, n: None)
arguments = replace(old, name="arguments", build=lambda shape: None)
callback = replace(old, name="callback", callbacks=(lambda: 3,))
layer = replace(old, name="layer", normalize=lambda: 3)
optimizer = replace(old, name="optimizer", optimizer=lambda learning_rate: 3)
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("outputs", "gives the 10 outputs it is asked for. Received: (None, 3)"),
        ("nothing", "Received: NoneType"),
        ("arguments", "could not be made: TypeError"),
        ("callback", "3 in `callbacks` is no keras.callbacks.Callback"),
        ("layer", "could not be made: TypeError"),
        ("optimizer", "could not be made: "),
    ],
)
def test_scripts_whose_parts_do_not_work(refused, data_dir, name, words):
    Path("mine.py").write_text(SCRIPT)
    assert words in refused("train", f"mine.py:{name}", "--quiet", "--data-dir", data_dir)
    assert not Path("runs").exists()
