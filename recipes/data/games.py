"""Games of an environment that go on side by side, as a pure function with a memory."""

from __future__ import annotations

import numpy as np

from ..errors import RecipeError, near_names


class Games:
    """Games of one gymnasium environment, played a step at a time.

    What a step gives depends on its arguments alone: the seed of the episode, the actions since it
    began, and the next one. The environments that are kept open are but a memory of the last call.
    A game that is not in it, as after a restart, begins anew with its seed and is played again by
    its actions; that is exact, since only deterministic environments are taken. So the state of a
    game is a number and a list of actions, and never a pickle.

    Attributes:
        name: str, what gymnasium knows the environment by.
    """

    def __init__(self, name):
        """Set up; no environment is opened before it is asked for."""
        self.name = name
        self._open = []  # environments, one a game
        self._played = []  # what each of them has played: a seed, and an array of actions

    @property
    def observation_shape(self):
        """The shape of one observation, a tuple of int."""
        return self._environment(0).observation_space.shape

    @property
    def observation_dtype(self):
        """The dtype of one observation: "uint8" for images of bytes, else "float32"."""
        is_bytes = self._environment(0).observation_space.dtype == np.uint8
        return "uint8" if is_bytes else "float32"

    @property
    def num_actions(self):
        """How many actions there are; they are numbered from 0."""
        return int(self._environment(0).action_space.n)

    @property
    def limit(self):
        """How many steps an episode has at most."""
        return self._environment(0).spec.max_episode_steps

    def begin(self, seeds):
        """Return the first observations of episodes, `(len(seeds), *observation_shape)`.

        Games that go on are left alone.
        """
        # An environment of its own, the first one; games are played in those behind it.
        environment = self._environment(0)
        observations = [environment.reset(seed=int(seed))[0] for seed in seeds]
        shape = (len(seeds), *environment.observation_space.shape)
        return np.array(observations, self.observation_dtype).reshape(shape)

    def step(self, seeds, num_taken, taken, actions):
        """Play a step of each game.

        Args:
            seeds: int array `(games,)`, the seed of each episode; -1 where there is none.
            num_taken: int array `(games,)`, the actions since it began.
            taken: int array `(games, limit)`, those actions; what is behind them is not looked at.
            actions: int array `(games,)` in [0, num_actions).

        Returns:
            Four arrays: observations `(games, *observation_shape)`, float32 rewards, and bool
            whether the episode has come to its end, and whether it was cut off at its limit. Zeros
            where there is no episode.
        """
        first = self._environment(0)
        shape = first.observation_space.shape
        observations = np.zeros((len(seeds), *shape), self.observation_dtype)
        rewards = np.zeros(len(seeds), "float32")
        terminated = np.zeros(len(seeds), bool)
        truncated = np.zeros(len(seeds), bool)
        begin = int(first.action_space.start)
        for game in np.flatnonzero(seeds >= 0).tolist():
            environment = self._environment(1 + game)
            before = taken[game, : num_taken[game]]
            self._bring_to(environment, game, int(seeds[game]), before, begin)
            action = int(actions[game])
            observation, reward, end, cut, _ = environment.step(begin + action)
            observations[game], rewards[game] = observation, reward
            terminated[game], truncated[game] = end, cut
            if end or cut:
                self._played[1 + game].forget()
            else:
                self._played[1 + game].append(action)
        return observations, rewards, terminated, truncated

    def _bring_to(self, environment, game, seed, before, begin):
        played = self._played[1 + game]
        if len(before) and played.is_(seed, before):
            return
        environment.reset(seed=seed)
        for action in before.tolist():
            environment.step(begin + action)
        played.become(seed, before)

    def _environment(self, number):
        while len(self._open) <= number:
            self._open.append(make(self.name))
            self._played.append(_Played(self._open[0].spec.max_episode_steps))
        return self._open[number]


class _Played:
    """The seed of an episode and the actions since it began."""

    def __init__(self, limit):
        self.seed, self.count = -1, 0
        self.actions = np.zeros(limit, np.int32)

    def is_(self, seed, actions):
        known = self.actions[: self.count]
        return self.seed == seed and np.array_equal(known, actions)

    def become(self, seed, actions):
        self.seed, self.count = seed, len(actions)
        self.actions[: self.count] = actions

    def forget(self):
        self.seed = -1

    def append(self, action):
        self.actions[self.count] = action
        self.count += 1


def make(name):
    """Open an environment whose spaces a value or a policy over actions can be learned for.

    Args:
        name: str, what gymnasium knows it by, such as "CartPole-v1".

    Raises:
        RecipeError: gymnasium or a part of it is not installed, there is no such environment (with
            near names), or its spaces, its length or its chance do not fit.
    """
    try:
        import gymnasium
    except ImportError as error:
        raise RecipeError(
            f"Environment {name!r} must be one of gymnasium, which is not installed. Received: "
            f"{error}. Install it with `pip install gymnasium`."
        ) from error
    try:
        # The checker looks at every step of the first episode, and warns of what it dislikes.
        environment = gymnasium.make(name, disable_env_checker=True)
    except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
        raise RecipeError(
            f"Environment {name!r} must have what it depends on. Received: {_line(error)}"
        ) from error
    except gymnasium.error.Error as error:
        raise RecipeError(
            f"Environment {name!r} must be one that gymnasium knows. Received: "
            f"{_line(error).partition(' Did you mean')[0]}"  # ours follow
            + near_names(name, gymnasium.registry)
        ) from error
    _check(environment, name, gymnasium.spaces)
    return environment


def _check(environment, name, spaces):
    if not isinstance(environment.action_space, spaces.Discrete):
        raise RecipeError(
            f"Environment {name!r} must have a number of actions to choose from (Discrete), since "
            f"each has a value of its own. Received: {environment.action_space}."
        )
    if not isinstance(environment.observation_space, spaces.Box):
        raise RecipeError(
            f"Environment {name!r} must show an array of numbers (Box). Received: "
            f"{environment.observation_space}."
        )
    if not environment.spec.max_episode_steps:
        raise RecipeError(
            f"Environment {name!r} must end its episodes after some number of steps. Received: no "
            "limit. Register it with `max_episode_steps`."
        )
    if environment.spec.nondeterministic:
        raise RecipeError(
            f"Environment {name!r} must be deterministic given its seed, so that a run can go on "
            "where it was killed. Received: one that is not."
        )


def _line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
