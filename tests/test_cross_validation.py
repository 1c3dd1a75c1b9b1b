import dataclasses
import json

import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.cli.main import main
from kerasrecipes.recipes import RecipeError, cross_validation
from kerasrecipes.recipes.data.indexed import IndexedSplit


@pytest.fixture(scope="module")
def wine(data_dir):
    from kerasrecipes.recipes import data

    return data.load("wine", data_dir=data_dir)


def test_folds_share_out_the_training_and_validation_examples(wine):
    parts = cross_validation.folded(wine, 4, seed=3)
    pool = np.concatenate([wine.train.inputs, wine.validation.inputs])
    held_out = np.concatenate([part.test.inputs for part in parts])
    np.testing.assert_array_equal(np.sort(held_out, axis=0), np.sort(pool, axis=0))
    for part in parts:
        rows = [{row.tobytes() for row in split.inputs} for split in
                (part.train, part.validation, part.test)]  # fmt: skip
        whole = {row.tobytes() for row in pool}
        assert set.union(*rows) == whole
        assert sum(map(len, rows)) == len(whole)
        # The shares of the classes stay, to within one example a class.
        counts = np.bincount(part.test.targets, minlength=3)
        targets = np.concatenate([wine.train.targets, wine.validation.targets])
        assert np.abs(counts - np.bincount(targets) / 4).max() <= 1
        assert abs(part.validation.num_examples - wine.validation.num_examples * 3 / 4) <= 1.5
    assert len({part.fingerprint for part in parts} | {wine.fingerprint}) == 5
    test = {row.tobytes() for row in wine.test.inputs}
    assert not test & {row.tobytes() for row in held_out}


def test_the_command_prints_mean_and_deviation(capsys, data_dir, tmp_path):
    words = ["--folds", "3", "--epochs", "2", "--quiet", "--data-dir", str(data_dir)]
    assert main(["cross-validate", "softmax_wine", *words, "--runs", str(tmp_path / "runs")]) == 0
    out = capsys.readouterr().out
    (path,) = (tmp_path / "runs" / "softmax_wine").glob("cross-validation-*.json")
    record = json.loads(path.read_text())
    accuracies = [fold["figures"]["accuracy"] for fold in record["folds"]]
    assert len(accuracies) == record["num_folds"] == 3
    assert record["mean"]["accuracy"] == pytest.approx(np.mean(accuracies))
    assert record["deviation"]["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))
    assert f"{record['mean']['accuracy']:.4f}" in out
    for fold in record["folds"]:
        run = json.loads((path.parent / fold["run"] / "run.json").read_text())
        assert run["figures"] == fold["figures"]
        assert run["reached"] is None  # what is expected is of the test split
        assert run["saved_model"] is None
    # Nobody goes back to a fold by its folder, and is told so.
    with pytest.raises(RecipeError, match="must be of data that have a name"):
        recipes.evaluate(path.parent / record["folds"][0]["run"])


def test_a_regression_is_folded_too(data_dir, tmp_path):
    found = recipes.cross_validate(
        "linear_diabetes", 2, epochs=1, runs=tmp_path, data_dir=data_dir, progress=False
    )
    assert len(found.folds) == 2
    assert found.mean["mse"] == pytest.approx(np.mean([fold["mse"] for fold in found.folds]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["softmax_wine", "--folds", "1"], "`folds` of cross_validate must be at least 2"),
        (["softmax_wine", "--folds", "60"], "at most the number of examples of the rarest class"),
        (["linear_diabetes", "--folds", "300"], "at most half of the number of examples"),
        (["softmax_win"], "Did you mean"),
        (["lstm_pydoc"], "must be such that each can be chosen by its number"),
    ],
)
def test_what_cannot_be_folded(words, said, capsys, data_dir, tmp_path):
    code = main(["cross-validate", *words, "--quiet", "--data-dir", str(data_dir)])
    err = capsys.readouterr().err
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_class_without_examples_is_left_out_of_account(wine):
    named = dataclasses.replace(wine, class_names=(*wine.class_names, "none"))
    assert len(cross_validation.folded(named, 3)) == 3
    lone = IndexedSplit(
        inputs=np.concatenate([wine.train.inputs, wine.train.inputs[:1]]),
        targets=np.append(wine.train.targets, 3),
    )
    with pytest.raises(RecipeError, match=r"1 of 'none'\. Received: folds=3"):
        cross_validation.folded(dataclasses.replace(named, train=lone), 3)


def test_an_interrupted_fold_names_no_way_on(capsys, monkeypatch, data_dir):
    from kerasrecipes.recipes.steps import TrainingSteps

    def interrupt(self, iterator):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingSteps, "__call__", interrupt)
    words = ["softmax_wine", "--epochs", "1", "--quiet", "--data-dir", str(data_dir)]
    assert main(["cross-validate", *words]) == 130
    assert "a fold or a bootstrap set is not gone on with" in capsys.readouterr().err
