"""How much each hyperparameter decides about the objective."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from .objective_scale import objective_scale
from .outcome import outcome_of
from .tree_variance import Known, OneOfMany, Uniform, tree_variance

_NUM_TREES = 64
# How often the value of a hyperparameter that a trial has no use for is drawn.
_NUM_DRAWS = 8
_NUM_FOLDS = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Importance:
    """How much each hyperparameter decides about the objective.

    Attributes:
        shares: dict from hyperparameter to its share of the objective's variance over the space,
            in [0, 1], the greatest first: what is due to it alone, whatever the others are.
        deviations: dict from hyperparameter to the standard deviation of its share from tree to
            tree, which says how sure the share is.
        interactions: float in [0, 1], the share that is due to several of them together.
        pairs: tuple of `(first, second, share)`, the greatest first: what is due to two together
            and not to either alone.
        explained: float <= 1, the share of the variance of trials it has not seen that the forest
            foretells (R² of 5 folds). Near or below 0 the shares say nothing.
        num_trials: int, those it is computed from.
        reason: str, why there are no shares, or None where there are.
    """

    shares: dict[str, float] = dataclasses.field(default_factory=dict)
    deviations: dict[str, float] = dataclasses.field(default_factory=dict)
    interactions: float = 0.0
    pairs: tuple[tuple[str, str, float], ...] = ()
    explained: float = 0.0
    num_trials: int = 0
    reason: str | None = None


def importance(folder, *, seed: int = 0) -> Importance:
    """Say how much each hyperparameter decides about the objective.

    Functional analysis of variance: a random forest learns the objective as a function of the
    hyperparameters, and the variance of that function over the whole space, logarithmic ranges by
    their logarithm, is divided among them exactly. Hutter, Hoos and Leyton-Brown 2014, "An
    efficient approach for assessing hyperparameter importance" (ICML).

    A pruned trial counts with the value it was pruned at, a trial that failed not at all. Where a
    method trains in rounds of different lengths, the forest learns from all of them what the number
    of epochs does, and the shares are those at the greatest. A value on the bad side far beyond the
    others counts as the worst that is not (`ObjectiveScale`). Where a trial has no use for a
    hyperparameter, such as the momentum of an optimizer that has none, its value is drawn anew
    again and again, so that it can explain nothing there.

    Args:
        folder: `SearchFolder`, its path, or `Outcome`.
        seed: int >= 0, of the forest. Defaults to 0.

    Returns:
        `Importance`; with fewer than 4 trials and 2 more for each hyperparameter it only has the
        reason why it says nothing.

    Raises:
        RecipeError: it is no search, or no trial has ended.
    """
    outcome = outcome_of(folder)
    varied = [each for each in outcome.hyperparameters if each.varies]
    # In the order in which they were started, so that the folds are no ranking.
    trials = sorted(outcome.valued, key=lambda trial: trial.number)
    if len(varied) < 2:
        return Importance(
            num_trials=len(trials),
            reason="Importance compares hyperparameters, and there are not two.",
        )
    needed = 2 * len(varied) + 4
    if len(trials) < needed:
        return Importance(
            num_trials=len(trials),
            reason=f"Too few trials to say: {len(trials)} with a value, and {needed} are needed "
            f"for {len(varied)} hyperparameters.",
        )
    scale = objective_scale(outcome)
    target = scale.share([trial.objective for trial in trials])
    if np.ptp(target) == 0:
        return Importance(num_trials=len(trials), reason="All trials are equally good.")
    inputs = [OneOfMany(len(each.values)) if each.is_choice else Uniform() for each in varied]
    rows, owners = _drawn(trials, varied, inputs, np.random.default_rng(seed))
    if outcome.in_rounds:
        epochs = np.log([max(1, trial.epochs) for trial in trials])
        rows = np.column_stack([rows, epochs[owners]])
        inputs.append(Known(epochs.max()))
    forest = _forest(rows, target[owners], len(trials), seed)
    found = [tree_variance(tree, inputs) for tree in forest.estimators_]
    found = [each for each in found if each.total > 0]
    if not found:
        return Importance(num_trials=len(trials), reason="No hyperparameter makes a difference.")
    names = [each.name for each in varied]
    single = np.array([each.single[: len(names)] / each.total for each in found])
    shares, deviations = single.mean(axis=0), single.std(axis=0)
    order = np.argsort(-shares, kind="stable")
    pairs = [
        (names[i], names[j], float(np.mean([each.pairs[i, j] / each.total for each in found])))
        for i, j in itertools.combinations(range(len(names)), 2)
    ]
    return Importance(
        shares={names[place]: float(shares[place]) for place in order},
        deviations={names[place]: float(deviations[place]) for place in order},
        interactions=max(0.0, 1.0 - float(shares.sum())),
        pairs=tuple(sorted(pairs, key=lambda pair: -pair[2])),
        explained=_explained(rows, target, owners, _folds(trials, seed), seed),
        num_trials=len(trials),
    )


def _drawn(trials, varied, inputs, generator):
    """Return places `(num_rows, num_inputs)` and whose they are `(num_rows,)`."""
    places = np.array(
        [
            [np.nan if (place := each.place(trial.values)) is None else place for each in varied]
            for trial in trials
        ]
    )
    num_draws = _NUM_DRAWS if np.isnan(places).any() else 1
    rows = np.tile(places, (num_draws, 1))
    for column, distribution in enumerate(inputs):
        unused = np.isnan(rows[:, column])
        rows[unused, column] = distribution.draw(generator, unused.sum())
    return rows, np.tile(np.arange(len(trials)), num_draws)


def _forest(rows, target, num_trials, seed):
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        _NUM_TREES, min_samples_leaf=2, max_samples=min(num_trials, len(rows)), random_state=seed
    )
    return forest.fit(rows, target)


def _folds(trials, seed):
    """Return the fold of each trial: one with the trial that it went on with."""
    first = {}
    for trial in trials:
        first[trial.number] = first.get(trial.continued_from, trial.number)
    starts = sorted(set(first.values()))
    folds = np.random.default_rng(seed).permutation(np.arange(len(starts)) % _NUM_FOLDS)
    return np.array([folds[starts.index(first[trial.number])] for trial in trials])


def _explained(rows, target, owners, folds, seed):
    if len(np.unique(folds)) < 2:
        return 0.0
    foretold = np.zeros(len(target))
    for fold in np.unique(folds):
        held = folds[owners] == fold
        forest = _forest(rows[~held], target[owners][~held], (folds != fold).sum(), seed)
        mine = np.bincount(owners[held], forest.predict(rows[held]), len(target))
        count = np.bincount(owners[held], minlength=len(target))
        foretold += np.divide(mine, count, out=np.zeros_like(mine), where=count > 0)
    return float(1 - np.sum((target - foretold) ** 2) / np.sum((target - target.mean()) ** 2))
