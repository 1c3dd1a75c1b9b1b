"""Environments small enough to know every answer."""

import gymnasium
import numpy as np
import pytest


class Chain(gymnasium.Env):
    """Five places in a row: 0 goes to the left, 1 to the right; the last one ends it with 1.

    It begins anywhere but at the end, as the seed has it.
    """

    NUM_PLACES = 5

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(0, 1, (self.NUM_PLACES,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(self.NUM_PLACES - 1))
        return self._seen(), {}

    def step(self, action):
        self.place = max(self.place + (1 if action else -1), 0)
        end = self.place == self.NUM_PLACES - 1
        return self._seen(), float(end), end, False, {}

    def _seen(self):
        return np.eye(self.NUM_PLACES, dtype=np.float32)[self.place]


class Screen(gymnasium.Env):
    """A screen of bytes and actions from 3 on; it never ends by itself."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(0, 255, (36, 36, 4), np.uint8)
        self.action_space = gymnasium.spaces.Discrete(2, start=3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.full((36, 36, 4), seed % 256, np.uint8), {}

    def step(self, action):
        assert action in (3, 4)
        return np.full((36, 36, 4), action, np.uint8), 1.0, False, False, {}


TOYS = {
    "Chain-v0": (Chain, {"max_episode_steps": 20}),
    "Screen-v0": (Screen, {"max_episode_steps": 6}),
    "Endless-v0": (Chain, {}),
    "Chancy-v0": (Chain, {"max_episode_steps": 20, "nondeterministic": True}),
}


@pytest.fixture(scope="session", autouse=True)
def toys():
    """Register the toys for the tests of this folder."""
    for name, (entry_point, settings) in TOYS.items():
        gymnasium.register(name, entry_point, **settings)
    yield
    for name in TOYS:
        del gymnasium.registry[name]
