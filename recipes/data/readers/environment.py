"""Environments to play in, as data: an example is the beginning of an episode."""

from __future__ import annotations

import math

import numpy as np

from ...errors import RecipeError
from ..environment_split import EnvironmentSplit
from ..games import Games
from ..source import Source
from ..splits import Spec

NUM_TRAINING, NUM_VALIDATION, NUM_TEST = 1_000, 20, 100
# Far apart, so that no episode is both learned from and tested on.
FIRST_SEED = {"train": 0, "validation": 2**30, "test": 2**30 + 2**29}


def read(rest, name, data_dir, memory_limit) -> Source:
    """Read an environment of gymnasium.

    Args:
        rest: str, "NAME" or "NAME#EPISODES" such as "CartPole-v1#2000": how many beginnings there
            are for training, each once an epoch. Defaults to 1,000.
        name: str, what the user calls it.
        data_dir: not used.
        memory_limit: int, bytes of first observations at most.

    Returns:
        `Source` with the input "observation" and `EnvironmentSplit`s: 20 episodes for validation,
        100 for the test.

    Raises:
        RecipeError: there is no such environment, it does not fit, or `EPISODES` is no number or
            too large a one.
    """
    environment, _, count = rest.partition("#")
    if count and not (count.isascii() and count.isdecimal() and 1 <= int(count) <= 10**6):
        raise RecipeError(
            f"Data name {name!r} must end with the episodes of an epoch, a whole number from 1 to "
            f"10^6, as in 'gym:CartPole-v1#2000'. Received: {count!r}."
        )
    import gymnasium

    games = Games(environment)
    shape, dtype = games.observation_shape, games.observation_dtype
    counts = {
        "train": int(count or NUM_TRAINING),
        "validation": NUM_VALIDATION,
        "test": NUM_TEST,
    }
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if sum(counts.values()) * size > memory_limit:
        raise RecipeError(
            f"First observations of {name!r} must take at most {memory_limit:,} bytes. Received: "
            f"{sum(counts.values()):,} of {size:,} each. Ask for fewer with 'gym:NAME#EPISODES'."
        )
    splits = {}
    for split, number in counts.items():
        seeds = np.arange(FIRST_SEED[split], FIRST_SEED[split] + number)
        splits[split] = EnvironmentSplit(inputs=games.begin(seeds), targets=seeds, games=games)
    return Source(
        **splits,
        inputs=Spec("observation", shape, dtype),
        class_names=None,
        location=f"gymnasium {gymnasium.__version__}, {environment}",
        identity=repr((environment, gymnasium.__version__, shape, dtype, games.limit)).encode(),
        notes=(
            f"{games.num_actions} actions, at most {games.limit} steps an episode",
            "examples are beginnings of episodes; what comes then is the policy's",
        ),
    )
