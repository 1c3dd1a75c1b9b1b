import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import RecipeError, data, distribute
from kerasrecipes.recipes.distribute import strategies


@pytest.fixture
def found(monkeypatch):
    """What the machine has, in place of what it has; and which strategy would be made."""
    devices = {"CPU": 1}

    def list_devices(kind):
        return [f"/device:{kind}:{n}" for n in range(devices.get(kind, 0))]

    monkeypatch.setattr(tf.config, "list_logical_devices", list_devices)
    monkeypatch.setattr(tf.config, "list_physical_devices", list_devices)
    for name in ("none", "mirrored", "multiworker", "tpu"):
        monkeypatch.setattr(strategies, f"_{name}", lambda name=name: name)
    for name in ("TF_CONFIG", *strategies_of_tpus()):
        monkeypatch.delenv(name, raising=False)
    return devices


def strategies_of_tpus():
    from kerasrecipes.recipes.distribute import cluster

    return cluster._TPU_VARIABLES


def config(*hosts, index=0):
    return json.dumps(
        {"cluster": {"worker": list(hosts)}, "task": {"type": "worker", "index": index}}
    )


def test_auto_takes_what_it_finds(found, monkeypatch):
    auto = strategies._auto
    assert auto() == "none"
    found["GPU"] = 1
    assert auto() == "none"
    found["GPU"] = 2
    assert auto() == "mirrored"
    monkeypatch.setenv("TPU_NAME", "local")
    assert auto() == "tpu"
    monkeypatch.setenv("TF_CONFIG", config("a:1", "b:1"))
    assert auto() == "multiworker"


@pytest.mark.parametrize("name", strategies_of_tpus())
def test_any_sign_of_a_tpu_is_one(found, monkeypatch, name):
    monkeypatch.setenv(name, "")
    assert strategies._auto() == "none"
    monkeypatch.setenv(name, "somewhere")
    assert strategies._auto() == "tpu"


def test_a_tpu_of_this_machine_goes_before_its_gpus(found):
    found.update(GPU=4, TPU=1)
    assert strategies._auto() == "tpu"


def test_a_mirrored_strategy_takes_the_gpus_where_there_are_any(monkeypatch):
    class Device:
        def __init__(self, name):
            self.name = name

    have = {"CPU": [Device("/device:CPU:0")], "GPU": [Device(f"/device:GPU:{n}") for n in (0, 1)]}
    monkeypatch.setattr(tf.config, "list_logical_devices", have.get)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda devices: devices)
    make = strategies._mirrored.__wrapped__  # past the one that is kept
    assert make() == ["/device:GPU:0", "/device:GPU:1"]
    have["GPU"] = []
    assert make() == ["/device:CPU:0"]


@pytest.fixture
def tpu(monkeypatch):
    """What is asked of a TPU, in order, and what goes wrong, by what is asked."""
    asked, wrong = [], {}

    def stand_in(where, name, answer):
        def call(*arguments, **keywords):
            asked.append(name)
            if name in wrong:
                raise wrong[name]
            return answer

        monkeypatch.setattr(where, name, call)

    stand_in(tf.distribute.cluster_resolver, "TPUClusterResolver", "resolver")
    stand_in(tf.config, "experimental_connect_to_cluster", None)
    stand_in(tf.tpu.experimental, "initialize_tpu_system", None)
    stand_in(tf.distribute, "TPUStrategy", "strategy")
    return asked, wrong


def test_a_tpu_is_found_connected_and_set_up_before_its_strategy_is_made(tpu):
    asked, _ = tpu
    assert strategies._tpu.__wrapped__() == "strategy"
    assert asked == [
        "TPUClusterResolver",
        "experimental_connect_to_cluster",
        "initialize_tpu_system",
        "TPUStrategy",
    ]


@pytest.mark.parametrize(
    "step, error",
    [
        ("TPUClusterResolver", ValueError("Please provide a TPU Name to connect to.")),
        ("experimental_connect_to_cluster", tf.errors.UnavailableError(None, None, "no route")),
        ("initialize_tpu_system", tf.errors.NotFoundError(None, None, "No TPU devices found")),
        ("initialize_tpu_system", RuntimeError("TPU is in use")),
    ],
)
def test_a_tpu_that_cannot_be_had_is_one_sentence(tpu, step, error):
    asked, wrong = tpu
    wrong[step] = error
    with pytest.raises(RecipeError, match=r"'tpu' needs a TPU") as caught:
        strategies._tpu.__wrapped__()
    assert caught.value.__cause__ is error
    assert asked[-1] == step


def test_a_cluster_of_one_is_one_machine(found, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config("a:1"))
    assert strategies._auto() == "none"


def test_auto_says_what_is_wrong_with_the_cluster(found, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config("a:1", "b:1", index=5))
    with pytest.raises(RecipeError, match=r"task index"):
        strategies._auto()


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(RecipeError, match=r"'tpu' needs a TPU. Received: a machine on which none"):
        distribute.strategy("tpu")
    with pytest.raises(
        RecipeError, match=r"'multiworker' needs the environment variable TF_CONFIG"
    ):
        distribute.strategy("multiworker")
    with pytest.raises(RecipeError, match=r"must be one of .* Did you mean 'mirrored'"):
        distribute.strategy("miror")


def test_workers_are_joined_before_anything_else(monkeypatch):
    tf.constant(0)  # from now on it is too late
    monkeypatch.setenv("TF_CONFIG", config("127.0.0.1:1", "127.0.0.1:2"))
    with pytest.raises(RecipeError, match=r"workers of TF_CONFIG could not be joined"):
        distribute.strategy("multiworker")


def test_there_is_one_mirrored_strategy():
    assert distribute.strategy("mirrored") is distribute.strategy("mirrored")


def test_one_process_is_its_own_chief():
    for name in ("none", "mirrored"):
        place = distribute.strategy(name)
        assert distribute.is_chief(place) and not distribute.is_multiworker(place)
        assert distribute.agreed(place, True) and not distribute.agreed(place, False)


def test_a_batch_that_cannot_be_shared():
    place = distribute.strategy("mirrored")
    distribute.shared_evenly(8, place)
    with pytest.raises(RecipeError, match=r"multiple of the 2 replicas .* The nearest is 8"):
        distribute.shared_evenly(9, place)


def test_fewer_examples_than_replicas():
    place, splits = distribute.strategy("mirrored"), data.load("digits")
    distribute.check_examples(splits, place)
    one = splits.validation.take(np.arange(1))
    with pytest.raises(RecipeError, match=r"validation split of 'digits' must have an example for"):
        distribute.check_examples(dataclasses.replace(splits, validation=one), place)
