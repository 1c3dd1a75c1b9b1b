import datetime
import re

import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import tokens
from kerasrecipes.recipes.data.readers import dates
from kerasrecipes.recipes.errors import RecipeError


@pytest.fixture(scope="module")
def splits():
    return data.load("dates")


@pytest.fixture(scope="module")
def pairs():
    return dates.pairs()


# How the standard library reads what our ways write.
CODES = {"{d}": "%d", "{dd}": "%d", "{mm}": "%m", "{month}": "%B", "{mon}": "%b", "{y}": "%Y"}
CODES |= {"{weekday}": "%A", "{wd}": "%a", "{th}": "%d"}


@pytest.mark.parametrize("way", dates.WAYS)
def test_the_standard_library_reads_the_same_day(way):
    code = re.sub(r"\{\w+\}", lambda field: CODES[field[0]], way)
    for date in (
        datetime.date(1987, 5, 3),
        datetime.date(2024, 2, 29),
        datetime.date(1911, 11, 11),
    ):
        text = dates.written(date, way)
        without_ending = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text)
        assert datetime.datetime.strptime(without_ending, code).date() == date


def test_endings_of_the_days():
    endings = {day: dates.written(datetime.date(2000, 1, day), "{th}") for day in range(1, 32)}
    irregular = {1: "1st", 2: "2nd", 3: "3rd", 21: "21st", 22: "22nd", 23: "23rd", 31: "31st"}
    assert endings == {day: irregular.get(day, f"{day}th") for day in range(1, 32)}


def test_no_two_ways_to_read_one_text():
    texts = {}
    for day in range(2000):
        date = dates.FIRST + datetime.timedelta(day)
        for way in dates.WAYS:
            for case in (str, str.lower, str.upper):
                assert texts.setdefault(case(dates.written(date, way)), date) == date


def test_tested_days_were_never_trained_on(pairs):
    days = {split: {iso for _, iso in found} for split, found in pairs.items()}
    assert {split: len(found) for split, found in days.items()} == dates.NUM_PAIRS
    assert not days["train"] & (days["validation"] | days["test"])
    assert not days["validation"] & days["test"]


def test_every_way_and_every_century_is_trained(pairs):
    shapes = {
        re.sub(r"[a-z]+", "a", re.sub(r"\d", "0", text.lower())) for text, _ in pairs["train"]
    }
    expected = {
        re.sub(r"[a-z]+", "a", re.sub(r"\d", "0", dates.written(date, way).lower()))
        for way in dates.WAYS
        for date in (datetime.date(2000, 5, 5), datetime.date(2000, 5, 15))
    }
    assert shapes == expected
    assert {iso[:2] for _, iso in pairs["test"]} == {"19", "20"}


def test_the_same_seed_gives_the_same_pairs(pairs):
    assert dates.pairs() == pairs
    assert dates.pairs(seed=1) != pairs
    # A change of what the recipes' figures were measured on must be meant.
    assert pairs["test"][0] == ("24 SEPTEMBER 2069", "2069-09-24")


def test_the_arrays_say_what_the_texts_say(splits, pairs):
    vocabularies = splits.vocabularies
    inputs, targets = splits.test.examples([0, 7])
    assert splits.input_shape == {"source": (None,), "target": (None,)}
    for row, (text, iso) in enumerate((pairs["test"][0], pairs["test"][7])):
        assert tokens.decode(inputs["source"][row], vocabularies["source"]) == text
        assert tokens.decode(targets[row], vocabularies["target"]) == iso
        assert inputs["target"][row].tolist() == [tokens.START, *targets[row][:-1]]
        assert targets[row].tolist().index(tokens.END) == len(iso)


def test_padding_is_not_a_target(splits):
    inputs, targets = splits.train.inputs, splits.train.targets
    assert targets.shape == inputs["target"].shape == (20_000, 11)
    lengths = (inputs["source"] != tokens.PADDING).sum(axis=1)
    assert lengths.min() < lengths.max() == inputs["source"].shape[1]
    assert (targets != tokens.PADDING).all()  # -1 where there is nothing


def test_unknown_characters_become_the_unknown_token(splits):
    vocabulary = splits.vocabularies["source"]
    ids = tokens.spell("3 мая 1987", vocabulary)
    assert ids.count(tokens.UNKNOWN) == 3
    assert tokens.decode(ids, vocabulary) == "3 \ufffd\ufffd\ufffd 1987"


# A user's own pairs.


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def made(count=40):
    return [(f"text {number}", f"{number} txet ü") for number in range(count)]


def test_a_table_of_pairs(tmp_path):
    lines = [f"{one}\t{other}" for one, other in made()]
    path = write(tmp_path / "pairs.tsv", "\n".join([*lines, lines[0], "", ""]), "utf-8-sig")
    splits = data.load(f"pairs:{path}")
    sizes = [getattr(splits, name).num_examples for name in ("train", "validation", "test")]
    assert sizes == [31, 3, 6]
    assert "1 repeated pairs taken once" in splits.notes
    found = set()
    for name in ("train", "validation", "test"):
        inputs, targets = getattr(splits, name).examples(range(3))
        for source, target in zip(inputs["source"], targets, strict=True):
            text = tokens.decode(source, splits.vocabularies["source"])
            answer = tokens.decode(target, splits.vocabularies["target"])
            found.add((text, answer.replace("\ufffd", "*")))
    assert {text for text, _ in found} <= {text for text, _ in made()}


def test_two_files(tmp_path):
    one = write(tmp_path / "a.pt", "\n".join(text for text, _ in made()) + "\r\n")
    other = write(tmp_path / "b.en", "\n".join(text for _, text in made()))
    splits = data.load(f"pairs:{one},{other}")
    assert splits.train.num_examples + splits.test.num_examples == 37
    assert "ü" in splits.vocabularies["target"] and "ü" not in splits.vocabularies["source"]


def test_subwords(tmp_path):
    lines = [f"{one} and more\t{other}  twice" for one, other in made()]
    path = write(tmp_path / "pairs.tsv", "\n".join(lines))
    splits = data.load(f"pairs:{path}#200")
    vocabulary = splits.vocabularies["source"]
    assert splits.vocabularies["target"] == vocabulary and len(vocabulary) == 200
    assert vocabulary[:4] == tokens.SPECIAL and vocabulary[-1].startswith("<unused")
    inputs, targets = splits.train.examples(range(10))
    known = set(lines)
    for source, target in zip(inputs["source"], targets, strict=True):
        line = "\t".join([tokens.decode(source, vocabulary), tokens.decode(target, vocabulary)])
        assert line in known
    # Words that are there again and again are one token.
    assert (inputs["source"] != 0).sum(axis=1).max() < len("text 10 and more") / 2
    again = data.load(f"pairs:{path}#200")
    np.testing.assert_array_equal(again.train.inputs["source"], splits.train.inputs["source"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nc d\n", r"Line 2 of '.*' must be a source, a tab and its target. Received: 0 tabs"),
        ("a\tb\nc\td\te\n", r"Line 2 .*Received: 2 tabs"),
        ("a\tb\n\nc\t \n", r"Line 3 .*Received: an empty text"),
        ("a\tb\n", r"at least 2 examples"),
    ],
)
def test_a_table_that_holds_no_pairs(tmp_path, text, message):
    with pytest.raises(RecipeError, match=message):
        data.load(f"pairs:{write(tmp_path / 'pairs.tsv', text)}")


def test_text_that_is_not_utf8(tmp_path):
    path = write(tmp_path / "pairs.tsv", "a\tb\nc\té\n", "latin-1")
    with pytest.raises(RecipeError, match=r"must be UTF-8. Received: .* at byte 6, in line 2"):
        data.load(f"pairs:{path}")


def test_two_files_of_different_lengths(tmp_path):
    one = write(tmp_path / "a.txt", "a\nb\nc\n")
    other = write(tmp_path / "b.txt", "a\nb\n")
    with pytest.raises(RecipeError, match=r"Received: 3 lines in '.*a.txt' and 2 in '.*b.txt'"):
        data.load(f"pairs:{one},{other}")
    other = write(tmp_path / "b.txt", "a\n\nc\n")
    with pytest.raises(RecipeError, match=r"Line 2 of '.*b.txt' must hold a text"):
        data.load(f"pairs:{one},{other}")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(RecipeError, match="no file 'nothing"):
        data.load("pairs:nothing.tsv")
    with pytest.raises(RecipeError, match="Received: 3 files"):
        data.load("pairs:a,b,c")
