import dataclasses

import numpy as np
import pytest

from kerasrecipes import recipes
from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.uncertainty import ensemble, ensembles, figures, probabilities


@pytest.fixture(scope="module")
def members(tmp_path_factory, data_dir):
    return ensemble(
        "mlp_digits",
        3,
        seed=4,
        epochs=2,
        runs=tmp_path_factory.mktemp("runs"),
        data_dir=data_dir,
        progress=False,
        outside={"zeros": np.zeros((5, 8, 8, 1), "uint8")},
    )


def test_the_members_are_runs_of_their_own(members):
    assert [result.seed for result in members.results] == [4, 5, 6]
    assert len({result.run for result in members.results}) == 3
    for result, own in zip(members.results, members.member_figures, strict=True):
        assert own["accuracy"] == pytest.approx(result.figures["accuracy"])
        assert own["nll"] == pytest.approx(result.figures["nll"], rel=1e-5)
    # They are runs as any other: one can go back to them.
    first = members.results[0]
    assert recipes.evaluate(first.run) == pytest.approx(first.figures, rel=1e-5)


def test_the_ensemble_is_the_mean_of_its_members(members):
    test = members.results[0].splits.test
    answers = np.stack([probabilities(result.model, test)[0] for result in members.results])
    np.testing.assert_allclose(members.probabilities(test), answers)
    mean = answers.mean(axis=0)
    assert members.figures["nll"] == pytest.approx(
        figures.negative_log_likelihood(mean, test.targets)
    )
    assert members.figures["mutual_information"] > 0
    # The likelihood of a mean is at least the mean of the likelihoods (Jensen).
    assert members.figures["nll"] < np.mean([own["nll"] for own in members.member_figures])
    assert 0 <= members.figures["auroc_zeros"] <= 1


def test_bagging_draws_with_replacement(tmp_path, data_dir):
    found = ensemble(
        "softmax_digits", 2, True, epochs=1, runs=tmp_path, data_dir=data_dir, progress=False
    )
    first, second = (result.splits for result in found.results)
    plain = recipes.data.load("digits", data_dir=data_dir)
    count = plain.train.num_examples
    assert first.train.num_examples == count
    # About 1 - 1/e of the examples are drawn.
    distinct = len(np.unique(first.train.inputs.reshape(count, -1), axis=0))
    assert 0.58 * count < distinct < 0.68 * count
    assert not np.array_equal(first.train.inputs, second.train.inputs)
    np.testing.assert_array_equal(first.test.inputs, plain.test.inputs)
    assert first.fingerprint != second.fingerprint != plain.fingerprint
    assert all(result.reached is None for result in found.results)


def test_the_same_seed_draws_the_same(load_few):
    splits = load_few("digits")
    same = [ensembles.bootstrapped(splits, 3).train.inputs for _ in range(2)]
    np.testing.assert_array_equal(*same)


def test_what_makes_no_ensemble(load_few):
    with pytest.raises(RecipeError, match=r"`num_members` of uncertainty\.ensemble must be at"):
        ensemble("mlp_digits", 1)
    with pytest.raises(RecipeError, match=r"`num_bins` of uncertainty\.ensemble must be"):
        ensemble("mlp_digits", num_bins=0)
    with pytest.raises(RecipeError, match="must give one class for each example"):
        ensemble("linear_diabetes")
    with pytest.raises(RecipeError, match="`epoch` is not a field of a recipe"):
        ensemble("mlp_digits", epoch=3)
    splits = load_few("digits")
    stream = dataclasses.replace(splits, train=Undividable())
    with pytest.raises(RecipeError, match="must be such that each can be chosen by its number"):
        ensembles.bootstrapped(stream, 0)


class Undividable:
    divisible = False
