"""Bad input of several workers, from the command line: one sentence, exit code 2, nothing left."""

import json
import os
import socket
import threading

import pytest

from kerasrecipes.cli.main import main
from kerasrecipes.recipes import get
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.processes.roll_call import roll_call
from kerasrecipes.recipes.processes.supervision import free_ports
from kerasrecipes.recipes.runs import meeting
from kerasrecipes.recipes.runs.run import versions


@pytest.fixture
def refused(capsys, data_dir):
    """A function that trains, which must be refused, and returns the sentence."""

    def refused(*words, recipe="softmax_digits"):
        given = ["train", recipe, "--quiet", "--data-dir", data_dir, *words]
        before = os.listdir()
        assert main(list(map(str, given))) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("kerasrecipes: ")
        assert said.err.count("\n") == 1
        assert os.listdir() == before
        return said.err

    return refused


@pytest.fixture
def cluster(monkeypatch):
    """Let this process be one of two workers, and give their addresses."""

    def cluster(number=0):
        addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        return addresses

    return cluster


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "TF_CONFIG must be JSON, such as"),
        ('{"cluster": {"worker": ["a:1", "b:2"]}}', "must have a task with type and index"),
        (
            '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 2}}',
            "must have a task index of 'worker' in [0, 1]. Received: index 2.",
        ),
    ],
)
def test_a_wrong_description_of_the_cluster(refused, monkeypatch, config, words):
    monkeypatch.setenv("TF_CONFIG", config)
    assert words in refused()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--strategy", "tpu"], "'tpu' needs a TPU. Received: a machine on which none is found."),
        (["--strategy", "multiworker"], "needs the environment variable TF_CONFIG"),
        (["--strategy", "mirored"], "Did you mean 'mirrored'?"),
        (
            ["--strategy", "mirrored", "--set", "batch_size=33"],
            "must be a multiple of the 2 replicas that share it. Received: batch_size=33. The "
            "nearest is 32.",
        ),
    ],
)
def test_a_strategy_that_is_not_to_be_had(refused, monkeypatch, words, sentence):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert sentence in refused(*words)


def test_fewer_examples_than_replicas(refused, tmp_path):
    rows = "".join(f"{n},{n % 3},{'xy'[n % 2]}\n" for n in range(10))
    (tmp_path / "few.csv").write_text("a,b,label\n" + rows)
    words = ["--data", "csv:few.csv#label", "--set", "batch_size=4", "--strategy", "mirrored"]
    assert "must have an example for each of the 2 replicas. Received: 1." in (
        refused(*words, recipe="softmax_wine")
    )


def test_a_port_in_use(refused, cluster):
    address = cluster()[0]
    with socket.socket() as other:
        other.bind(("0.0.0.0", int(address.partition(":")[2])))
        other.listen()
        assert f"Received: chief ({address}), where its port is in use" in refused()


def test_a_worker_that_does_not_come(refused, cluster, monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE_SECONDS", 0.5)
    addresses = cluster()
    assert f"Received: nothing from worker 1 ({addresses[1]}) for 0.5 s." in refused()


@pytest.mark.parametrize(
    ("field", "other", "words"),
    [
        (
            "recipe",
            get("mlp_digits").describe(),
            "`recipe.name` must be the same for all workers. Received: 'mlp_digits' from {}",
        ),
        ("seed", 3, "`seed` must be the same for all workers. Received: 3 from {}, and 0 from {}."),
        (
            "versions",
            {**versions(), "keras": "3.14.0"},
            "`versions.keras` must be the same for all workers. Received: '3.14.0' from {}, and ",
        ),
    ],
)
def test_workers_of_another_mind(refused, cluster, field, other, words):
    addresses, errors = cluster(), []
    statement = {
        "recipe": get("softmax_digits").describe(),
        "seed": 0,
        "versions": versions(),
        "goes_on": False,
        field: other,
    }

    def come():
        try:
            roll_call(addresses, 1, statement, seconds=20.0)
        except RecipeError as error:
            errors.append(str(error))

    worker = threading.Thread(target=come)
    worker.start()
    said = refused()
    worker.join(20)
    names = f"worker 1 ({addresses[1]})", f"chief ({addresses[0]})"
    assert all(f"from {name}" in said for name in names)
    assert words.partition("{")[0] in said
    assert [f"kerasrecipes: {sentence}\n" for sentence in errors] == [said]
