"""The oracles: what each asks for, and that a kill changes nothing of it."""

import itertools
import math
import shutil
import time

import keras_tuner
import pytest

from kerasrecipes.recipes import RecipeError, get, replace
from kerasrecipes.tuning.oracles.coarse_to_fine import COARSE
from kerasrecipes.tuning.oracles.methods import METHODS, oracle

RECIPE = replace(get("softmax_digits"), epochs=9)


def space():
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1.0, sampling="log", default=0.01)
    kind = hp.Choice("kind", ["plain", "momentum"], default="momentum")
    with hp.conditional_scope("kind", ["momentum"]):
        if kind == "momentum":
            hp.Float("momentum", 0.5, 0.99, default=0.9)
    return hp


def score(values):
    """A loss whose least is at a rate of 0.1 with a momentum of 0.7."""
    momentum = values.get("momentum", 0.0)
    return (math.log10(values["rate"]) + 1) ** 2 + (momentum - 0.7) ** 2


def make(method, folder, num_trials=14, deadline=None, hyperparameters=None):
    made = oracle(
        method,
        objective="loss",
        direction="min",
        hyperparameters=space() if hyperparameters is None else hyperparameters,
        num_trials=num_trials,
        recipe=RECIPE,
        seed=3,
        deadline=deadline,
    )
    made._set_project_dir(str(folder), "oracle")
    return made


def begin(asked):
    return asked.create_trial("tuner0")


def end(asked, trial, loss=None):
    values = trial.hyperparameters.values
    asked.update_trial(trial.trial_id, {"loss": score(values) if loss is None else loss})
    trial.status = "COMPLETED"
    asked.end_trial(trial)


def run(asked):
    """Run trials to the end and return their values."""
    while (trial := begin(asked)).status != "STOPPED":
        end(asked, trial)
    return [trial.hyperparameters.values for trial in asked.trials.values()]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The trials of each method without a break."""
    return {m: run(make(m, tmp_path_factory.mktemp(m))) for m in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_the_first_trial_is_the_recipe_as_it_was_set_by_hand(method, straight):
    first = {k: v for k, v in straight[method][0].items() if not k.startswith("tuner/")}
    assert first == {"rate": 0.01, "kind": "momentum", "momentum": 0.9}


@pytest.mark.parametrize("method", METHODS)
def test_no_two_trials_are_the_same(method, straight):
    keyed = [tuple(sorted(values.items())) for values in straight[method]]
    # What divides evenly, a grid or a sweep, is the largest that the budget holds.
    assert 7 <= len(set(keyed)) == len(keyed) <= 14
    if method in ("random", "bayesian"):
        assert len(keyed) == 14


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("broken", ["in a trial", "between trial and oracle", "before the first"])
def test_a_search_that_was_killed_asks_for_the_same_trials(method, broken, straight, tmp_path):
    killed = make(method, tmp_path)
    killed.save()
    state = tmp_path / "oracle" / "oracle.json"
    if broken != "before the first":
        for _ in range(6):
            end(killed, begin(killed))
    before = state.read_bytes()
    trial = begin(killed)
    if broken != "in a trial":
        # A trial writes its own file first.
        state.write_bytes(before)
    if broken == "between trial and oracle":
        before = state.read_bytes()
        begin(killed)
        end(killed, trial)
        state.write_bytes(before)
    again = make(method, tmp_path)
    again.reload()
    assert run(again) == straight[method]


@pytest.mark.parametrize("method", METHODS)
def test_a_trial_that_ended_is_not_run_twice(method, straight, tmp_path):
    killed = make(method, tmp_path)
    trial = begin(killed)
    state = tmp_path / "oracle" / "oracle.json"
    before = state.read_bytes()
    end(killed, trial)
    state.write_bytes(before)
    again = make(method, tmp_path)
    again.reload()
    assert again.trials[trial.trial_id].score == score(straight[method][0])
    assert begin(again).trial_id != trial.trial_id
    assert again.end_order == [trial.trial_id]


def test_half_a_file_is_never_left(tmp_path, monkeypatch):
    asked = make("random", tmp_path)
    end(asked, begin(asked))
    kept = shutil.copytree(tmp_path / "oracle", tmp_path / "kept")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        asked.save()
    assert (tmp_path / "oracle" / "oracle.json").read_bytes() == (kept / "oracle.json").read_bytes()


def test_failures_are_facts_and_not_the_end(tmp_path):
    asked = make("random", tmp_path)
    for _ in range(8):
        trial = begin(asked)
        trial.status = "FAILED"
        asked.end_trial(trial)
    assert begin(asked).status == "RUNNING"


def test_a_trial_whose_time_was_up_waits_for_whoever_goes_on(tmp_path):
    asked = make("random", tmp_path, deadline=time.time() + 60)
    end(asked, begin(asked))
    trial = begin(asked)
    trial.status = "INVALID"
    asked.deadline = time.time() - 1
    asked.end_trial(trial)
    assert begin(asked).status == "STOPPED"
    again = make("random", tmp_path)
    again.reload()
    assert begin(again).trial_id == trial.trial_id


def test_a_grid_has_every_combination_once(tmp_path):
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-3, 1e-1, sampling="log", default=1e-2)
    hp.Int("units", 8, 24, step=8, default=16)
    hp.Choice("kind", ["a", "b"])
    asked = make("grid", tmp_path, num_trials=18, hyperparameters=hp)
    found = {tuple(values[name] for name in ("rate", "units", "kind")) for values in run(asked)}
    assert {(f"{rate:.6g}", *rest) for rate, *rest in found} == set(
        itertools.product(("0.001", "0.01", "0.1"), (8, 16, 24), "ab")
    )
    assert begin(asked).status == "STOPPED"


def test_coarse_to_fine_comes_closer_than_its_coarse_stage(straight):
    trials = straight["coarse_to_fine"]
    coarse = [values for values in trials if COARSE in values]
    fine = [values for values in trials if COARSE not in values]
    assert trials[: len(coarse)] == coarse
    assert {values[COARSE] for values in coarse} == {2}  # a quarter of nine epochs
    assert min(map(score, fine)) < min(map(score, coarse))
    best = min(coarse, key=score)
    assert fine[0] == {name: value for name, value in best.items() if name != COARSE}


def test_a_sweep_is_as_large_as_its_budget_and_promotes_the_best(straight, tmp_path):
    asked = make("hyperband", tmp_path, num_trials=14)
    assert 9 <= asked.num_in_a_sweep() <= 14
    rounds = {}
    for number, values in enumerate(straight["hyperband"]):
        rounds.setdefault(values["tuner/epochs"], []).append((number, values))
    assert sorted(rounds) == [1, 3, 9]
    promoted = [values for _, values in rounds[3] if "tuner/trial_id" in values]
    assert promoted
    first = [values for _, values in rounds[1]]
    assert min(map(score, first)) == min(map(score, promoted))


def test_a_gaussian_process_finds_what_chance_does_not(straight):
    assert min(map(score, straight["bayesian"])) < 0.1 * score(straight["bayesian"][0])


def test_an_unknown_method(tmp_path):
    with pytest.raises(RecipeError, match=r"'bayesian', 'hyperband'.*Did you mean 'bayesian'\?"):
        make("bayes", tmp_path)
