"""The names that `load` knows: a literal table, so that listing it needs no TensorFlow."""

from __future__ import annotations

import dataclasses

from ..errors import RecipeError, near_names


@dataclasses.dataclass(frozen=True)
class DataName:
    """One row of the table of data sets.

    Attributes:
        name: str, what `load` takes; the words in capitals are to be filled in.
        kind: "embedded", "public" or "your own".
        description: str, one line.
        licence: str, "" where the source states none.
        needs_network: bool, whether the first use downloads.
    """

    name: str
    kind: str
    description: str
    licence: str = ""
    needs_network: bool = False


_FONTS = "Bitstream Vera, STIX and BaKoMa font licences"
_UCI = "CC BY 4.0"

_TABLE = (
    DataName("digits", "embedded", "1,797 handwritten digits, 8x8x1, 10 classes", _UCI),
    DataName(
        "glyphs", "embedded", "70,000 digits drawn from fonts, 28x28x1, new test fonts", _FONTS
    ),
    DataName("glyphs/letters", "embedded", "69,966 letters A to Z, drawn like glyphs", _FONTS),
    DataName("glyphs/digits_few", "embedded", "100 digits, ten of each, to learn from", _FONTS),
    DataName("breast_cancer", "embedded", "569 tumours, 30 features, 2 classes", _UCI),
    DataName("wine", "embedded", "178 wines, 13 features, 3 classes", _UCI),
    DataName("diabetes", "embedded", "442 patients, 10 raw features, real-valued progression"),
    DataName("line", "embedded", "1,200 synthetic points of f(x) = 2x - 1 with noise", "CC0-1.0"),
    DataName("karate_club", "embedded", "a graph of 34 members and 78 friendships, 2 clubs"),
    DataName(
        "shapes", "embedded", "2,500 drawn scenes, 64x64x3, a class for each pixel", "CC0-1.0"
    ),
    DataName("shapes/128", "embedded", "2,500 scenes like shapes, 128x128x3", "CC0-1.0"),
    DataName(
        "pydoc_text", "embedded", "373,000 characters of English, Python's documentation", "PSF-2.0"
    ),
    DataName("dates", "embedded", "23,000 written dates and the same day in ISO 8601", "CC0-1.0"),
    DataName(
        "gym:CartPole-v1", "embedded", "a pole to balance on a cart, 4 numbers, 2 actions", "MIT"
    ),
    DataName("mnist", "public", "70,000 handwritten digits, 28x28x1", "CC BY-SA 3.0", True),
    DataName("fashion_mnist", "public", "70,000 pieces of clothing, 28x28x1", "MIT", True),
    DataName("kmnist", "public", "70,000 cursive kana, 28x28x1, 10 classes", "CC BY-SA 4.0", True),
    DataName("cifar10", "public", "60,000 photographs, 32x32x3, 10 classes", "", True),
    DataName("cifar100", "public", "60,000 photographs, 32x32x3, 100 classes", "", True),
    DataName("imagenette/320px-v2#224", "public", "13,394 photographs, 10 classes", "", True),
    DataName("oxford_iiit_pet", "public", "7,349 cats and dogs with masks", "CC BY-SA 4.0", True),
    DataName(
        "ted_hrlr_translate/pt_to_en",
        "public",
        "54,781 sentences of talks, Portuguese to English",
        "",
        True,
    ),
    DataName("tfds:NAME", "public", "any labelled set of TensorFlow Datasets", "", True),
    DataName("folder:PATH", "your own", "images, one sub-folder a class; PATH#96 or PATH#96x128"),
    DataName(
        "masks:PATH", "your own", "images/ and masks/ of the same names; PATH#96 or PATH#96x128"
    ),
    DataName("csv:PATH#TARGET", "your own", "a table with a header; TARGET names its column"),
    DataName(
        "graph:PATH", "your own", "a folder with nodes.csv (id, numbers, label) and edges.csv"
    ),
    DataName(
        "gym:NAME", "your own", "any environment of gymnasium; gym:NAME#2000 for longer epochs"
    ),
    DataName("pairs:PATH", "your own", "lines of a text, a tab and its translation; or two files"),
    DataName(
        "text:PATH", "your own", "a UTF-8 file, or a folder of .txt; PATH#100 for longer rows"
    ),
    DataName("npz:PATH", "your own", "NumPy arrays x and y, or x_train, y_train, x_test, y_test"),
    DataName(
        "./PATH",
        "your own",
        "TFRecord files of `data write`; /PATH, gs://PATH, ./PATH#96",
    ),
)

# How a path begins, which without more names a folder of TFRecord files.
_PATH_BEGINS = ("/", "./", "../", "~/")

_PREFIXES = ("tfds", "folder", "masks", "csv", "npz", "graph", "gym", "pairs", "text")


def names() -> tuple[DataName, ...]:
    """Return the table of data sets, embedded ones first.

    >>> names()[0].name
    'digits'
    """
    return _TABLE


def resolve(name: str) -> tuple[str, str]:
    """Split a data name into its kind and what remains.

    Args:
        name: str, see `names`.

    Returns:
        A pair: "embedded", "tfds", "prepared" or another prefix, and the name or path behind it.

    Raises:
        RecipeError: no data set has this name.

    >>> resolve("csv:wine.csv#quality")
    ('csv', 'wine.csv#quality')
    >>> resolve("mnist")
    ('tfds', 'mnist')
    >>> resolve("gs://bucket/flowers/1.0.0")
    ('prepared', 'gs://bucket/flowers/1.0.0')
    """
    if not isinstance(name, str):
        raise RecipeError(f"The name of a data set must be a text. Received: {name!r}.")
    prefix, colon, rest = name.partition(":")
    if colon and prefix in _PREFIXES:
        if not rest:
            raise RecipeError(
                f"Data name {name!r} must go on after the colon, as in '{_form(prefix)}'."
            )
        return prefix, rest
    if name.startswith(_PATH_BEGINS) or "://" in name:
        return "prepared", name
    for row in _TABLE:
        if row.name == name:
            return ("embedded" if row.kind == "embedded" else "tfds"), name
    known = [row.name for row in _TABLE if row.name.islower()]
    own = ", ".join(repr(row.name) for row in _TABLE if row.kind == "your own")
    raise RecipeError(
        f"There is no data set {name!r}.{near_names(name, known)} Known are {', '.join(known)}; "
        f"other public sets are 'tfds:NAME', your own files {own}."
    )


def licence_of(name: str) -> str:
    """Return the licence that the table states for a name, "" where it states none."""
    return next((row.licence for row in _TABLE if row.name == name), "")


def _form(prefix):
    return next(row.name for row in _TABLE if row.name.startswith(f"{prefix}:"))
