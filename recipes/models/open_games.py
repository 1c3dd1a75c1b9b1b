"""Games that go on from one training step to the next, in variables."""

import keras
import tensorflow as tf

from ..data.games import Games
from .episodes import step


@keras.saving.register_keras_serializable("kerasrecipes")
class OpenGames(keras.layers.Layer):
    """The episodes that an agent is in the middle of.

    All that a restart needs is in the variables: of each game the seed of its episode, the actions
    since it began, and what is seen now. `Games` plays them again where it must.
    """

    def __init__(self, environment, num_games, observation, limit, **keywords):
        """Set up.

        Args:
            environment: str, what gymnasium knows it by.
            num_games: int >= 1, played side by side.
            observation: pair of the shape of an observation, a tuple of int, and its dtype.
            limit: int, the most steps of an episode.
            **keywords: what every Keras layer takes.
        """
        super().__init__(**keywords)
        self.games = Games(environment)
        shape, dtype = observation
        self.seen = self._variable((num_games, *shape), dtype, "seen")
        self.seeds = self._variable((num_games,), "int64", "seeds", "ones")
        self.seeds.assign(-self.seeds)  # -1: no episode
        self.num_taken = self._variable((num_games,), "int32", "num_taken")
        self.taken = self._variable((num_games, limit), "int32", "taken")
        self.returns = self._variable((num_games,), "float32", "returns")
        self.built = True

    def begin(self, observations, seeds):
        """Begin an episode in each game that has none.

        Args:
            observations: `(games, ...)`, the first ones.
            seeds: int64 `(games,)`.
        """
        ended = self.seeds.value < 0
        self.seen.assign(_choose(ended, observations, self.seen.value))
        self.seeds.assign(tf.where(ended, seeds, self.seeds.value))
        self.num_taken.assign(tf.where(ended, 0, self.num_taken.value))
        self.returns.assign(tf.where(ended, 0.0, self.returns.value))

    def step(self, actions):
        """Take a step in each game.

        Args:
            actions: int32 `(games,)`.

        Returns:
            Five tensors: the observations after the step, float32 rewards, bool whether the
            episode came to its end, bool whether it is over, by its end or by its limit, and the
            sums of the rewards so far.
        """
        seeds, num_taken = self.seeds.value, self.num_taken.value
        seen, rewards, terminated, truncated = step(
            self.games, seeds, num_taken, self.taken.value, actions
        )
        at = tf.stack([tf.range(tf.shape(actions)[0]), num_taken], axis=1)
        self.taken.assign(tf.tensor_scatter_nd_update(self.taken.value, at, actions))
        self.num_taken.assign(num_taken + 1)
        self.seen.assign(seen)
        self.returns.assign(self.returns.value + rewards)
        over = terminated | truncated
        self.seeds.assign(tf.where(over, tf.constant(-1, tf.int64), seeds))
        return seen, rewards, terminated, over, self.returns.value

    def _variable(self, shape, dtype, name, initializer="zeros"):
        return self.add_weight(shape, initializer, dtype, trainable=False, name=name)


def _choose(chosen, some, others):
    """Take whole rows of `some` where chosen, else of `others`."""
    shape = (-1, *([1] * (len(others.shape) - 1)))
    return tf.where(tf.reshape(chosen, shape), some, others)
