"""Runs that are finished in seconds, one for each kind that is asked how sure it is."""

import pytest

from kerasrecipes import recipes


@pytest.fixture(scope="session")
def finished(tmp_path_factory, data_dir):
    """A function from a recipe's name to the `Result` of a short run, trained once a session."""
    root, kept = tmp_path_factory.mktemp("finished"), {}

    def train(name, **overrides):
        key = (name, *sorted(overrides.items()))
        if key not in kept:
            kept[key] = recipes.train(
                name,
                runs=root,
                saved_models=None,
                data_dir=data_dir,
                progress=False,
                **{"epochs": 1, **overrides},
            )
        return kept[key]

    return train


@pytest.fixture(scope="session")
def with_dropout(finished):
    return finished("mlp_digits", epochs=6)
