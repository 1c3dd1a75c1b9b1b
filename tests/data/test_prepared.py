import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasrecipes.recipes import data
from kerasrecipes.recipes.errors import RecipeError


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder as tfds lays it out, with two sets; tests that break one copy it."""
    folder = tmp_path_factory.mktemp("sets")
    for name in ("photos", "captions"):
        tfds.builder(name, data_dir=folder).download_and_prepare()
    return folder


def test_a_set_of_tfds_is_named_by_its_path(sets):
    by_path = data.load(f"{sets}/photos/1.0.0#16x24")
    by_name = data.load("tfds:photos#16x24", data_dir=sets)
    np.testing.assert_array_equal(by_path.train.inputs, by_name.train.inputs)
    assert by_path.fingerprint == by_name.fingerprint
    assert by_path.class_names == ("dark", "light") and by_path.source == f"{sets}/photos/1.0.0"
    assert "test: 6 examples carved from train, stratified, seed 0" in by_path.notes
    assert data.load(f"{sets}/photos/#16x24").fingerprint == by_path.fingerprint


def test_a_large_set_is_streamed(sets):
    held = data.load(f"{sets}/photos", memory_limit=2**30)
    streamed = data.load(f"{sets}/photos", memory_limit=0)
    assert streamed.train.num_examples == 34 and streamed.validation.num_examples == 8
    inputs, targets = next(streamed.validation.ordered(8).as_numpy_iterator())
    np.testing.assert_array_equal(inputs, held.validation.inputs)
    np.testing.assert_array_equal(targets, held.validation.targets)


def test_relative_paths_and_homes(sets, monkeypatch):
    monkeypatch.chdir(sets)
    monkeypatch.setenv("HOME", str(sets))
    for name in ("./photos", "../" + sets.name + "/photos", "~/photos", f"file://{sets}/photos"):
        assert data.load(name).train.num_examples == 34


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{}/photso", r"a path that is not there\. Did you mean 'photos'\? Write one with"),
        ("{}/no/photos", r"a path that is not there\. Write one with `kerasrecipes data write`"),
        ("{}", r"with the file 'dataset_info.json'.* one with the sets captions, photos\. Name"),
        ("./", r"must be a folder with the file 'dataset_info.json'.* Received: one without\."),
        ("{}/captions", r"Targets of data set .* must be classes or single .* Received: Text"),
        ("foo://bucket/x", r"could not be read: UnimplementedError, File system scheme 'foo'"),
    ],
)
def test_a_path_without_a_set_says_what_there_is(sets, name, message):
    with pytest.raises(RecipeError, match=message):
        data.load(name.format(sets))


def broken(sets, tmp_path):
    shutil.copytree(sets / "photos/1.0.0", tmp_path / "photos")
    return tmp_path / "photos"


def test_a_file_that_is_missing_is_named(sets, tmp_path):
    folder = broken(sets, tmp_path)
    os.remove(folder / "photos-train.tfrecord-00000-of-00001")
    with pytest.raises(RecipeError, match=r"all of its 2 files\. .*without 'photos-train.tfrec"):
        data.load(str(folder))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "photos"}'])
def test_a_damaged_description_is_told(sets, tmp_path, text):
    folder = broken(sets, tmp_path)
    (folder / "dataset_info.json").write_text(text)
    with pytest.raises(RecipeError, match=rf"Data set '{folder}' (could not be read|must hold)"):
        data.load(str(folder))


def test_a_set_of_another_format_is_refused(sets, tmp_path):
    folder = broken(sets, tmp_path)
    description = json.loads((folder / "dataset_info.json").read_text())
    description["fileFormat"] = "riegeli"
    (folder / "dataset_info.json").write_text(json.dumps(description))
    with pytest.raises(RecipeError, match=r"must hold TFRecord files\. Received: riegeli"):
        data.load(str(folder))


def test_records_that_are_cut_off_are_told(sets, tmp_path):
    folder = broken(sets, tmp_path)
    file = folder / "photos-train.tfrecord-00000-of-00001"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(RecipeError, match=r"could not be read: DataLossError, truncated record"):
        data.load(str(folder))


def test_a_cloud_that_does_not_answer_is_told_at_once(no_network):
    for ask in (data.load, data.expect_available):
        with pytest.raises(RecipeError, match=r"The host of data set 'gs://bucket/x' must answer"):
            ask("gs://bucket/x")


def test_no_copy_of_the_description_stays(sets, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data.load(f"{sets}/photos")
    assert list(tmp_path.iterdir()) == []
    assert tf.io.gfile.exists(f"{sets}/photos/1.0.0/dataset_info.json")
