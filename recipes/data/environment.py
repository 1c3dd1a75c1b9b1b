"""Environments to play in, as data: an example is the beginning of an episode."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from ..errors import RecipeError
from .games import Games
from .source import Source
from .splits import Spec, Split

NUM_TRAINING, NUM_VALIDATION, NUM_TEST = 1_000, 20, 100
# Far apart, so that no episode is both learned from and tested on.
FIRST_SEED = {"train": 0, "validation": 2**30, "test": 2**30 + 2**29}
_NUM_SEEDS = 2**29


def read(rest, name, data_dir, memory_limit) -> Source:
    """Read an environment of gymnasium.

    Args:
        rest: str, "NAME" or "NAME#EPISODES" such as "CartPole-v1#2000": how many episodes stand
            ready in an epoch of training. Defaults to 1,000.
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: not used.

    Returns:
        `Source` with the input "observation" and `EnvironmentSplit`s: 20 episodes for validation,
        100 for the test.

    Raises:
        RecipeError: there is no such environment, it does not fit, or `EPISODES` is no number.
    """
    environment, _, count = rest.partition("#")
    if count and not (count.isascii() and count.isdecimal() and 1 <= int(count) <= 10**9):
        raise RecipeError(
            f"Data name {name!r} must end with the episodes of an epoch, a whole number from 1 to "
            f"10^9, as in 'gym:CartPole-v1#2000'. Received: {count!r}."
        )
    import gymnasium

    games = Games(environment)
    shape, dtype = games.observation_shape, games.observation_dtype
    counts = {
        "train": int(count or NUM_TRAINING),
        "validation": NUM_VALIDATION,
        "test": NUM_TEST,
    }
    return Source(
        **{
            split: EnvironmentSplit(games=games, first_seed=FIRST_SEED[split], num_examples=number)
            for split, number in counts.items()
        },
        inputs=Spec("observation", shape, dtype),
        class_names=None,
        location=f"gymnasium {gymnasium.__version__}, {environment}",
        identity=repr((environment, gymnasium.__version__, shape, dtype, games.limit)).encode(),
        notes=(
            f"{games.num_actions} actions, at most {games.limit} steps an episode",
            "examples are beginnings of episodes; what comes then is the policy's",
        ),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvironmentSplit(Split):
    """Beginnings of episodes: the first observation, and the seed as the target.

    Training draws other seeds each epoch. The seeds of two splits never meet.

    Attributes:
        games: `Games` of the environment.
        first_seed: int, the seed of the first example; the others follow.
        num_examples: int, how many episodes there are; of training, how many stand ready to be
            begun in an epoch.
    """

    games: Games
    first_seed: int
    num_examples: int

    @property
    def targets(self):
        return np.arange(self.first_seed, self.first_seed + self.num_examples)

    def first(self, num_examples):
        return dataclasses.replace(self, num_examples=min(num_examples, self.num_examples))

    def keys(self, batch_size, seed, epoch):
        seeds = tf.random.stateless_uniform(
            (self.steps_per_epoch(batch_size), batch_size),
            seed=tf.stack([tf.cast(seed, tf.int64), epoch]),
            minval=self.first_seed,
            maxval=self.first_seed + _NUM_SEEDS,
            dtype=tf.int64,
        )
        return tf.data.Dataset.from_tensor_slices(seeds)

    def reader(self):
        shape, dtype = self.games.observation_shape, self.games.observation_dtype

        def begin(seeds):
            # Not stateful: a beginning is a function of its seed.
            observations = tf.numpy_function(self.games.begin, [seeds], dtype, stateful=False)
            return tf.ensure_shape(observations, (seeds.shape[0], *shape)), seeds

        return begin

    def ordered(self, batch_size):
        seeds = tf.data.Dataset.range(self.first_seed, self.first_seed + self.num_examples)
        return seeds.batch(batch_size).map(self.reader()).prefetch(tf.data.AUTOTUNE)

    def examples(self, indices):
        seeds = self.targets[np.asarray(indices, np.int64)]
        return self.games.begin(seeds), seeds
