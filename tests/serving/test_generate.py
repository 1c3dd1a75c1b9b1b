"""`kerasrecipes generate`: the text of the signature `sample`, and its mistakes."""

import dataclasses

import numpy as np
import pytest

from kerasrecipes.cli.main import main
from kerasrecipes.recipes.data.characters import decode, encode
from kerasrecipes.recipes.models.sampling import Sampler
from kerasrecipes.recipes.sequence import char_rnn
from kerasrecipes.recipes.serving import generation
from kerasrecipes.recipes.training import train


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generate")
    (folder / "story.txt").write_text("Once there were three bears.\n" * 200, "utf-8")
    recipe = dataclasses.replace(
        char_rnn.RECIPES[0],
        name="tiny",
        data=f"text:{folder / 'story.txt'}#16",
        build=lambda size: char_rnn.build(size, units=12, embedding=6),
        batch_size=4,
        epochs=1,
        learning_rate=0.02,
    )
    return train(recipe, runs=folder, saved_models=folder / "exports", progress=False)


@pytest.mark.parametrize("place", ["run", "saved_model"])
def test_it_prints_what_sample_gives(result, capsys, place):
    arguments = ["--prompt", "Once", "--length", "70", "--temperature", "0.9", "--top-k", "5"]
    assert main(["generate", str(getattr(result, place)), *arguments, "--seed", "3"]) == 0
    vocabulary = result.splits.vocabularies["text"]
    ids = Sampler(result.model).sample(
        encode("Once", vocabulary), 70, temperature=0.9, top_k=5, seed=3
    )
    assert capsys.readouterr().out == "Once" + decode(ids, vocabulary) + "\n"


def test_it_comes_in_pieces(result):
    pieces = list(generation.generate(result.saved_model, "O", length=70))
    assert [len(piece) for piece in pieces] == [32, 32, 6]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompt", "Öl"], "The prompt must be made of characters that the model was trained"),
        (["--prompt", "Öl"], "Received: 'l', 'Ö'."),
        (["--prompt", ""], "The prompt must hold at least one character. Received: none."),
        (["--prompt", "O", "--temperature", "-1"], "`temperature` must be at least 0"),
        (["--prompt", "O", "--top-k", "1000"], "`top_k` must be in [1, "),
        (["--prompt", "O", "--length", "-3"], "`length` must be at least 0"),
    ],
)
def test_a_mistake_is_one_sentence(result, capsys, arguments, words):
    assert main(["generate", str(result.run), *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err and not said.out


def test_no_model_and_no_language_model_are_told(result, capsys, tmp_path):
    assert main(["generate", str(tmp_path)]) == 2
    assert "must be the folder of a run or of a SavedModel" in capsys.readouterr().err
    other = tmp_path / "other"
    (other / "assets.extra").mkdir(parents=True)
    (other / "saved_model.pb").write_bytes(b"")
    record = '{"recipe": "lenet5_digits", "vocabularies": {}}'
    (other / "assets.extra" / "recipe.json").write_text(record)
    assert main(["generate", str(other)]) == 2
    said = capsys.readouterr().err
    assert "must be a language model to write a text. Received: one of recipe 'lenet5_" in said


def test_a_run_that_was_not_exported_is_told(result, capsys, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    text = (result.run / "run.json").read_text("utf-8")
    (run / "run.json").write_text(text.replace(str(result.saved_model), "/nowhere"), "utf-8")
    assert main(["generate", str(run)]) == 2
    assert "Export it with `kerasrecipes export" in capsys.readouterr().err


def test_the_same_seed_writes_the_same(result):
    texts = ["".join(generation.generate(result.run, "Once", seed=s)) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert np.char.str_len(texts[0]) == 500
