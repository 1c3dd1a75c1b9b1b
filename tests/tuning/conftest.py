"""A search that was never run: its trials follow a rule, so that what is found can be checked."""

import math

import numpy as np
import pytest

from kerasrecipes.tuning.search_folder import SearchFolder, Trial


def number(name, low, high, *, sampling="linear", default=None, step=None, only=()):
    kind = "Int" if isinstance(low, int) and isinstance(high, int) else "Float"
    return {
        "class_name": kind,
        "config": {
            "name": name,
            "default": low if default is None else default,
            "conditions": conditions(only),
            "min_value": low,
            "max_value": high,
            "step": step,
            "sampling": sampling,
        },
    }


def choice(name, *values, default=None, only=()):
    return {
        "class_name": "Choice",
        "config": {
            "name": name,
            "default": values[0] if default is None else default,
            "conditions": conditions(only),
            "values": list(values),
            "ordered": False,
        },
    }


def boolean(name, default=False):
    config = {"name": name, "default": default, "conditions": []}
    return {"class_name": "Boolean", "config": config}


def conditions(only):
    return [
        {"class_name": "Parent", "config": {"name": name, "values": list(values)}}
        for name, values in only
    ]


# A rate that matters, a size that hardly does, an optimizer, and a momentum that only one has.
SPACE = (
    number("learning_rate", 1e-4, 1.0, sampling="log", default=0.01),
    number("batch_size", 16, 128, step=16, default=32),
    choice("optimizer", "adam", "sgd"),
    number("momentum", 0.0, 0.99, default=0.9, only=[("optimizer", ["sgd"])]),
)


def record(space, **changes):
    return {
        "status": "finished",
        "origin": "lenet5_digits",
        "overrides": {},
        "recipe": {"name": "lenet5_digits", "summary": "LeNet-5 on digits.", "batch_size": 32},
        "method": "random",
        "objective": "accuracy",
        "direction": "max",
        "num_trials": None,
        "seconds": None,
        "seconds_spent": 0.0,
        "seed": 0,
        "num_seeds": 1,
        "folds": None,
        "strategy": "auto",
        "data_dir": None,
        "over": None,
        "ranges": [],
        "hyperparameters": {each["config"]["name"]: each for each in space},
        "data": {"name": "digits", "num_examples": {"train": 1374, "validation": 153}},
        "versions": {"keras": "3.15.1"},
        "hardware": {"processor": "a processor", "num_cores": 2},
        "winner": None,
        **changes,
    }


def drawn(space, generator):
    """Return values at random, those alone whose conditions hold."""
    values = {}
    for each in space:
        config = each["config"]
        parents = [condition["config"] for condition in config["conditions"]]
        if not all(values.get(parent["name"]) in parent["values"] for parent in parents):
            continue
        if each["class_name"] == "Boolean":
            value = bool(generator.integers(2))
        elif each["class_name"] == "Choice":
            value = config["values"][generator.integers(len(config["values"]))]
        else:
            low, high, share = config["min_value"], config["max_value"], generator.random()
            if config["sampling"] == "log":
                value = low * (high / low) ** share
            else:
                value = low + (high - low) * share
            if each["class_name"] == "Int":
                step = config["step"] or 1
                value = low + step * round((value - low) / step)
        values[config["name"]] = value
    return values


def curve(values, generator, epochs):
    """Return accuracies by epoch: best at a rate of 0.01, where it is also reached soonest."""
    distance = abs(math.log10(values.get("learning_rate", 0.01)) + 2)
    end = 0.97 - 0.1 * distance**2 - (0.04 if values.get("optimizer") == "sgd" else 0.0)
    pace = 0.9 / (1 + distance)
    noise = generator.normal(0, 0.004, epochs)
    return [
        float(np.clip(end - (end - 0.1) * math.exp(-pace * (epoch + 1)) + noise[epoch], 0, 1))
        for epoch in range(epochs)
    ]


def trial(number, values, generator, *, epochs=12, repetitions=1):
    """Return a plausible trial; rates above 0.4 diverge, hopeless ones are pruned."""
    fields = {"number": number, "values": values, "worker": f"tuner{number % 2}"}
    if values.get("learning_rate", 0.0) > 0.4:
        nan = float("nan")
        history = {"loss": [2.3, nan], "val_accuracy": [0.1, nan], "val_loss": [2.3, nan]}
        reason = "The loss is not a number in epoch 2."
        return Trial(
            **fields, status="failed", reason=reason, epochs=2, seconds=1.0, history=history
        )
    accuracies = curve(values, generator, epochs)
    status, reason = "completed", None
    if accuracies[3] < 0.5:
        accuracies, status = accuracies[:4], "pruned"
        reason = "Below the median of the others in epoch 4: 0.31 against 0.9."
    objectives = tuple(accuracies[-1] + generator.normal(0, 0.003) for _ in range(repetitions))
    return Trial(
        **fields,
        status=status,
        reason=reason,
        objective=sum(objectives) / len(objectives),
        objectives=objectives,
        epochs=len(accuracies),
        seconds=0.5 * len(accuracies),
        history={
            "loss": [2.3 * (1 - a) for a in accuracies],
            "accuracy": [min(1.0, 1.02 * a) for a in accuracies],
            "val_accuracy": accuracies,
            "val_loss": [2.5 * (1 - a) for a in accuracies],
        },
    )


@pytest.fixture
def make_search(tmp_path):
    """Return a factory of searches of a number of trials, whose first has the defaults."""

    def make(num_trials=30, *, space=SPACE, objective=None, repetitions=1, **changes):
        """`objective`, a function of the values and a generator, stands in for the accuracy."""
        generator = np.random.default_rng(num_trials)
        folder = SearchFolder.create(tmp_path / "searches", "lenet5_digits", **record(space))
        folder.update(**changes)
        for place in range(1, num_trials + 1):
            values = drawn(space, generator)
            if place == 1:
                own = {each["config"]["name"]: each["config"]["default"] for each in space}
                values = {name: own[name] for name in own if name != "momentum"}
            if objective is None:
                ended = trial(place, values, generator, repetitions=repetitions)
            else:
                value = float(objective(values, generator))
                ended = Trial(
                    number=place,
                    values=values,
                    status="completed",
                    objective=value,
                    objectives=(value,),
                    epochs=1,
                    seconds=1.0,
                )
            folder.write(ended)
        return folder

    return make


@pytest.fixture(name="number")
def number_fixture():
    return number


@pytest.fixture(name="choice")
def choice_fixture():
    return choice


@pytest.fixture(name="boolean")
def boolean_fixture():
    return boolean
