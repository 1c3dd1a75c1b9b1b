"""The methods of a search by name, each an oracle."""

from __future__ import annotations

import math
import warnings

import keras_tuner
import numpy as np
from keras_tuner.src.tuners.bayesian import BayesianOptimizationOracle
from keras_tuner.src.tuners.hyperband import HyperbandOracle
from keras_tuner.src.tuners.randomsearch import RandomSearchOracle

from ...recipes.errors import RecipeError, near_names
from .coarse_to_fine import CoarseToFineOracle
from .durable import Durable
from .grid import GridOracle

# Of ranges without steps, where no number of trials says how fine a grid can be.
NUM_POINTS = 3


class RandomOracle(Durable, RandomSearchOracle):
    """Each trial drawn by itself (Bergstra and Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html)."""


class BayesianOracle(Durable, BayesianOptimizationOracle):
    """Each trial where a Gaussian process promises most (Snoek et al. 2012, https://arxiv.org/abs/1206.2944)."""

    def populate_space(self, trial_id):
        """Return the next trial's values."""
        # KerasTuner draws where to begin from a state that it does not save.
        self._random_state = np.random.RandomState([self.seed, int(trial_id)])
        with warnings.catch_warnings():
            # A length at the end of its range is no news to whoever searches.
            warnings.simplefilter("ignore")
            response = super().populate_space(trial_id)
        # Where choices are few, the best point stays the best one however often it is tried.
        tried = response["values"] is not None and self._duplicate(response["values"])
        return self._random_populate_space() if tried else response


class SweepOracle(Durable, HyperbandOracle):
    """Many trials for few epochs, the better ones for more (Li et al. 2018, https://jmlr.org/papers/v18/16-558.html).

    The sizes of the rounds are those of the paper times a factor, so that one sweep through all
    brackets is as large as the budget.

    Args:
        num_trials: int >= 1 or None, trials of one sweep; None is the paper's number.
        seed, deadline, **arguments: as for `Durable`.
    """

    def __init__(self, *, num_trials=None, **arguments):
        self.scale = 1.0
        super().__init__(**arguments)
        self.max_trials = num_trials
        if num_trials is not None:
            # From the largest down: the first that is not too much.
            scales = (num / 100 for num in range(1000, 0, -1))
            for self.scale in scales:
                if self.num_in_a_sweep() <= num_trials:
                    break

    def num_in_a_sweep(self):
        """Return how many trials all brackets have together."""
        return sum(
            self._get_size(bracket, number)
            for bracket in range(self._get_num_brackets())
            for number in range(bracket + 1)
        )

    def _get_size(self, bracket_num, round_num):
        return max(1, math.floor(self.scale * super()._get_size(bracket_num, round_num)))


def _random(settings, num_trials, recipe):
    return RandomOracle(max_trials=num_trials, **settings)


def _grid(settings, num_trials, recipe):
    num_points = _finest(settings["hyperparameters"], num_trials)
    return GridOracle(max_trials=num_trials, num_points=num_points, **settings)


def _bayesian(settings, num_trials, recipe):
    # A third of the budget is drawn at random, as much as KerasTuner asks for at most: it takes
    # three a dimension, which of a budget of twenty leaves nothing to be guided.
    dimensions = len(settings["hyperparameters"].space)
    initial = max(3, min(3 * dimensions, (num_trials or 3 * 3 * dimensions) // 3))
    return BayesianOracle(max_trials=num_trials, num_initial_points=initial, **settings)


def _hyperband(settings, num_trials, recipe):
    return SweepOracle(num_trials=num_trials, max_epochs=recipe.epochs, factor=3, **settings)


def _coarse_to_fine(settings, num_trials, recipe):
    half = None if num_trials is None else max(1, num_trials // 2)
    num_points = _finest(settings["hyperparameters"], half)
    return CoarseToFineOracle(
        max_trials=num_trials,
        num_coarse=half or num_points ** len(settings["hyperparameters"].space),
        num_points=num_points,
        coarse_epochs=max(1, min(5, recipe.epochs // 4)),  # "1 to 5 epochs", CS231n
        **settings,
    )


def _finest(hyperparameters, num_trials):
    """Return how many points each range without steps can have, so that the grid fits a budget."""
    fixed, free = 1, 0
    for each in hyperparameters.space:
        if hasattr(each, "min_value") and each.step is None:
            free += 1
        else:
            fixed *= len(list(each.values))
    if num_trials is None or not free:
        return NUM_POINTS
    return max(2, math.floor((num_trials / fixed) ** (1 / free) + 1e-9))


METHODS = {
    "random": _random,
    "grid": _grid,
    "bayesian": _bayesian,
    "hyperband": _hyperband,
    "coarse_to_fine": _coarse_to_fine,
}


def oracle(
    method, *, objective, direction, hyperparameters, num_trials, recipe, seed, deadline=None
):
    """Return the oracle of a method.

    Args:
        method: str, one of `METHODS`.
        objective: str, what is reported of a trial.
        direction: "min" or "max", which way it gets better.
        hyperparameters: the declared `keras_tuner.HyperParameters`.
        num_trials: int >= 1, or None for as many as there is time for.
        recipe: the base `Recipe`; its epochs are those of a whole trial.
        seed: int >= 0.
        deadline: float, the time (as `time.time`) from which on no trial is begun, or None.

    Raises:
        RecipeError: there is no such method (with near names).
    """
    check_method(method)
    settings = {
        "objective": keras_tuner.Objective(objective, direction),
        "hyperparameters": hyperparameters,
        "seed": seed,
        "deadline": deadline,
    }
    return METHODS[method](settings, num_trials, recipe)


def check_method(method):
    """Check that there is a method of a name.

    Raises:
        RecipeError: there is none (with near names).
    """
    if method not in METHODS:
        raise RecipeError(
            f"`method` of a search must be one of {', '.join(map(repr, METHODS))}. "
            f"Received: method={method!r}." + near_names(method, METHODS)
        )
