import keras_tuner
import pytest

from kerasrecipes.tuning.reporting.hyperparameter import hyperparameters


@pytest.fixture
def described():
    """The hyperparameters of a space, as KerasTuner writes them down."""
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1e-1, sampling="log", default=1e-3)
    hp.Float("keep", 0.5, 0.999, sampling="reverse_log")
    hp.Int("units", 16, 64, step=16, default=32)
    hp.Boolean("flip")
    hp.Fixed("depth", 3)
    hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("momentum", 0.0, 0.99, default=0.9)
    config = hp.get_config()
    return {"hyperparameters": {each["config"]["name"]: each for each in config["space"]}}, hp


@pytest.fixture
def by_name(described):
    return {each.name: each for each in hyperparameters(described[0])}


def test_ranges_are_read_as_keras_tuner_describes_them(by_name):
    assert [name for name, each in by_name.items() if each.is_choice] == [
        "flip",
        "depth",
        "optimizer",
    ]
    assert [name for name, each in by_name.items() if not each.varies] == ["depth"]
    texts = {name: each.range_text() for name, each in by_name.items()}
    assert texts == {
        "rate": "0.0001 to 0.1, evenly by its logarithm",
        "keep": "0.5 to 0.999, evenly by its logarithm",
        "units": "16 to 64 in steps of 16",
        "flip": "one of False, True",
        "depth": "fixed",
        "optimizer": "one of adam, sgd",
        "momentum": "0 to 0.99",
    }
    assert by_name["momentum"].condition_text() == "optimizer is sgd"
    assert by_name["depth"].default == 3


def test_places_are_those_that_keras_tuner_draws_evenly(described, by_name):
    # It has the value of each probability, which for a range without steps is its place.
    _, hp = described
    for each in hp.space:
        if each.name in ("rate", "keep", "momentum"):
            for probability in (0.0, 0.1, 0.5, 0.9):
                value = each.prob_to_value(probability)
                assert by_name[each.name].position(value) == pytest.approx(probability, abs=1e-9)


def test_what_is_not_used_has_no_place(by_name):
    momentum = by_name["momentum"]
    assert momentum.place({"optimizer": "adam", "momentum": 0.5}) is None
    assert momentum.place({"optimizer": "sgd"}) is None
    assert momentum.place({"optimizer": "sgd", "momentum": 0.99}) == pytest.approx(1.0)
    assert by_name["optimizer"].place({"optimizer": "sgd"}) == 1
    assert by_name["optimizer"].place({"optimizer": "a third"}) is None


def test_true_is_not_one(choice):
    (each,) = hyperparameters({"hyperparameters": {"x": choice("x", 0, 1)}})
    assert each.place({"x": 1}) == 1
    assert each.place({"x": True}) is None


def test_the_default_is_known_again(by_name):
    assert by_name["rate"].is_default({"rate": 1.00000001e-3})
    assert not by_name["rate"].is_default({"rate": 1.1e-3})
    assert by_name["momentum"].is_default({"optimizer": "adam"})
    assert by_name["momentum"].is_default({"optimizer": "sgd", "momentum": 0.9})
    assert not by_name["momentum"].is_default({"optimizer": "sgd", "momentum": 0.5})


def test_a_value_beyond_the_range_is_at_its_end(by_name):
    assert by_name["rate"].position(10.0) == 1.0
    assert by_name["rate"].position(0.0) == 0.0
