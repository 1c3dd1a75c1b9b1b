"""Deep ensembles and bagging: a recipe trained several times, and asked together."""

from __future__ import annotations

import dataclasses

import numpy as np

from .. import catalog, data
from ..errors import check_at_least
from ..recipe import Result, replace
from ..recipe_faults import check_classes, check_divisible
from ..training import train
from .figures import NUM_BINS, summary
from .passes import probabilities


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The members of an ensemble, and what they say together.

    Attributes:
        results: tuple of `Result`, one a member, its trained model in it.
        figures: dict from name to float, of the mean of the members on the test split, as
            `figures.summary` gives them.
        member_figures: tuple of such dicts, one a member.
    """

    results: tuple[Result, ...]
    figures: dict[str, float]
    member_figures: tuple[dict[str, float], ...]

    def probabilities(self, inputs):
        """Return the answers of the members, `(members, examples, classes)`.

        Their mean over the first axis is the answer of the ensemble.

        Args:
            inputs: array `(examples, ...)` of raw inputs, or a `Split`.
        """
        return np.concatenate([probabilities(result.model, inputs) for result in self.results])


def ensemble(
    name,
    num_members=5,
    bagging=False,
    *,
    seed=0,
    outside=None,
    num_bins=NUM_BINS,
    data_dir=None,
    saved_models=None,
    **arguments,
):
    """Train a recipe several times, and average the probabilities.

    Without `bagging` the members differ by their seed: initial weights and order of the batches.
    Lakshminarayanan, Pritzel and Blundell 2017, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", https://arxiv.org/abs/1612.01474, found that to be better than
    bagging for networks. With it each learns from as many examples as there are, drawn with
    replacement: Breiman 1996, "Bagging predictors", https://doi.org/10.1007/BF00058655.

    Args:
        name: as `recipe` of `recipes.train`.
        num_members: int >= 2. Defaults to 5.
        bagging: bool, whether each member has a training split of its own. Defaults to False.
        seed: int >= 0 of the first member; the others have the numbers behind it. Defaults to 0.
        outside: dict from a name to an array of inputs of data that are not learnt, or None.
            Defaults to None.
        num_bins: int >= 1, of the error of calibration. Defaults to 15.
        data_dir: as for `recipes.train`. Defaults to None.
        saved_models: as for `recipes.train`. Defaults to None, which exports nothing.
        **arguments: go to `recipes.train`: `runs`, `progress`, and fields to replace.

    Returns:
        `Ensemble`.

    Raises:
        RecipeError: as `recipes.train`; there are fewer than 2 members, the task has no classes,
            or examples cannot be drawn from the data.
    """
    check_at_least("uncertainty.ensemble", 2, num_members=num_members)
    check_at_least("uncertainty.ensemble", 1, num_bins=num_bins)
    recipe = replace(catalog.get(name), **_fields(arguments))
    check_classes(recipe)
    splits = data.load(recipe.data, data_dir=data_dir) if bagging else None
    results = [
        train(
            name,
            seed=number,
            splits=bootstrapped(splits, number) if bagging else None,
            data_dir=data_dir,
            saved_models=saved_models,
            **arguments,
        )
        for number in range(seed, seed + num_members)
    ]
    found = Ensemble(results=tuple(results), figures={}, member_figures=())
    test = results[0].splits.test
    labels, passes = test.targets, found.probabilities(test)
    others = {key: found.probabilities(inputs) for key, inputs in (outside or {}).items()}

    def figures_of(members):
        chosen = {key: answers[members] for key, answers in others.items()}
        return summary(passes[members], labels, outside=chosen, num_bins=num_bins)

    return dataclasses.replace(
        found,
        figures=figures_of(slice(None)),
        member_figures=tuple(figures_of(slice(n, n + 1)) for n in range(num_members)),
    )


def bootstrapped(splits, seed):
    """Return splits whose training examples are drawn with replacement, as many as there are.

    Args:
        splits: `Splits` that can be divided.
        seed: int >= 0.

    Raises:
        RecipeError: examples cannot be drawn one by one.
    """
    check_divisible(splits)
    count = splits.train.num_examples
    drawn = np.random.default_rng(seed).integers(count, size=count)
    return dataclasses.replace(
        splits,
        train=splits.train.take(np.sort(drawn)),
        fingerprint=f"{splits.fingerprint}-bootstrap-{seed}",
        notes=(*splits.notes, f"train: {count} examples drawn with replacement, seed {seed}"),
    )


def _fields(arguments):
    return {
        name: value
        for name, value in arguments.items()
        if name not in ("runs", "progress", "strategy", "checkpoint_seconds")
    }
