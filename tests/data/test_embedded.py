import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from sklearn import datasets as bundled

from kerasrecipes.recipes import data


def rows(inputs, targets):
    """The examples as a sorted list of bytes: equal if the same examples are there."""
    return sorted(x.tobytes() + y.tobytes() for x, y in zip(inputs, targets, strict=True))


def test_digits_are_those_of_scikit_learn(data_dir, together):
    splits = data.load("digits", data_dir=data_dir)
    inputs, targets = together(splits)
    truth = bundled.load_digits()
    images = np.round(truth.images / 16 * 255).astype(np.uint8)[..., np.newaxis]
    assert rows(inputs, targets) == rows(images, truth.target.astype(np.int64))
    assert inputs.dtype == np.uint8 and inputs.max() == 255
    assert (splits.inputs.name, splits.input_shape, splits.num_classes) == ("image", (8, 8, 1), 10)


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_tables_are_those_of_scikit_learn(name, data_dir, together):
    splits = data.load(name, data_dir=data_dir)
    truth = getattr(bundled, f"load_{name}")()
    assert rows(*together(splits)) == rows(
        truth.data.astype(np.float32), truth.target.astype(np.int64)
    )
    assert splits.feature_names == tuple(truth.feature_names)
    assert splits.class_names == tuple(truth.target_names)
    assert (splits.inputs.name, splits.inputs.dtype) == ("features", "float32")


def test_diabetes_is_raw(data_dir, together):
    splits = data.load("diabetes", data_dir=data_dir)
    inputs, targets = together(splits)
    truth = bundled.load_diabetes(scaled=False)
    assert rows(inputs, targets) == rows(
        truth.data.astype(np.float32), truth.target.astype(np.float32)
    )
    assert splits.class_names is None and splits.num_classes is None
    assert inputs[:, 0].min() == 19 and inputs[:, 0].max() == 79  # years of age


def test_least_squares_finds_the_line(data_dir):
    train = data.load("line", data_dir=data_dir).train
    slope, intercept = np.polyfit(train.inputs[:, 0].astype(float), train.targets, 1)
    assert slope == pytest.approx(2, abs=0.005)
    assert intercept == pytest.approx(-1, abs=0.005)
    assert np.std(train.targets - (2 * train.inputs[:, 0] - 1)) == pytest.approx(0.02, rel=0.1)


def test_tfds_loads_them_by_name(data_dir):
    data.fetch("wine", data_dir=data_dir)
    dataset = tfds.load("wine", split="train", as_supervised=True, data_dir=data_dir)
    assert len(dataset) == 178


def test_importing_the_package_registers_them():
    code = (
        "import kerasrecipes.recipes.data.embedded, tensorflow_datasets as tfds; "
        "assert {'digits', 'glyphs', 'line'} <= set(tfds.list_builders())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_our_names_are_not_taken_in_the_catalogue_of_tfds():
    import pkgutil

    import tensorflow_datasets.datasets as catalogue

    taken = {module.name for module in pkgutil.iter_modules(catalogue.__path__)}
    ours = {row.name.split("/")[0] for row in data.names() if row.kind == "embedded"}
    assert not ours & taken


def test_embedded_sets_state_their_origin(data_dir):
    for name in ("digits", "wine", "line"):
        splits = data.load(name, data_dir=data_dir)
        assert splits.licence and splits.source.startswith("https://")


def test_a_second_load_is_the_same(data_dir):
    first, second = (data.load("digits", data_dir=data_dir) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(first.train.inputs, second.train.inputs)


def test_info_and_fetch(data_dir):
    told = data.info("wine", data_dir=data_dir)
    assert told["num_examples"] == {"train": 136, "validation": 15, "test": 27}
    assert told["feature_names"][0] == "alcohol" and "178 wines" in told["description"]
    assert (data.fetch("wine", data_dir=data_dir) / "dataset_info.json").is_file()
    with pytest.raises(ValueError, match=r"is made from what is here: there is nothing to fetch"):
        data.fetch("csv:a.csv#b")
