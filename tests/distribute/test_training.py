"""A whole run by two processes, from the command line."""

import json

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import data, train

COMMAND = "import sys; from kerasrecipes.cli.main import main; sys.exit(main())"


@pytest.fixture(scope="module")
def alone(data_dir, tmp_path_factory):
    """The same run by one process."""
    folder = tmp_path_factory.mktemp("alone")
    return train(
        "mlp_digits",
        epochs=2,
        runs=folder,
        saved_models=None,
        data_dir=data_dir,
        progress=False,
        strategy="none",
    )


@pytest.fixture(scope="module")
def together(alone, run_cluster, data_dir, tmp_path_factory):
    """The folder in which two workers have trained, and what each has printed."""
    data.load("digits", data_dir=data_dir)
    folder = tmp_path_factory.mktemp("together")
    given = ["-c", COMMAND, "train", "mlp_digits", "--epochs", "2", "--data-dir", data_dir]
    return folder, run_cluster(2, lambda number: given, folder)


@pytest.mark.timeout(600)
def test_the_chief_alone_writes(together):
    folder, (chief, other) = together
    (record,) = folder.glob("runs/mlp_digits/*/run.json")
    record = json.loads(record.read_text("utf-8"))
    assert record["status"] == "finished"
    assert record["hardware"]["num_replicas"] == 2
    assert record["hardware"]["strategy"] == "CollectiveAllReduceStrategy"
    (exported,) = folder.glob("saved_models/mlp_digits/*")
    assert (exported / "saved_model.pb").is_file()
    assert "test accuracy" in chief and "report.html" in chief
    assert "test accuracy" not in other and "Traceback" not in other


@pytest.mark.timeout(600)
def test_the_run_is_that_of_one_process(together, alone):
    folder, _ = together
    (run,) = folder.glob("runs/mlp_digits/*")
    record = json.loads((run / "run.json").read_text("utf-8"))
    for metric, figure in alone.figures.items():
        assert record["figures"][metric] == pytest.approx(figure, abs=1e-5), metric
    model = keras.models.load_model(run / "model.keras")
    for ours, expected in zip(model.weights, alone.model.weights, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    for ours, expected in zip(
        model.optimizer.variables, alone.model.optimizer.variables, strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), atol=1e-5)
    header, *rows = (run / "history.csv").read_text("utf-8").splitlines()
    assert len(rows) == 2
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        place = header.split(",").index(name)
        ours = [float(row.split(",")[place]) for row in rows]
        np.testing.assert_allclose(ours, alone.history[name], atol=1e-5)


@pytest.mark.timeout(600)
def test_nothing_is_left_where_other_workers_wrote(together):
    folder, _ = together
    assert list((folder / "temporary").glob("kerasrecipes-*")) == []
