import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.errors import RecipeError


@pytest.fixture
def load(tmp_path):
    def load(**arrays):
        np.savez(tmp_path / "arrays.npz", **arrays)
        return data.load(f"npz:{tmp_path / 'arrays.npz'}")

    return load


def labels(num_examples=20):
    return np.arange(num_examples) % 2


def test_two_axes_are_features(load, together):
    x = np.random.default_rng(0).normal(size=(20, 3))
    splits = load(x=x, y=labels())
    assert (splits.inputs.name, splits.input_shape) == ("features", (3,))
    inputs, targets = together(splits)
    order = np.argsort(inputs[:, 0])
    np.testing.assert_array_equal(inputs[order], x[np.argsort(x[:, 0])].astype(np.float32))
    np.testing.assert_array_equal(targets[order], labels()[np.argsort(x[:, 0])])
    assert splits.class_names == ("0", "1")


def test_three_axes_are_images_without_their_channel(load):
    splits = load(x=np.zeros((20, 5, 4), np.uint8), y=labels())
    assert (splits.inputs.name, splits.input_shape) == ("image", (5, 4, 1))
    assert splits.train.inputs.dtype == np.uint8 and splits.inputs.dtype == "uint8"


def test_images_of_other_types_become_float32(load):
    splits = load(x=np.full((20, 5, 4, 3), 0.5), y=labels())
    assert splits.train.inputs.dtype == np.float32 and splits.inputs.dtype == "float32"


def test_given_splits_are_kept(load):
    x = {
        f"x_{split}": np.full((n, 2), n)
        for split, n in {"train": 20, "validation": 6, "test": 4}.items()
    }
    splits = load(**x, y_train=labels(20), y_validation=labels(6), y_test=labels(4)[:, np.newaxis])
    assert splits.describe()["num_examples"] == {"train": 20, "validation": 6, "test": 4}
    assert (splits.test.inputs == 4).all() and splits.notes == ()


def test_floats_are_real_values_and_texts_are_classes(load):
    assert load(x=np.zeros((20, 2)), y=np.linspace(0, 1, 20)).class_names is None
    named = load(x=np.zeros((20, 2)), y=np.array(["b", "a"] * 10))
    assert named.class_names == ("a", "b")
    assert set(named.train.targets) == {0, 1}


def test_python_objects_are_never_unpickled(load):
    with pytest.raises(RecipeError, match=r"must be an npz file of plain arrays"):
        load(x=np.zeros((20, 2)), y=np.array([{"a": 1}] * 20, dtype=object))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 2))}, r"Received: x. Add y"),
        ({"a": np.zeros(3)}, r"Received: a. Add x_train, y_train, x_test, y_test"),
        ({"x": np.zeros(4), "y": labels(4)}, r"Array x .* Received: float64 of shape \(4,\)"),
        ({"x": np.zeros((4, 2)), "y": np.zeros((4, 3))}, r"Array y .* of shape \(4, 3\)"),
        ({"x": np.zeros((4, 2)), "y": np.arange(4) + 5000}, r"must lie in \[0, 1000\)"),
        ({"x": np.full((20, 2), np.nan), "y": labels()}, r"must be finite. Received: nan"),
        ({"x": np.zeros((20, 2)), "y": labels() - 1}, r"must lie in \[0, 1\). Received: -1"),
        ({"x": np.zeros((20, 2)), "y": labels() * 0}, r"at least 2 classes"),
        ({"x": np.zeros((19, 2)), "y": labels()}, r"Received: 19 inputs, 20 targets"),
    ],
)
def test_faults_are_named(load, arrays, message):
    with pytest.raises(RecipeError, match=message):
        load(**arrays)


def test_splits_of_different_shapes_or_types_are_refused(load):
    given = {"x_train": np.zeros((20, 2)), "y_train": labels(), "y_test": labels()}
    with pytest.raises(RecipeError, match=r"must be alike. Received: float32 of \(2,\) in train"):
        load(**given, x_test=np.zeros((20, 3)))
    given["y_test"] = labels() * 0.5
    with pytest.raises(RecipeError, match=r"must be of one type"):
        load(**given, x_test=np.zeros((20, 2)))


def test_unseen_classes_are_refused(load):
    given = {"x_train": np.zeros((20, 2)), "x_test": np.zeros((20, 2))}
    with pytest.raises(RecipeError, match=r"the test split .* \[0, 2\). Received: 2 in example 0"):
        load(**given, y_train=labels(), y_test=labels() + 2)
    with pytest.raises(RecipeError, match=r"among those of train. Received: 'c'"):
        load(**given, y_train=np.array(["a", "b"] * 10), y_test=np.array(["a", "c"] * 10))


def test_a_missing_file_and_one_of_another_kind(tmp_path):
    with pytest.raises(RecipeError, match=r"must be a file. Received: no file"):
        data.load(f"npz:{tmp_path / 'no.npz'}")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(RecipeError, match=r"must be an npz file of plain arrays"):
        data.load(f"npz:{tmp_path / 'text.npz'}")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(RecipeError, match=r"must be an npz file of plain arrays"):
        data.load(f"npz:{tmp_path / 'one.npy'}")
