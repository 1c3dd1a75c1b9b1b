import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import writing
from kerasrecipes.recipes.data.sharded import ShardedSplit
from kerasrecipes.recipes.errors import RecipeError


@pytest.fixture
def photos(tmp_path):
    """A folder of small photographs of two classes."""
    generator = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(20):
            pixels = generator.integers(0, 256, (6, 5, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def table(tmp_path):
    """A table of real values."""
    rows = [f"{i},{i % 7},{2 * i + 0.5}" for i in range(60)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,y", *rows]))
    return tmp_path / "table.csv"


def same(one, other):
    """Whether two sets hold the same, in the same order."""
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(one, part).inputs, getattr(other, part).inputs)
        np.testing.assert_array_equal(getattr(one, part).targets, getattr(other, part).targets)
    assert one.fingerprint == other.fingerprint
    assert (one.class_names, one.feature_names) == (other.class_names, other.feature_names)
    assert (one.inputs, one.licence, one.source) == (other.inputs, other.licence, other.source)
    assert one.notes == other.notes


def test_an_embedded_set_comes_back_as_it_was(data_dir, tmp_path):
    path = str(tmp_path / "shared" / "digits")
    assert data.write("digits", path, shards=4, keep_order=True, data_dir=data_dir) == path
    same(data.load(path), data.load("digits", data_dir=data_dir))
    names = sorted(file for file in os.listdir(path) if "train" in file)
    assert names == [f"digits-train.tfrecord-{n:05}-of-00004" for n in range(4)]
    assert os.listdir(tmp_path / "shared") == ["digits"]  # nothing beside it


def test_files_of_one_s_own_come_back_as_they_were(photos, table):
    for name in (f"folder:{photos}", f"csv:{table}#y"):
        path = f"./{name.partition(':')[0]}"
        data.write(name, path, shards=3, keep_order=True)
        same(data.load(path), data.load(name))


def test_tfds_reads_what_was_written(photos):
    """The format against the library whose format it is."""
    data.write(f"folder:{photos}", "sets/snaps/2.1.0", shards=2, keep_order=True)
    found = data.load(f"folder:{photos}")
    builder = tfds.builder("snaps", data_dir="sets")  # by its layout of name and version
    assert str(builder.version) == "2.1.0" and builder.info.splits["train"].num_shards == 2
    truth = tfds.as_numpy(builder.as_dataset(split="train", as_supervised=True))
    images, labels = zip(*truth, strict=True)
    np.testing.assert_array_equal(np.stack(images), found.train.inputs)
    assert list(labels) == found.train.targets.tolist()
    assert builder.info.features["label"].names == ["cat", "dog"]
    assert data.load("./sets/snaps").class_names == ("cat", "dog")  # its newest version


def test_examples_are_shuffled_unless_told(photos, tmp_path):
    found = data.load(f"folder:{photos}")
    assert (np.diff(found.train.targets) >= 0).all()  # as they lie in their folders
    data.write(f"folder:{photos}", "mixed", shards=2)
    mixed = data.load("./mixed")
    assert (np.diff(mixed.train.targets) < 0).any()
    assert sorted(x.tobytes() for x in mixed.train.inputs) == sorted(
        x.tobytes() for x in found.train.inputs
    )
    data.write(f"folder:{photos}", "again", shards=2)
    assert data.load("./again").fingerprint == mixed.fingerprint


def test_a_stream_is_written_as_it_comes(data_dir):
    path = "./first"
    data.write("digits", path, shards=3, keep_order=True, data_dir=data_dir)
    streamed = data.load(path, memory_limit=0)
    assert isinstance(streamed.train, ShardedSplit) and len(streamed.train.files) == 3
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "load", lambda name, data_dir: streamed)
        data.write(path, "second", shards=5)
    same(data.load("./second"), data.load("digits", data_dir=data_dir))


def test_another_file_system_holds_a_set(data_dir):
    """One of TensorFlow's that is no folder of this machine."""
    data.write("diabetes", "ram://bucket/diabetes", shards=3, keep_order=True, data_dir=data_dir)
    same(data.load("ram://bucket/diabetes"), data.load("diabetes", data_dir=data_dir))
    streamed = data.load("ram://bucket/diabetes", memory_limit=0)
    assert streamed.train.files[0].path.startswith("ram://bucket/diabetes/diabetes-train")
    assert streamed.train.targets.shape == (338,)


def test_a_small_split_has_fewer_files(table):
    data.write(f"csv:{table}#y", "many", shards=20)
    files = [file.rpartition("-")[2] for file in os.listdir("many") if "validation" in file]
    assert sorted(files) == ["00005"] * 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shards": 0}, r"`shards` of data.write must be a whole number of at least 1.*shards=0"),
        ({"shards": 2.5}, r"must be a whole number of at least 1\. Received: shards=2.5"),
        ({"shards": 1375}, r"at most the number of training examples, 1374\. Rec.*shards=1375"),
        ({"path": "full"}, r"must be a folder that is empty or not there\. Received: 'full'"),
        ({"path": "full/one"}, r"must be a folder that is empty or not there"),
        ({"path": "foo://bucket/x"}, r"could not be written: TensorFlow says .File system scheme"),
        ({"path": "full/one/more"}, r"full/one' could not be written: a file of that name is in"),
        ({"name": "dates"}, r"must be a set of images or features.*Received: 'dates'"),
        ({"name": "gym:CartPole-v1"}, r"Received: 'gym:CartPole-v1', which is of another kind"),
        ({"name": "karate_club"}, r"Received: 'karate_club', which is of another kind"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(data_dir, changes, message):
    Path("full").mkdir()
    Path("full/one").write_text("mine")
    arguments = {"name": "digits", "path": "new", "data_dir": data_dir, **changes}
    with pytest.raises(RecipeError, match=message):
        data.write(**arguments)
    assert os.listdir() == ["full"] and os.listdir("full") == ["one"]


@pytest.mark.parametrize("path", ["new", "ram://broken/new"])
def test_what_breaks_half_way_leaves_nothing(data_dir, monkeypatch, path):
    def fail(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tfds.core.DatasetInfo, "write_to_directory", fail)
    with pytest.raises(RecipeError, match=r"could not be written: .*.No space left on device."):
        data.write("digits", path, data_dir=data_dir)
    assert not tf.io.gfile.exists(path) and os.listdir() == []
