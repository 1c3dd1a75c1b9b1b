import json

import pytest

from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.distribute.cluster import cluster_of_environment, tpu_of_environment

HOSTS = ["a:2222", "b:2222"]


def read(config):
    text = config if isinstance(config, str) else json.dumps(config)
    return cluster_of_environment({"TF_CONFIG": text})


def task(kind, index, cluster=None):
    return {"cluster": cluster or {"worker": HOSTS}, "task": {"type": kind, "index": index}}


def test_no_cluster():
    assert cluster_of_environment({}) is None
    assert cluster_of_environment({"TF_CONFIG": "  "}) is None


def test_a_cluster_of_workers():
    cluster = read(task("worker", 1))
    assert (cluster.num_workers, cluster.number, cluster.is_chief) == (2, 1, False)
    assert read(task("worker", 0)).is_chief
    assert read(task("worker", "1")).index == 1  # as TensorFlow takes it


def test_a_chief_is_before_the_workers():
    hosts = {"worker": HOSTS, "chief": ["c:1"]}
    chief, first = read(task("chief", 0, hosts)), read(task("worker", 0, hosts))
    assert chief.is_chief and not first.is_chief
    assert (chief.number, first.number, first.num_workers) == (0, 1, 3)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{cluster", "must be JSON, such as .* Received: '{cluster'"),
        ("[1]", "must name a cluster"),
        ({"task": {"type": "worker", "index": 0}}, "must name a cluster"),
        ({"cluster": {"worker": HOSTS}}, "must have a task with type and index"),
        (
            {"cluster": {"worker": HOSTS}, "task": {"index": 0}},
            "must have a task with type and index",
        ),
        (task("worker", 2), r"task index of 'worker' in \[0, 1\]. Received: index 2"),
        (task("worker", -1), r"task index of 'worker' in \[0, 1\]. Received: index -1"),
        (task("worker", True), r"task index .* Received: index True"),
        (task("evaluator", 0), "must have a task of 'worker'. Received: type 'evaluator'"),
        (task("worker", 0, {"ps": ["a:1"]}), "must have a cluster of 'chief' and 'worker'"),
        (task("worker", 0, {"worker": "a:1"}), 'must have a list of "host:port"'),
        (task("worker", 0, {"worker": ["a"]}), 'must have a list of "host:port"'),
        (task("worker", 0, {"worker": ["a:70000"]}), 'must have a list of "host:port"'),
        (task("worker", 0, {"worker": []}), "at least one worker"),
        (task("worker", 0, {"worker": ["a:1", "a:1"]}), "address of its own. Received: 'a:1'"),
        (task("chief", 0, {"chief": HOSTS}), "at most one chief"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(config, words):
    with pytest.raises(RecipeError, match=words) as caught:
        read(config)
    assert str(caught.value).startswith("The environment variable TF_CONFIG must ")


def test_a_tpu_is_told_by_the_environment():
    assert not tpu_of_environment({"TPU_NAME": ""})
    assert tpu_of_environment({"TPU_NAME": "local"})
