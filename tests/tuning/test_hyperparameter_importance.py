"""Importance is checked against functions whose variance is known."""

import dataclasses
import math

import pytest

from kerasrecipes.tuning.reporting import importance, importance_rows


@pytest.fixture
def square(number):
    return [number("x1", 0.0, 1.0), number("x2", 0.0, 1.0)]


def test_the_shares_of_a_sum_are_those_of_the_variances(make_search, square):
    # Var(x1 + 2 x2) = (1 + 4) / 12 on the unit square.
    found = importance(make_search(200, space=square, objective=lambda v, _: v["x1"] + 2 * v["x2"]))
    assert found.shares["x1"] == pytest.approx(0.2, abs=0.05)
    assert found.shares["x2"] == pytest.approx(0.8, abs=0.05)
    assert list(found.shares) == ["x2", "x1"]
    assert found.interactions < 0.05
    assert found.explained > 0.9
    assert found.num_trials == 200


def test_what_does_nothing_has_no_share(make_search, square):
    noisy = lambda v, generator: 3 * v["x1"] + generator.normal(0, 0.1)  # noqa: E731
    found = importance(make_search(60, space=square, objective=noisy))
    assert found.shares["x1"] > 0.95
    assert found.shares["x2"] < 0.03


def test_what_only_counts_together_is_an_interaction(make_search, square):
    # Of (x1 - 1/2)(x2 - 1/2) neither mean depends on anything.
    product = lambda v, _: (v["x1"] - 0.5) * (v["x2"] - 0.5)  # noqa: E731
    found = importance(make_search(300, space=square, objective=product))
    assert found.interactions > 0.6
    first, second, share = found.pairs[0]
    assert {first, second} == {"x1", "x2"}
    assert share == pytest.approx(found.interactions)


def test_a_logarithmic_range_is_even_by_its_logarithm(make_search, number):
    space = [number("rate", 1e-6, 1.0, sampling="log"), number("x", 0.0, 1.0)]

    # Var(log10(rate) / 6) = Var(x) = 1 / 12.
    def half_and_half(v, _):
        return math.log10(v["rate"]) / 6 + v["x"]

    found = importance(make_search(200, space=space, objective=half_and_half))
    assert found.shares["rate"] == pytest.approx(0.5, abs=0.07)


def test_categories_are_weighed_alike_and_have_no_order(make_search, number, choice):
    space = [choice("kind", "a", "b", "c"), number("x", 0.0, 1.0)]

    # "b" stands between the others and differs from both: Var = 2/9 against 1/12.
    def middle(v, _):
        return float(v["kind"] == "b") + v["x"]

    found = importance(make_search(200, space=space, objective=middle))
    share = (2 / 9) / (2 / 9 + 1 / 12)
    assert found.shares["kind"] == pytest.approx(share, abs=0.06)


def test_what_is_not_used_explains_nothing_about_where_it_is_used(make_search, number, choice):
    space = [
        choice("kind", "with", "without"),
        number("inner", 0.0, 1.0, only=[("kind", ["with"])]),
        number("x", 0.0, 1.0),
    ]

    # The kind alone decides: that a value is there is no merit of the value.
    def kind(v, _):
        return 1.0 if v["kind"] == "with" else 0.0

    found = importance(make_search(80, space=space, objective=kind))
    assert found.shares["kind"] > 0.95
    assert found.shares["inner"] < 0.03


def test_rounds_of_different_lengths_are_no_variance_of_the_hyperparameters(make_search, square):
    # Short rounds are far worse, and in them the other hyperparameter counts.
    search = make_search(160, space=square, objective=lambda v, _: 0.0)
    search.update(method="hyperband")
    for trial in search.trials():
        whole = trial.number % 2 == 0
        value = 10 + trial.values["x1"] if whole else 3 * trial.values["x2"]
        epochs = 27 if whole else 3
        search.write(
            dataclasses.replace(trial, objective=value, objectives=(value,), epochs=epochs)
        )
    found = importance(search)
    assert found.shares["x1"] > 0.9
    assert found.shares["x2"] < 0.05


def test_one_that_diverged_is_not_all_of_the_variance(make_search, square):
    def explodes(v, _):
        return v["x1"] if v["x2"] < 0.97 else 1e12

    search = make_search(100, space=square, objective=explodes)
    search.update(direction="min")
    assert 0 < sum(trial.objective == 1e12 for trial in search.trials()) < 10
    assert importance(search).shares["x1"] > 0.5


def test_the_same_search_has_the_same_importance(make_search):
    search = make_search(30)
    assert importance(search) == importance(search)
    assert importance(search, seed=1) != importance(search)


def test_the_synthetic_search_depends_on_its_rate(make_search):
    found = importance(make_search(60))
    assert max(found.shares, key=found.shares.get) == "learning_rate"
    assert found.shares["learning_rate"] > 0.7
    assert sum(found.shares.values()) + found.interactions == pytest.approx(1)


def test_noise_is_called_noise(make_search, square):
    search = make_search(40, space=square, objective=lambda v, generator: generator.normal())
    assert importance(search).explained < 0.1
    assert "mostly noise" in importance_rows(search)[0]


@pytest.mark.parametrize(
    "num_trials, objective, reason",
    [
        (11, lambda v, g: g.normal(), "Too few trials to say: 11 with a value, and 12"),
        (30, lambda v, g: 0.5, "All trials are equally good"),
    ],
)
def test_where_nothing_can_be_said_it_says_so(make_search, num_trials, objective, reason):
    search = make_search(num_trials, objective=objective)
    found = importance(search)
    assert reason in found.reason
    assert found.shares == {}
    assert importance_rows(search) == ("", ["importance"], [[found.reason]])


def test_one_hyperparameter_has_no_other_to_be_compared_with(make_search, number):
    search = make_search(30, space=[number("x", 0.0, 1.0)], objective=lambda v, _: v["x"])
    assert "not two" in importance(search).reason
