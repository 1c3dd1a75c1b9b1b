import logging
import time

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import reach
from kerasrecipes.recipes.data.readers import builders, examples
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.errors import RecipeError

PUBLIC = {
    "mnist": ((28, 28, 1), 10),
    "fashion_mnist": ((28, 28, 1), 10),
    "kmnist": ((28, 28, 1), 10),
    "cifar10": ((32, 32, 3), 10),
    "cifar100": ((32, 32, 3), 100),
    "tfds:cifar10": ((32, 32, 3), 10),
    "tfds:mnist_corrupted/fog:1.0.0": ((28, 28, 1), 10),
    "tfds:iris": ((4,), 3),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_sets_load_from_mock_data(name, no_network):
    shape, num_classes = PUBLIC[name]
    with tfds.testing.mock_data(num_examples=40):
        splits = data.load(name)
    assert (splits.input_shape, splits.num_classes) == (shape, num_classes)
    counts = [s.num_examples for s in (splits.train, splits.validation, splits.test)]
    assert counts == [36, 4, 40]
    assert splits.train.inputs.shape == (36, *shape)
    assert splits.train.inputs.dtype == splits.inputs.dtype
    assert splits.train.targets.dtype == np.int64


def test_features_by_name_become_a_vector(no_network):
    with tfds.testing.mock_data(num_examples=40):
        splits = data.load("tfds:wine_quality")
    assert splits.input_shape == (11,) and "alcohol" in splits.feature_names
    assert splits.class_names is None and splits.train.targets.dtype == np.float32


@pytest.mark.parametrize("name", ["mnist", "cifar100", "tfds:titanic", "tfds:food101"])
def test_without_a_network_the_answer_comes_at_once(name, tmp_path, silent_hosts):
    start = time.monotonic()
    with pytest.raises(RecipeError) as error:
        data.load(name, data_dir=tmp_path)
    assert time.monotonic() - start < 2
    assert str(error.value) == (
        f"Data set {name!r} is not on this machine and its host cannot be reached. Fetch it where "
        f"there is a network with `kerasrecipes data fetch {name}`, or train on 'glyphs', which "
        "needs none."
    )
    assert not list(tmp_path.iterdir())


def test_sets_without_addresses_are_answered_at_once_too(tmp_path, no_network):
    with pytest.raises(RecipeError, match=r"its host cannot be reached"):
        data.fetch("tfds:wine_quality", data_dir=tmp_path)


def test_where_there_is_a_network_the_download_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(reach, "unreachable", lambda urls: [])

    def fail(self, **_):
        raise ConnectionError("reset by peer\nand much more")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(
        RecipeError, match=r"'mnist' could not be prepared: ConnectionError, reset by peer\.$"
    ):
        data.fetch("mnist", data_dir=tmp_path)


def test_files_to_be_fetched_by_hand_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(reach, "unreachable", lambda urls: [])
    with pytest.raises(RecipeError, match=r"could not be prepared.*It asks for files by hand: man"):
        data.load("tfds:imagenet2012", data_dir=tmp_path)


def test_unknown_sets_have_near_names():
    with pytest.raises(RecipeError) as error:
        data.load("tfds:mnits")
    assert "no set 'mnits'. Did you mean 'mnist'" in str(error.value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("name", ["tfds:cifar10_1/v9", "tfds:mnist:9.9.9", "tfds:mnist/no"])
def test_unknown_configurations_and_versions_say_what_exists(name, tmp_path):
    with pytest.raises(RecipeError, match=r"must name a configuration and version that exist"):
        data.load(name, data_dir=tmp_path)


@pytest.mark.parametrize("name", ["tfds:fashion-mnist", "tfds:a/b/c/d", "tfds:huggingface:x"])
def test_malformed_names_are_not_found(name, tmp_path):
    with pytest.raises(RecipeError, match=r"TensorFlow Datasets has no set"):
        data.load(name, data_dir=tmp_path)


def test_nothing_half_written_stays(tmp_path):
    with pytest.raises(
        RecipeError, match=r"'tfds:broken' could not be prepared: OSError, the disk"
    ):
        data.load("tfds:broken", data_dir=tmp_path)
    assert not list(tmp_path.rglob("*.tfrecord*"))


def test_preparing_prints_nothing_to_standard_output(tmp_path, capsys):
    data.fetch("line", data_dir=tmp_path)
    assert capsys.readouterr().out == ""


def test_asking_is_quiet(tmp_path, no_network, caplog):
    with caplog.at_level(logging.WARNING), pytest.raises(RecipeError):
        data.load("mnist", data_dir=tmp_path)
    assert not caplog.records


def test_images_of_varying_size_are_resized(tmp_path):
    splits = data.load("tfds:photos", data_dir=tmp_path)
    assert splits.input_shape == (96, 96, 3) and splits.train.inputs.dtype == np.uint8
    assert set(np.unique(splits.train.inputs)) == {100, 200}
    assert any("images resized to 96x96" in note for note in splits.notes)
    assert splits.validation.num_examples == 8  # as tfds has it
    assert splits.test.num_examples == 6  # 15 % of 40
    small = data.load("tfds:photos#16x24", data_dir=tmp_path)
    assert small.input_shape == (16, 24, 3)


def test_sets_that_are_no_pairs_are_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"Targets of data set 'tfds:captions' .* Received: Text"):
        data.load("tfds:captions", data_dir=tmp_path)
    with pytest.raises(RecipeError, match=r"can only be resized if it holds images"):
        data.load("tfds:line#16", data_dir=tmp_path)


def test_a_stream_gives_the_examples_that_arrays_hold(data_dir):
    indexed = data.load("digits", data_dir=data_dir)
    streamed = data.load("digits", data_dir=data_dir, memory_limit=1000)
    assert isinstance(streamed.train, StreamedSplit)
    seen = []
    for split in ("train", "validation", "test"):
        found = getattr(streamed, split)
        pairs = [(x.tobytes(), int(y)) for x, y in found.dataset.as_numpy_iterator()]
        assert len(pairs) == found.num_examples == int(found.dataset.cardinality())
        assert pairs == [(x.tobytes(), int(y)) for x, y in found.dataset.as_numpy_iterator()]
        seen += pairs
    held = [
        (x.tobytes(), int(y))
        for split in (indexed.train, indexed.validation, indexed.test)
        for x, y in zip(split.inputs, split.targets, strict=True)
    ]
    assert sorted(seen) == sorted(held)
    assert streamed.notes == (
        "test: the last 270 examples of what was train",
        "validation: the last 153 examples of what was train",
    )


def test_a_test_split_is_streamed_in_the_order_of_the_array(glyphs, data_dir):
    streamed = data.load("glyphs", data_dir=data_dir, memory_limit=0)
    images, labels = next(streamed.test.dataset.batch(500).as_numpy_iterator())
    np.testing.assert_array_equal(images, glyphs.test.inputs[:500])
    np.testing.assert_array_equal(labels, glyphs.test.targets[:500])
    assert streamed.train.num_examples == 54_000
    spec = streamed.train.dataset.element_spec
    assert spec[0].shape == (28, 28, 1) and spec[0].dtype == tf.uint8


def test_streams_have_a_fingerprint_of_their_own(data_dir):
    first, again = (data.load("digits", data_dir=data_dir, memory_limit=0) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    other = data.load("wine", data_dir=data_dir, memory_limit=0)
    assert other.fingerprint != first.fingerprint


def test_reading_in_batches_gives_what_tfds_gives(data_dir):
    """The fast path against tfds's own decoding."""
    for name in ("digits", "diabetes"):
        data.fetch(name, data_dir=data_dir)
        builder = builders.find(name, name, data_dir)
        pairs = examples.describe(builder, name)
        parse = examples.records.parser(builder, pairs)
        fast = examples.records.read(examples.records.files(builder, "train"), parse, pairs)
        truth = list(
            tfds.as_numpy(
                builder.as_dataset(
                    split="train",
                    as_supervised=True,
                    read_config=tfds.ReadConfig(interleave_cycle_length=1),
                )
            )
        )
        np.testing.assert_array_equal(fast.inputs, np.stack([x for x, _ in truth]))
        np.testing.assert_array_equal(fast.targets, np.stack([y for _, y in truth]))
