"""What a search asks of a process that has been given a role."""

from pathlib import Path

import pytest

from kerasrecipes import tuning
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.tuning.cluster.roles import CHIEF, WORKER, Role


@pytest.fixture(params=[Role(CHIEF, "chief", "0.0.0.0", 1), Role(WORKER, "tuner0", "node0", 1)])
def in_a_role(request, monkeypatch):
    for name, value in request.param.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("in_a_role")
def test_its_folder_must_be_known_to_all():
    with pytest.raises(RecipeError, match="`folder` of search must be named where several"):
        tuning.search("softmax_digits", searches="searches")
    assert list(Path().iterdir()) == []


@pytest.mark.usefixtures("in_a_role")
def test_it_starts_no_workers_of_its_own():
    with pytest.raises(RecipeError, match=r"must be 1 where .*Received: workers=2\. Unset KERAS"):
        tuning.search("softmax_digits", folder="search", workers=2)
    assert list(Path().iterdir()) == []
