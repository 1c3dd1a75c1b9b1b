import json
import shutil

import numpy as np
import pytest
from PIL import Image

from kerasrecipes.cli.main import main
from kerasrecipes.recipes import uncertainty
from kerasrecipes.recipes.uncertainty import figures


@pytest.fixture
def run(with_dropout, tmp_path):
    """A copy of a finished run that a test may spoil."""
    return shutil.copytree(with_dropout.run, tmp_path / "run")


@pytest.fixture
def refused(capsys):
    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert (code, said.out) == (2, "")
        assert said.err.startswith("kerasrecipes: ")
        assert said.err.count("\n") == 1
        return said.err

    return run


def test_the_command_prints_the_table_and_writes_the_files(run, with_dropout, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run), "--uncertainty", "--passes", "20"]) == 0
    out = capsys.readouterr().out
    for way in ("deterministic", "temperature-scaled", "MC dropout"):
        assert way in out
    record = json.loads((run / "uncertainty.json").read_text())
    assert record["num_passes"] == 20
    ways = record["figures"]
    plain, scaled = ways["deterministic"], ways["temperature-scaled"]
    assert plain["accuracy"] == scaled["accuracy"]
    for name in ("accuracy", "nll"):
        assert plain[name] == pytest.approx(with_dropout.figures[name], rel=1e-5)
    test = with_dropout.splits.test
    passes = uncertainty.mc_dropout(with_dropout.model, test, num_passes=20)
    expected = figures.summary(passes, test.targets)
    assert ways["MC dropout"].items() >= expected.items()
    assert 0.5 < plain["auroc_noise"] <= 1
    for name in ("reliability", "entropy", "coverage"):
        with Image.open(run / f"uncertainty-{name}.png") as image:
            assert image.width > 500
    before = {path.name for path in with_dropout.run.iterdir()}
    names = {path.name for path in run.iterdir()} - before
    pictures = {f"uncertainty-{name}.png" for name in ("reliability", "entropy", "coverage")}
    assert names == {"uncertainty.json", *pictures}
    page = (run / "report.html").read_text("utf-8")
    assert "How sure it is (temperature" in page
    assert "20 passes" in page
    for name in ("reliability", "entropy", "coverage"):
        assert f'alt="Uncertainty: {name}"' in page
    assert f">{ways['MC dropout']['nll']:.4f}<" in page


def test_a_report_without_uncertainty_says_nothing_of_it(run):
    assert "How sure it is" not in (run / "report.html").read_text("utf-8")


def test_damaged_figures_are_one_sentence(run, refused):
    (run / "uncertainty.json").write_text('{"figures": {}}')
    said = refused("report", run)
    assert "could not be read" in said
    assert "--uncertainty" in said


def test_a_model_without_dropout_has_two_ways(finished, refused):
    folder = finished("softmax_digits").run
    found = uncertainty.evaluate(folder)
    assert list(found.figures) == ["deterministic", "temperature-scaled"]
    assert found.num_passes == 0
    said = refused("evaluate", folder, "--uncertainty", "--passes", 5)
    assert "must have a dropout layer" in said


def test_what_cannot_be_asked(run, finished, refused):
    said = refused("evaluate", finished("linear_diabetes").run, "--uncertainty")
    assert "must give one class for each example" in said
    said = refused("evaluate", run, "--uncertainty", "--passes", 0)
    assert "`num_passes` of uncertainty.evaluate must be at least 1" in said
    assert "Give both" in refused("evaluate", run, "--passes", 3)
    assert "must be the folder of a run" in refused("evaluate", run / "no", "--uncertainty")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "training"}))
    assert "must be finished" in refused("evaluate", run, "--uncertainty")
    assert not (run / "uncertainty.json").exists()


def test_the_temperature_is_that_of_the_validation_split(run, with_dropout):
    from kerasrecipes.recipes.uncertainty.passes import logits

    found = uncertainty.evaluate(run, num_passes=2)
    validation, test = with_dropout.splits.validation, with_dropout.splits.test
    temperature = uncertainty.fit_temperature(
        logits(with_dropout.model, validation), validation.targets
    )
    assert found.temperature == pytest.approx(temperature, rel=1e-4)
    scaled = uncertainty.scale(logits(with_dropout.model, test), temperature)
    nll = -np.mean(np.log(scaled[np.arange(len(scaled)), test.targets]))
    assert found.figures["temperature-scaled"]["nll"] == pytest.approx(nll, rel=1e-4)
