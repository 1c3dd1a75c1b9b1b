"""What the three environment variables say."""

import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.tuning.cluster.roles import ALONE, CHIEF, WORKER, Role, role


def variables(tuner_id, host, port):
    names = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
    return dict(zip(names, (tuner_id, host, port), strict=True))


def test_without_variables_a_process_is_alone():
    assert role({}) == role(variables("", "", "")) == Role(ALONE)


@pytest.mark.parametrize(("tuner_id", "name"), [("chief", CHIEF), ("tuner12", WORKER)])
def test_the_variables_say_what_a_process_is(tuner_id, name):
    given = variables(tuner_id, "node7", "8000")
    found = role(given)
    assert found == Role(name, tuner_id, "node7", 8000)
    assert found.address == "node7:8000"
    assert found.environment() == given


def test_an_address_of_six_has_brackets():
    assert role(variables("tuner0", "fe80::1", "8000")).address == "[fe80::1]:8000"


def test_the_environment_of_this_process_is_what_counts(monkeypatch):
    for name, value in variables("tuner3", "10.0.0.1", "1").items():
        monkeypatch.setenv(name, value)
    assert role() == Role(WORKER, "tuner3", "10.0.0.1", 1)


@pytest.mark.parametrize("missing", range(3))
def test_a_part_of_them_is_refused(missing):
    values = ["chief", "node7", "8000"]
    values[missing] = ""
    name = list(variables(*values))[missing]
    with pytest.raises(RecipeError, match=f"all three or not at all.* without {name}. Set"):
        role(variables(*values))


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80.5", " 80", "²"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(RecipeError, match=r"KERASTUNER_ORACLE_PORT must be a whole number in \["):
        role(variables("chief", "node7", port))
