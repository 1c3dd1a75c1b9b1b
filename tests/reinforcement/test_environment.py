"""Environments as data, games that are played again after a restart, and whole episodes."""

import sys

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import data
from kerasrecipes.recipes.data.games import Games
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.models.episodes import play
from kerasrecipes.recipes.models.open_games import OpenGames

LIMIT = 500


def plain(seed, actions):
    """Play with gymnasium alone, and return all that was seen, and how it ended."""
    environment = gymnasium.make("CartPole-v1")
    seen, ends = [environment.reset(seed=seed)[0]], []
    for action in actions:
        observation, _, *end, _ = environment.step(int(action))
        seen.append(observation)
        ends.append(tuple(end))
    return np.array(seen), ends


def padded(*rows):
    taken = np.zeros((len(rows), LIMIT), "int32")
    for place, row in enumerate(rows):
        taken[place, : len(row)] = row
    return taken


def test_the_beginnings_are_gymnasiums():
    splits = data.load("gym:CartPole-v1")
    assert (splits.inputs.name, splits.inputs.shape, splits.inputs.dtype) == (
        "observation", (4,), "float32",
    )  # fmt: skip
    assert splits.train.num_examples == 1000 and splits.test.num_examples == 100
    observations, seeds = splits.test.examples([3, 0])
    assert seeds.tolist() == splits.test.targets[[3, 0]].tolist()
    for observation, seed in zip(observations, seeds.tolist(), strict=True):
        np.testing.assert_array_equal(observation, plain(seed, [])[0][0])
    batches = list(splits.test.first(5).ordered(2).as_numpy_iterator())
    assert [len(targets) for _, targets in batches] == [2, 2, 1]
    np.testing.assert_array_equal(batches[1][0][1], observations[0])
    assert splits.fingerprint == data.load("gym:CartPole-v1").fingerprint
    assert splits.fingerprint != data.load("gym:Chain-v0").fingerprint
    assert data.load("gym:CartPole-v1#2000").train.num_examples == 2000


def test_no_episode_is_in_two_splits():
    splits = data.load("gym:Chain-v0#64")
    drawn = [t for _, t in training_batches(splits.train, 8, seed=0).take(16).as_numpy_iterator()]
    train = set(np.concatenate(drawn).tolist())
    others = {*splits.validation.targets.tolist(), *splits.test.targets.tolist()}
    assert len(others) == 120 and len(train) == 64  # each in each of two epochs
    assert not train & others and max(train) < min(others)


def test_a_batch_is_a_function_of_seed_and_step():
    train = data.load("gym:Chain-v0#40").train

    def drawn(seed, first_step=0):
        batches = training_batches(train, 8, seed=seed, first_step=first_step)
        taken = batches.take(12 - first_step).as_numpy_iterator()
        return [targets.tolist() for _, targets in taken]

    assert drawn(1) == drawn(1) and drawn(1)[7:] == drawn(1, first_step=7)
    assert drawn(1) != drawn(2)


def test_steps_are_gymnasiums():
    games = Games("CartPole-v1")
    rows = [[0, 1, 1, 0, 1], [1, 1, 1, 1, 1]]
    expected = [plain(seed, row) for seed, row in zip((7, 8), rows, strict=True)]
    for number in range(5):
        seen, rewards, terminated, truncated = games.step(
            np.array([7, 8]),
            np.array([number, number]),
            padded(*rows),
            np.array([row[number] for row in rows]),
        )
        for game, (states, ends) in enumerate(expected):
            np.testing.assert_array_equal(seen[game], states[number + 1])
            assert (terminated[game], truncated[game]) == ends[number]
        assert rewards.tolist() == [1, 1]


def test_a_restart_plays_the_game_again_to_the_same_state():
    row = [0, 1, 1, 0, 1, 0, 0, 1]
    going_on, restarted = Games("CartPole-v1"), Games("CartPole-v1")
    for number, action in enumerate(row):
        last = going_on.step(np.array([5]), np.array([number]), padded(row), np.array([action]))
    again = restarted.step(np.array([5]), np.array([7]), padded(row), np.array([row[7]]))
    for one, other in zip(last, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again[0][0], plain(5, row)[0][-1])


def test_a_step_does_not_hang_on_what_was_asked_before():
    games, row, other = Games("CartPole-v1"), [0, 1, 1, 0], [1, 1, 0, 0]
    arguments = (np.array([5]), np.array([3]), padded(row), np.array([0]))
    first = games.step(*arguments)[0]
    games.step(np.array([5]), np.array([3]), padded(other), np.array([0]))  # other actions
    np.testing.assert_array_equal(games.step(*arguments)[0], first)
    games.step(np.array([6]), np.array([3]), padded(row), np.array([0]))  # another seed
    games.begin([1, 2, 3])
    np.testing.assert_array_equal(games.step(*arguments)[0], first)
    # Twice the same step is the same step, and not the next one.
    np.testing.assert_array_equal(games.step(*arguments)[0], first)


def test_the_last_step_of_an_episode_can_be_asked_for_again():
    row = [1] * 12
    length = next(i for i, end in enumerate(plain(5, row[:9])[1], start=1) if any(end))
    games = Games("CartPole-v1")
    arguments = (np.array([5]), np.array([length - 1]), padded(row), np.array([1]))
    for _ in range(2):
        seen, rewards, terminated, _ = games.step(*arguments)
        np.testing.assert_array_equal(seen[0], plain(5, row[:length])[0][-1])
        assert terminated[0] and rewards[0] == 1


def test_places_without_an_episode_stay_empty():
    seen, rewards, terminated, truncated = Games("CartPole-v1").step(
        np.array([-1, 4]), np.array([9, 0]), padded([], []), np.array([1, 1])
    )
    assert not seen[0].any() and rewards.tolist() == [0, 1]
    assert not terminated.any() and not truncated.any()


def test_bytes_and_actions_that_begin_elsewhere():
    games = Games("Screen-v0")
    assert games.observation_dtype == "uint8" and games.num_actions == 2 and games.limit == 6
    seen, _, _, truncated = games.step(
        np.array([9]), np.array([5]), np.zeros((1, 6), "int32"), np.array([1])
    )
    assert seen.dtype == np.uint8 and (seen == 4).all() and truncated[0]


@pytest.mark.parametrize("compiled", [False, True])
def test_whole_episodes_are_those_of_a_loop(compiled):
    games = Games("CartPole-v1")
    seeds = np.array([11, 12, 13])

    def act(observations, number):  # pushes towards where the pole falls
        return tf.cast(observations[:, 2] + observations[:, 3] > 0, tf.int32)

    def whole(observations, seeds):
        return play(games, act, observations, seeds, record=True)

    played = (tf.function(whole) if compiled else whole)(
        tf.constant(games.begin(seeds)), tf.constant(seeds)
    )
    assert played.observations.shape[1:] == (3, 4)
    for game, seed in enumerate(seeds.tolist()):
        environment = gymnasium.make("CartPole-v1")
        observation, total, over = environment.reset(seed=seed)[0], 0, False
        while not over:
            np.testing.assert_array_equal(played.observations[int(total), game], observation)
            action = int(observation[2] + observation[3] > 0)
            assert int(played.actions[int(total), game]) == action
            observation, reward, terminated, truncated, _ = environment.step(action)
            total, over = total + reward, terminated or truncated
        assert float(played.returns[game]) == total == int(played.lengths[game])
        np.testing.assert_array_equal(
            played.rewards[:, game], np.arange(len(played.rewards)) < total
        )
    assert len(played.rewards) == int(tf.reduce_max(played.lengths))


def test_open_games_go_on_from_step_to_step_and_begin_again_where_they_ended():
    layer = OpenGames("Chain-v0", 2, ((5,), "float32"), 20)
    ones = np.eye(5, dtype="float32")
    layer.begin(tf.constant(ones[[3, 0]]), tf.constant(seeds_of(3, 0)))
    seen, rewards, terminated, over, returns = layer.step(tf.constant([1, 1]))
    np.testing.assert_array_equal(seen, ones[[4, 1]])
    assert rewards.numpy().tolist() == returns.numpy().tolist() == [1, 0]
    assert terminated.numpy().tolist() == over.numpy().tolist() == [True, False]
    assert layer.seeds.numpy()[0] == -1
    layer.begin(tf.constant(ones[[2, 2]]), tf.constant(seeds_of(2, 2)))
    np.testing.assert_array_equal(layer.seen, ones[[2, 1]])  # the second game goes on
    seen, *_, returns = layer.step(tf.constant([0, 1]))
    np.testing.assert_array_equal(seen, ones[[1, 2]])
    assert layer.num_taken.numpy().tolist() == [1, 2] and returns.numpy().tolist() == [0, 0]


def test_the_limit_ends_an_episode_without_being_its_end():
    layer = OpenGames("Chain-v0", 1, ((5,), "float32"), 20)
    layer.begin(tf.constant(np.eye(5, dtype="float32")[:1]), tf.constant(seeds_of(0)))
    for _ in range(20):
        _, _, terminated, over, _ = layer.step(tf.constant([0]))
    assert not terminated.numpy()[0] and over.numpy()[0]


def seeds_of(*places):
    """Return seeds with which the chain begins at these places."""
    games = Games("Chain-v0")
    begun = games.begin(range(100)).argmax(axis=1)
    return np.array([np.flatnonzero(begun == place)[0] for place in places])


@pytest.mark.parametrize(
    "name, message",
    [
        ("CartPole-v7", r"'CartPole-v7' must be one that gymnasium knows.*'CartPole-v1'"),
        ("CartPoll-v1", r"gymnasium knows.*Did you mean.*'CartPole-v1'"),
        ("nowhere:Thing-v0", r"'nowhere:Thing-v0' must have what it depends on"),
        ("Pendulum-v1", r"must have a number of actions .*Received: Box\("),
        ("Blackjack-v1", r"must show an array of numbers \(Box\).*Received: Tuple\("),
        ("Endless-v0", r"must end its episodes .*Register it with `max_episode_steps`"),
        ("Chancy-v0", r"must be deterministic given its seed"),
        ("CartPole-v1#many", r"must end with the episodes of an epoch.*Received: 'many'"),
        ("CartPole-v1#99999999", r"from 1 to 10\^6.*Received: '99999999'"),
        ("CartPole-v1#0", r"a whole number from 1 to 10\^6.*Received: '0'"),
    ],
)
def test_what_cannot_be_played_is_told(name, message):
    with pytest.raises(RecipeError, match=message):
        data.load(f"gym:{name}")


def test_that_gymnasium_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(RecipeError, match=r"is not installed.*`pip install gymnasium`"):
        Games("CartPole-v1").num_actions  # noqa: B018
