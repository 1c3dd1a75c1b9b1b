"""Whole or not at all."""

import errno
import os

import pytest

from kerasrecipes.recipes.atomic import check_folder, make_folder, replacing, write_text
from kerasrecipes.recipes.errors import RecipeError


def listed(folder):
    return sorted(path.name for path in folder.rglob("*"))


def failing(number):
    def fail(*arguments, **settings):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_is_replaced_and_nothing_lies_beside_it(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    assert write_text(tmp_path / "a.txt", "new ä") == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_text("utf-8") == "new ä"
    assert listed(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_on_a_full_disk_the_old_file_stays_and_nothing_else(tmp_path, monkeypatch, broken):
    write_text(tmp_path / "a.txt", "old")
    with monkeypatch.context() as patched:
        patched.setattr(os, broken, failing(errno.ENOSPC))
        with pytest.raises(
            RecipeError, match=r"a.txt' could not be written: its disk is full. Make"
        ):
            write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert listed(tmp_path) == ["a.txt"]


def test_a_body_that_raises_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), replacing(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "half").write_text("x")
        raise KeyError("body")
    assert listed(tmp_path) == []


def test_a_folder_appears_whole(tmp_path):
    with replacing(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "a").write_text("a")
        assert not (tmp_path / "folder").exists()
    assert listed(tmp_path) == ["a", "folder"]


def test_a_folder_that_is_there_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "kept").write_text("x")
    with (
        pytest.raises(RecipeError, match="the system says"),
        replacing(tmp_path / "1") as temporary,
    ):
        temporary.mkdir()
    assert listed(tmp_path) == ["1", "kept"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "its disk is read-only. Name another place"),
        (errno.EDQUOT, "the quota of its disk is used up. Make room"),
        (errno.EIO, "the system says Input/output error"),
    ],
)
def test_each_reason_is_told(tmp_path, monkeypatch, number, words):
    monkeypatch.setattr(os, "replace", failing(number))
    with pytest.raises(RecipeError, match=words):
        write_text(tmp_path / "a", "")


def test_a_folder_under_a_file_is_told_when_made_and_when_only_asked_for(tmp_path):
    (tmp_path / "file").write_text("")
    for ask in (make_folder, check_folder):
        for path in (tmp_path / "file" / "a" / "b", tmp_path / "file"):
            with pytest.raises(RecipeError, match=r"is a file|is in the way"):
                ask(path)


def test_asking_for_a_folder_makes_none(tmp_path):
    check_folder(tmp_path / "a" / "b")
    check_folder("relative/folder")
    assert listed(tmp_path) == []
