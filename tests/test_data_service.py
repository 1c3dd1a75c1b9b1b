"""Training on batches that data servers make, and on files that were written."""

import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.service import DataServers

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
