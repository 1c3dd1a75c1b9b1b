"""Texts: what is read from files, and that batches are streams and windows count each character."""

import numpy as np
import pytest

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data import characters
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.readers import text
from kerasrecipes.recipes.data.text_split import TextSplit
from kerasrecipes.recipes.errors import RecipeError

STORY = "".join(f"Once upon a time there were {n} bears.\n" for n in range(200))


@pytest.fixture
def story(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text(STORY, "utf-8")
    return path


def joined(splits):
    ids = np.concatenate([s.ids for s in (splits.train, splits.validation, splits.test)])
    return characters.decode(ids, splits.vocabularies["text"])


def test_a_file_comes_back_from_its_ids(story):
    splits = data.load(f"text:{story}")
    assert joined(splits) == STORY
    assert splits.vocabularies["text"] == ("<unknown>", *sorted(set(STORY)))
    assert [len(splits.train.ids), len(splits.validation.ids)] == [
        int(len(STORY) * 0.9),
        int(len(STORY) * 0.95) - int(len(STORY) * 0.9),
    ]
    assert splits.train.ids.dtype == np.uint8


def test_the_vocabulary_is_that_of_the_training_part(tmp_path):
    path = tmp_path / "new.txt"
    path.write_text(STORY + "ß" * 10, "utf-8")
    splits = data.load(f"text:{path}")
    assert "ß" not in splits.vocabularies["text"]
    assert (splits.test.ids[-10:] == characters.UNKNOWN).all()


def test_a_folder_is_joined_in_the_order_of_its_paths(tmp_path):
    (tmp_path / "books" / "b").mkdir(parents=True)
    (tmp_path / "books" / "c.txt").write_text(STORY, "utf-8")
    (tmp_path / "books" / "b" / "1.txt").write_text("First.", "utf-8-sig")
    (tmp_path / "books" / "notes.md").write_text("not read", "utf-8")
    assert joined(data.load(f"text:{tmp_path / 'books'}")) == "First.\n" + STORY


def test_characters_across_chunks_are_whole(tmp_path, monkeypatch):
    path = tmp_path / "umlauts.txt"
    path.write_text("aäöü€\n" * 400, "utf-8")
    whole = data.load(f"text:{path}")
    monkeypatch.setattr(text, "_CHUNK", 5)
    pieces = data.load(f"text:{path}")
    assert joined(pieces) == joined(whole) == "aäöü€\n" * 400
    assert pieces.fingerprint == whole.fingerprint


def test_ids_beyond_the_limit_lie_in_a_file(story, tmp_path):
    held = data.load(f"text:{story}")
    mapped = data.load(f"text:{story}", data_dir=tmp_path / "data", memory_limit=100)
    assert isinstance(mapped.train.ids, np.memmap)
    assert mapped.fingerprint == held.fingerprint
    for split in ("train", "test"):
        pairs = zip(
            getattr(held, split).ordered(3).as_numpy_iterator(),
            getattr(mapped, split).ordered(3).as_numpy_iterator(),
            strict=True,
        )
        for here, there in pairs:
            np.testing.assert_array_equal(here, there)
    streams = [
        next(training_batches(splits.train, 3, seed=1).as_numpy_iterator())
        for splits in (held, mapped)
    ]
    np.testing.assert_array_equal(*streams)


def test_more_than_256_characters_take_two_bytes(tmp_path):
    path = tmp_path / "wide.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 2_500))), "utf-8")
    splits = data.load(f"text:{path}")
    assert splits.train.ids.dtype == np.uint16
    assert len(splits.vocabularies["text"]) == 2_251


def test_one_changed_character_changes_the_fingerprint(story):
    before = data.load(f"text:{story}").fingerprint
    story.write_text(STORY[:-2] + "!\n", "utf-8")
    assert data.load(f"text:{story}").fingerprint != before


def test_pydoc_text_is_english_without_repeats():
    splits = data.load("pydoc_text")
    written = joined(splits)
    assert 300_000 < len(written) < 600_000
    assert written.count(" ") > 50_000 and '"while" statement' in written
    paragraphs = [" ".join(p.split()) for p in written.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs)
    assert any("SHA-256" in note for note in splits.notes)


def test_rows_go_on_where_they_ended_and_into_the_next_stream():
    split = TextSplit(ids=np.arange(250, dtype=np.uint8), length=8)
    batches = training_batches(split, 3, seed=4).as_numpy_iterator()
    starts = []
    for _ in range(40):
        inputs, targets = next(batches)
        assert inputs.shape == targets.shape == (3, 8)
        # The text counts up, a ring of 250.
        assert ((targets - inputs) % 250 == 1).all()
        starts.append(inputs[:, 0])
    starts = np.array(starts)
    assert ((np.diff(starts, axis=0) % 250) == 8).all()
    # The streams lie 250 // 3 apart, and one runs on into the next.
    assert ((np.diff(starts, axis=1) % 250) == 83).all()


def test_a_batch_is_a_function_of_seed_and_step():
    split = TextSplit(ids=np.random.default_rng(0).integers(0, 99, 500).astype(np.uint8), length=8)

    def batch(step, seed=0):
        return next(training_batches(split, 4, seed=seed, first_step=step).as_numpy_iterator())

    stream = training_batches(split, 4, seed=0).as_numpy_iterator()
    for step in range(50):
        expected = next(stream)
        if step in (0, 1, 14, 15, 16, 49):  # 15 steps an epoch
            np.testing.assert_array_equal(batch(step), expected)
    assert (batch(0)[0] != batch(0, seed=1)[0]).any()


@pytest.mark.parametrize("num_characters", [2, 65, 257, 258, 449, 450, 1_000])
def test_windows_count_each_character_but_the_first_once(num_characters):
    ids = np.random.default_rng(0).integers(1, 99, num_characters).astype(np.uint8)
    split = TextSplit(ids=ids)
    inputs, targets = split.examples(range(split.num_examples))
    np.testing.assert_array_equal(targets[targets >= 0], ids[1:])
    np.testing.assert_array_equal(split.targets, targets)
    # What is counted behind the first window has 64 characters in front of it.
    assert (targets[1:, :64] == -1).all()
    rows, columns = np.nonzero(targets[:, :-1] >= 0)
    follows = columns + 1 < 256
    known = targets[rows, columns + 1] >= 0
    np.testing.assert_array_equal(
        inputs[rows, columns + 1][known & follows], targets[rows, columns][known & follows]
    )
    batches = list(split.ordered(2).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([b[0] for b in batches]), inputs)
    np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), targets)


def test_the_first_windows_are_a_split():
    split = TextSplit(ids=np.random.default_rng(0).integers(0, 99, 1_000).astype(np.uint8))
    first = split.first(2)
    assert first.num_examples == 2
    np.testing.assert_array_equal(first.examples([0, 1])[1], split.examples([0, 1])[1])


def test_encoding_and_decoding_are_each_other_s_inverse():
    vocabulary = ("<unknown>", *sorted(set(STORY)))
    assert characters.decode(characters.encode(STORY, vocabulary), vocabulary) == STORY


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "latin.txt",
            b"fine\nGr\xfc\xdfe\n",
            r"must be UTF-8. Received: byte 0xfc at offset 7, li",
        ),
        ("short.txt", b"too short", "must hold at least 2,000 characters of text. Received: 9"),
    ],
)
def test_bad_files_are_told_where(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=words):
        data.load(f"text:{tmp_path / name}")


def test_the_byte_that_is_not_utf8_is_found_behind_the_first_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK", 64)
    content = STORY.encode() + b"\xff"
    (tmp_path / "late.txt").write_bytes(content)
    words = f"byte 0xff at offset {len(content) - 1}, line 201"
    with pytest.raises(RecipeError, match=words):
        data.load(f"text:{tmp_path / 'late.txt'}")


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("nowhere.txt", "must be a text file or a folder of .txt files. Received: neither"),
        (".", "Received: a folder without .txt files"),
        ("story.txt#x", "must end with '#' and a number of characters a row"),
    ],
)
def test_bad_names_are_told(rest, words):
    with pytest.raises(RecipeError, match=words):
        data.load(f"text:{rest}")


def test_rows_can_be_longer(story):
    splits = data.load(f"text:{story}#100")
    inputs, _ = next(training_batches(splits.train, 3, seed=0).as_numpy_iterator())
    assert inputs.shape == (3, 100)


def test_a_batch_larger_than_the_text_is_told(story):
    with pytest.raises(RecipeError, match="`batch_size` times 64 characters a row"):
        data.load(f"text:{story}").train.steps_per_epoch(1_000)
