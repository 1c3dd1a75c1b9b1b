"""The folder of a run, its record and its lock."""

import errno
import json
import os

import filelock
import pytest

from kerasrecipes.recipes import RecipeError, get, replace
from kerasrecipes.recipes.runs.run import Run, is_plain

RECORD = {
    "status": "training",
    "origin": "mlp_digits",
    "overrides": {"build.hidden": (16,), "normalize": None, "epochs": 2},
    "seed": 0,
    "strategy": "none",
    "saved_models": None,
    "data_dir": None,
    "checkpoint_seconds": 60.0,
    "data": {"fingerprint": "abc"},
    "seconds": 0.0,
}


def create(**changes):
    recipe = replace(get("mlp_digits"), **RECORD["overrides"])
    return Run.create("runs", "mlp_digits", **{**RECORD, "recipe": recipe.describe(), **changes})


def test_a_run_is_opened_as_it_was_created():
    run = create()
    again = Run.open(run.folder)
    assert again.record == json.loads(json.dumps(run.record))
    assert "started" in again.record


def test_runs_of_one_second_have_folders_of_their_own():
    assert len({create().folder for _ in range(3)}) == 3


def test_the_recipe_comes_back_with_its_overrides():
    run = Run.open(create().folder)
    recipe = run.recipe()
    assert (recipe.epochs, recipe.normalize) == (2, None)
    assert recipe.build.keywords["hidden"] == (16,)
    run.check_recipe(recipe)


def test_a_recipe_that_changed_is_refused_by_field():
    run = Run.open(create().folder)
    with pytest.raises(
        RecipeError, match=r"Received: batch_size=7, which was 32. Start a run anew"
    ):
        run.check_recipe(replace(run.recipe(), batch_size=7))


def test_a_recipe_without_a_name_says_how_to_go_on():
    with pytest.raises(RecipeError, match=r"give it there, as in `recipes.resume\(folder, recipe"):
        Run.open(create(origin=None).folder).recipe()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "must be the record of a run"),
        ('{"status": "finished"}', "Received: one without checkpoint_seconds, data"),
        (b"\xff", "is damaged"),
    ],
)
def test_a_damaged_record_is_one_sentence(text, words):
    run = create()
    path = run.folder / "run.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecipeError, match=words):
        Run.open(run.folder)


def test_no_run_says_what_is_there():
    os.mkdir("empty")
    with pytest.raises(RecipeError, match="Received: a folder without one"):
        Run.open("empty")
    with pytest.raises(RecipeError, match="Received: no folder"):
        Run.open("nowhere")


def test_a_second_writer_is_told():
    run = create()
    told = pytest.raises(RecipeError, match="is being written by another process")
    with filelock.FileLock(run.folder / ".lock"), told, run.locked():
        pass
    with run.locked():
        pass


def test_on_a_full_disk_no_folder_of_a_run_is_left(monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(RecipeError, match=r"its disk is full. Make room"):
        create()
    assert os.listdir("runs/mlp_digits") == []


def test_a_file_in_the_place_of_the_runs():
    with open("runs", "w"):
        pass
    with pytest.raises(RecipeError, match="a part of its path is a file"):
        create()


def test_an_interrupt_names_the_way_on():
    run = create()
    told = pytest.raises(KeyboardInterrupt, match=f"train --resume {run.folder}`")
    with told, run.interruptible():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("value", "plain"),
    [(1, True), (None, True), ((1, ("a",)), True), ([1], False), (print, False), ((print,), False)],
)
def test_what_can_be_written_down(value, plain):
    assert is_plain(value) is plain
