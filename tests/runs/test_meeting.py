"""Who takes part in a meeting, and what is compared there."""

import json

import pytest

from kerasrecipes.recipes import RecipeError, get, replace
from kerasrecipes.recipes.processes.roll_call import difference
from kerasrecipes.recipes.runs import meeting
from kerasrecipes.recipes.runs.meeting import meet

CLUSTER = {"chief": ["one:1"], "worker": ["two:2", "three:3"]}


@pytest.fixture
def called(monkeypatch):
    """The calls of the roll, which are made and not answered."""
    calls = []
    monkeypatch.setattr(meeting, "roll_call", lambda *given, **more: calls.append(given))
    config = {"cluster": CLUSTER, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    return calls


def test_the_chief_stands_first_and_each_has_its_number(called):
    meet(get("mlp_digits"), 0, "auto", goes_on=False)
    ((addresses, number, _),) = called
    assert addresses == ["one:1", "two:2", "three:3"]
    assert number == 2


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, None),
        ({"seed": 1}, "seed"),
        ({"scale": "linear"}, "scale"),
        ({"goes_on": True}, "goes_on"),
        ({"recipe": replace(get("mlp_digits"), epochs=3)}, "recipe.epochs"),
        ({"recipe": replace(get("mlp_digits"), **{"build.hidden": (9,)})}, "recipe.build"),
    ],
)
def test_what_decides_the_numbers_is_compared(called, changes, place):
    same = {"recipe": get("mlp_digits"), "seed": 0, "strategy": "multiworker", "goes_on": False}
    meet(**same)
    meet(**{**same, **changes})
    first, second = (json.loads(json.dumps(statement)) for _, _, statement in called)
    found = difference(first, second)
    assert (found and found[0].startswith(place)) if place else found is None
    assert {"tensorflow", "keras", "kerasrecipes"} & set(first["versions"])


def test_who_trains_alone_meets_nobody(called, monkeypatch):
    meet(get("mlp_digits"), 0, "none", goes_on=False)
    monkeypatch.delenv("TF_CONFIG")
    meet(get("mlp_digits"), 0, "auto", goes_on=False)
    assert called == []


def test_a_wrong_description_of_the_cluster_is_said(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(RecipeError, match="TF_CONFIG must be JSON"):
        meet(get("mlp_digits"), 0, "auto", goes_on=False)
