import subprocess
import sys

import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.names import resolve
from kerasrecipes.recipes.errors import RecipeError


def test_listing_imports_neither_tensorflow_nor_numpy():
    code = (
        "import sys; from kerasrecipes.recipes import data; assert len(data.names()) > 10; "
        "assert not {'tensorflow', 'keras', 'numpy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_answered_without_tensorflow():
    code = (
        "import sys; from kerasrecipes.recipes import data\n"
        "try: data.load('glyph')\n"
        "except ValueError as error: assert \"Did you mean 'glyphs'?\" in str(error)\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_of_the_table_are_plain_values():
    rows = {row.name: row for row in data.names()}
    assert rows["glyphs"].kind == "embedded" and not rows["glyphs"].needs_network
    assert rows["mnist"].kind == "public" and rows["mnist"].needs_network
    assert rows["csv:PATH#TARGET"].kind == "your own"
    assert {row.kind for row in rows.values()} == {"embedded", "public", "your own"}


@pytest.mark.parametrize(
    ("name", "kind", "rest"),
    [
        ("digits", "embedded", "digits"),
        ("glyphs/letters", "embedded", "glyphs/letters"),
        ("cifar10", "tfds", "cifar10"),
        ("tfds:glue/cola:2.0.0", "tfds", "glue/cola:2.0.0"),
        ("folder:C:/cats#96", "folder", "C:/cats#96"),
        ("npz:a.npz", "npz", "a.npz"),
        ("folder:gs://a/b", "folder", "gs://a/b"),
        ("gs://bucket/flowers/1.0.0", "prepared", "gs://bucket/flowers/1.0.0"),
        ("/shared/flowers#96", "prepared", "/shared/flowers#96"),
        ("./flowers", "prepared", "./flowers"),
        ("~/flowers", "prepared", "~/flowers"),
    ],
)
def test_names_are_resolved(name, kind, rest):
    assert resolve(name) == (kind, rest)


@pytest.mark.parametrize("name", ["", "nope", "s3:bucket", "Digits", "letters"])
def test_unknown_names_say_what_exists(name):
    with pytest.raises(RecipeError, match=r"There is no data set .* Known are digits, glyphs"):
        resolve(name)


def test_a_prefix_alone_is_no_name():
    with pytest.raises(RecipeError, match=r"must go on after the colon, as in 'csv:PATH#TARGET'"):
        resolve("csv:")


def test_a_name_is_a_text():
    with pytest.raises(RecipeError, match=r"must be a text. Received: None"):
        data.load(None)


def test_submodules_do_not_hide_the_functions():
    from kerasrecipes.recipes.data import loading, names

    assert callable(data.names) and names is data.names
    assert data.load is loading.load
    with pytest.raises(AttributeError):
        data.nothing  # noqa: B018
