"""Training on batches that data servers make, and on files that were written."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.service import DataServers

# A recipe whose data are streamed, however small they are.
SCRIPT = """
import dataclasses
from kerasrecipes.recipes import get
from kerasrecipes.recipes.data import loading

loading.load.__kwdefaults__["memory_limit"] = 0
STREAMED = dataclasses.replace(
    get("mlp_digits"), name="streamed", data="./digits", batch_size=32, epochs=2
)
"""

SETTINGS = {"seed": 3, "saved_models": None, "progress": False}


@pytest.fixture(scope="module")
def servers():
    running = DataServers(port=0, workers=2, host="localhost")
    yield ",".join(running.addresses)
    running.stop()


@pytest.fixture(scope="module")
def straight(data_dir, tmp_path_factory):
    """The run of one process that makes its own batches."""
    runs = tmp_path_factory.mktemp("runs")
    return recipes.train("mlp_digits", epochs=2, runs=runs, data_dir=data_dir, **SETTINGS)


def test_a_run_on_written_files_and_data_servers_is_the_run_without_to_the_bit(
    servers, straight, data_dir
):
    data.write("digits", "digits", shards=5, keep_order=True, data_dir=data_dir)
    served = recipes.train(
        "mlp_digits", epochs=2, data="./digits", data_service=servers, **SETTINGS
    )
    assert served.figures == straight.figures
    weights = zip(served.model.get_weights(), straight.model.get_weights(), strict=True)
    for values, expected in weights:
        np.testing.assert_array_equal(values, expected)


def test_a_run_is_not_begun_where_nobody_serves(data_dir, tmp_path):
    with pytest.raises(recipes.RecipeError, match=r"'grpc://localhost:1' must answer"):
        recipes.train(
            "mlp_digits", data_dir=data_dir, data_service="grpc://localhost:1", **SETTINGS
        )
    with pytest.raises(recipes.RecipeError, match=r"must be addresses such as"):
        recipes.train("mlp_digits", data_dir=data_dir, data_service="localhost", **SETTINGS)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_two_workers_that_stream_files_of_their_own_train_as_one(servers, data_dir):
    data.write("digits", "digits", shards=8, data_dir=data_dir)
    Path("streamed.py").write_text(SCRIPT)

    def weights(runs, *words):
        train = ["train", "streamed.py", "--quiet", "--no-export", "--runs", runs]
        command = [sys.executable, "-m", "kerasrecipes.cli"]
        if runs == "two":
            command += ["launch", "--workers", "2"]
        subprocess.run(
            [*command, *train, *words],
            check=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        (model,) = Path(runs).glob("*/*/model.keras")
        return keras.saving.load_model(model, compile=False).get_weights()

    one, two = weights("one"), weights("two")
    served = weights("served", "--data-service", servers)
    for alone, shared, made_elsewhere in zip(one, two, served, strict=True):
        np.testing.assert_array_equal(made_elsewhere, alone)
        np.testing.assert_allclose(shared, alone, rtol=1e-5, atol=1e-5)
