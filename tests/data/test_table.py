import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.readers import table
from kerasrecipes.recipes.errors import RecipeError


@pytest.fixture
def load(tmp_path):
    def load(text, target="y"):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return table.read(f"{path}#{target}", f"csv:{path}#{target}")

    return load


def test_numbers_and_text_classes(load):
    source = load("a,y,b\n1,no,2.5\n3,yes,-4e1\n5,no,6\n7,yes,8\n")
    assert source.feature_names == ("a", "b") and source.inputs.shape == (2,)
    np.testing.assert_array_equal(source.train.inputs, [[1, 2.5], [3, -40], [5, 6], [7, 8]])
    assert source.train.inputs.dtype == np.float32
    assert source.class_names == ("no", "yes")
    assert source.train.targets.tolist() == [0, 1, 0, 1]
    assert source.train.targets.dtype == np.int64


def test_whole_numbers_of_few_values_are_classes_in_numeric_order(load):
    source = load("a,y\n" + "".join(f"{i},{y}\n" for i, y in enumerate([10, 9, 2, 10, 9, 2])))
    assert source.class_names == ("2", "9", "10")
    assert source.train.targets.tolist() == [2, 1, 0, 2, 1, 0]
    assert "3 distinct whole numbers taken as classes" in source.notes[0]


def test_decimals_are_real_values(load):
    source = load("a,y\n1,2.0\n2,3.0\n3,2.0\n4,3.0\n")
    assert source.class_names is None
    assert source.train.targets.tolist() == [2, 3, 2, 3]
    assert source.train.targets.dtype == np.float32


def test_whole_numbers_of_many_values_are_real_values(load):
    source = load("a,y\n" + "".join(f"{i},{i % 60}\n" for i in range(600)))
    assert source.class_names is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_separators_and_a_byte_order_mark(load, delimiter):
    text = "a,y\n1,u\n2,v\n3,u\n4,v\n".replace(",", delimiter)
    assert load(b"\xef\xbb\xbf" + text.encode()).feature_names == ("a",)


def test_quotes_empty_lines_and_windows_line_ends(load):
    source = load('a,"b, c",y\r\n1,2,"x, y"\r\n\r\n3,4,z\r\n5,6,z\r\n7,8,"x, y"\r\n')
    assert source.feature_names == ("a", "b, c")
    assert source.class_names == ("x, y", "z")
    assert source.train.inputs.shape == (4, 2)


def test_tables_load_and_are_carved(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3))
    lines = [f"{a},{b},{c},{'up' if a > 0 else 'down'}" for a, b, c in rows]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,way", *lines]))
    splits = data.load(f"csv:{tmp_path / 't.csv'}#way")
    assert (splits.inputs.name, splits.inputs.dtype) == ("features", "float32")
    assert splits.describe()["num_examples"] == {"train": 153, "validation": 17, "test": 30}
    assert ((splits.test.inputs[:, 0] > 0) == (splits.test.targets == 1)).all()


def test_a_long_table_is_read_in_blocks(load, monkeypatch):
    monkeypatch.setattr(table, "_NUM_ROWS_AT_ONCE", 7)
    source = load("a,y\n" + "".join(f"{i},{i}.5\n" for i in range(100)))
    np.testing.assert_array_equal(source.train.inputs[:, 0], np.arange(100))
    np.testing.assert_array_equal(source.train.targets, np.arange(100) + 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,y\n1,u\n2\n", r"Line 3 .* must have 2 cells, as its header. Received: 1"),
        ("a,y\n1,u\n2,v,w\n", r"Line 3 .* must have 2 cells, as its header. Received: 3"),
        ("a,y\n1,u\nx7,v\n", r"Line 3, column 'a' .* must be a number. Received: 'x7'"),
        ("a,y\n1,u\n\nx7,v\n", r"Line 4, column 'a' .* must be a number. Received: 'x7'"),
        ("a,y\n1,u\n,v\n", r"Line 3, column 'a' .* must be a number. Received: an empty cell"),
        ("a,y\nnan,u\n2,v\n", r"Line 2, column 'a' .* finite.* Received: 'nan'"),
        ("a,y\n1,u\n-inf,v\n", r"Line 3, column 'a' .* finite.* Received: '-inf'"),
        ("a,y\n1,u\n1e39,v\n", r"Line 3, column 'a' .* a float32. Received: '1e39'"),
        ("a,y\n1,u\n2,\n", r"Line 3, column 'y' .* a number. Received: an empty cell"),
        ("a,y\n1,1.5\n2,inf\n", r"Line 3, column 'y' .* finite.* Received: 'inf'"),
        ("a,y\n1,1.5\n2,2.5\n3,oops\n", r"Line 4, column 'y' .* a number. Received: 'oops'"),
        ("a,y\n", r"must hold rows below its header. Received: none"),
        ("", r"must begin with a header. Received: no text"),
        ("a,a,y\n1,2,u\n", r"must have different names. Received: 2 columns 'a'"),
        ("y\nu\n", r"must have a column beside its target. Received: only 'y'"),
        ("a,y\n1,u\n2,v\n3,w\n4,x\n", r"each class at least twice. Received: 4 different texts"),
        (b"a,y\n1,\xe9\n", r"must be text in UTF-8"),
        ('a,y\n1,"u\n', r"must be a CSV file"),
    ],
)
def test_faults_are_named_by_line_and_column(load, text, message):
    with pytest.raises(RecipeError, match=message):
        load(text)


def test_a_missing_column_has_near_names(load):
    with pytest.raises(
        RecipeError,
        match=r"no column 'qualty'. Did you mean 'quality'\? Its columns are acid, quality",
    ):
        load("acid,quality\n1,2\n", target="qualty")


def test_a_missing_file_and_a_missing_target(tmp_path):
    with pytest.raises(RecipeError, match=r"must be a file. Received: no file"):
        data.load(f"csv:{tmp_path / 'no.csv'}#y")
    with pytest.raises(RecipeError, match=r"must end with '#' and the target's column"):
        data.load(f"csv:{tmp_path / 'no.csv'}")


def test_one_class_only(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "1,u\n" * 10)
    with pytest.raises(RecipeError, match=r"at least 2 classes in training. Received: only 'u'"):
        data.load(f"csv:{tmp_path / 't.csv'}#y")
