"""Play: choose actions so that the rewards of an episode add up."""

import abc
import dataclasses
import functools

import numpy as np
import tensorflow as tf

from ..data.environment_split import EnvironmentSplit
from ..data.games import Games
from ..drawings import play as drawings
from ..errors import RecipeError
from ..models import episodes
from .endpoint import on_raw_input
from .task import Task, built

NUM_FRAMES = 10
# Points of the map along each side.
NUM_POINTS = 60


@dataclasses.dataclass(frozen=True)
class Control(Task, abc.ABC):
    """Learn to act in an environment, from what acting in it shows.

    The model is a `keras.Model` that `fit` trains like any other: its data set holds beginnings of
    episodes, and its step plays on from them. A task of this kind says which model that is.

    The model has `episodes`, which plays its best actions; `actions` and `values` of observations;
    and `answers`, what a server gives.

    Evaluates to `mean_return`, `std_return` and `min_return` of one episode from each beginning of
    the split, played without chance, and to `baseline_mean_return`, that of actions drawn evenly.
    """

    monitor = "val_return"
    mode = "max"
    figures = ("mean_return", "std_return", "min_return", "baseline_mean_return")
    baseline = "a random policy"
    adds_penalties = False
    shareable = False  # open games and memory belong to one device

    def core(self, recipe, splits):
        if not isinstance(splits.train, EnvironmentSplit):
            raise RecipeError(
                f"Data set {splits.name!r} must be an environment to act in. Received: examples "
                "that do not answer. Take 'gym:CartPole-v1'."
            )
        return built(recipe, splits.input_shape, splits.train.games.num_actions)

    def assemble(self, recipe, splits):
        if recipe.normalize is not None:
            raise RecipeError(
                f"`normalize` of recipe {recipe.name!r} must be None, since what will be seen is "
                "not known before. Put the layer into `build`."
            )
        return self.learner(self.core(recipe, splits), recipe, splits)

    @abc.abstractmethod
    def learner(self, core, recipe, splits):
        """Return the model that learns with the network `core`."""

    def compile(self, model, make_optimizer, **settings):
        model.compile(make_optimizer(), **settings)

    def evaluate(self, model, splits, batches):
        by_chance_here = functools.partial(_by_chance, splits.test.games)
        recorded = functools.partial(model.episodes, record=True)
        returns, by_chance, first = [], [], None
        for observations, seeds in batches:
            returns.append(_in_a_graph(model.episodes, observations, seeds).returns.numpy())
            by_chance.append(_in_a_graph(by_chance_here, observations, seeds).returns.numpy())
            if first is None:
                first = _in_a_graph(recorded, observations[:1], seeds[:1])
        returns, by_chance = np.concatenate(returns), np.concatenate(by_chance)
        figures = {
            "mean_return": float(returns.mean()),
            "std_return": float(returns.std()),
            "min_return": float(returns.min()),
            "baseline_mean_return": float(by_chance.mean()),
        }
        seen = first.observations.numpy()[:, 0]
        outcome = {
            "returns": returns,
            "by_chance": by_chance,
            "seen": seen,
            "taken": first.actions.numpy()[:, 0],
            "map": None,
        }
        if seen.ndim == 2 and seen.shape[1] > 1:
            ranges = drawings.ranges_of(splits.test.games.name, seen)
            outcome["map"] = _map(model, seen, ranges)
        return figures, outcome

    def pictures(self, splits, split, outcome):
        name = splits.train.games.name
        seen, taken = outcome["seen"], outcome["taken"]
        length = len(taken)
        shown = [
            (
                "Returns",
                "Episodes by the sum of their rewards, beside as many of a random policy.",
                drawings.returns(outcome["returns"], outcome["by_chance"]),
            )
        ]
        if name.startswith("CartPole-"):
            frames = np.unique(np.linspace(0, length - 1, NUM_FRAMES).round().astype(int))
            shown.append(
                (
                    "An episode",
                    f"{len(frames)} of its {length} steps; the arrow is the push.",
                    drawings.cart_poles(seen[frames], taken[frames], frames),
                )
            )
        elif seen.ndim == 2:
            caption = "What was seen and done in one episode."
            shown.append(("An episode", caption, drawings.traces(seen, taken)))
        if outcome["map"] is not None:
            names = drawings.names_of(name, seen.shape[1])
            shown.append(
                (
                    "Value and action",
                    f"Over {names[-2]} and {names[-1]}, the others in their middle: how much "
                    "reward is to come, and which action is best.",
                    drawings.value_map(*outcome["map"], names[-2:], drawings.actions_of(name)),
                )
            )
        return shown

    def endpoints(self, model, splits):
        return {"serving_default": on_raw_input(model.answers, splits)}


def _in_a_graph(play, *tensors):
    """Call a function as a graph: step by step from Python, an episode takes ten times as long."""
    return tf.function(play).get_concrete_function(*tensors)(*tensors)


def _by_chance(games, observations, seeds):
    """Play actions that are drawn evenly."""

    def act(seen, number):
        return tf.random.stateless_uniform(
            tf.shape(seen)[:1], tf.stack([0, number]), maxval=games.num_actions, dtype=tf.int32
        )

    return episodes.play(games, act, observations, seeds)


def _map(model, seen, ranges):
    """Return two axes, and values and actions on the grid of the last two things seen."""
    middle = np.median(seen, axis=0)
    sides = [np.linspace(low, high, NUM_POINTS) for low, high in ranges]
    grid = np.tile(middle, (NUM_POINTS, NUM_POINTS, 1)).astype(seen.dtype)
    grid[..., -2], grid[..., -1] = np.meshgrid(*sides)
    flat = tf.constant(grid.reshape(-1, seen.shape[1]))
    shape = (NUM_POINTS, NUM_POINTS)
    values, actions = model.values(flat).numpy(), model.actions(flat).numpy()
    return *sides, values.reshape(shape), actions.reshape(shape)


def environment_of(splits):
    """Return the name and the most steps of the environment of a data set."""
    games: Games = splits.train.games
    return games.name, games.limit
