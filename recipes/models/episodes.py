"""Whole episodes, many side by side, inside a TensorFlow graph."""

import typing

import tensorflow as tf


class Episodes(typing.NamedTuple):
    """What was played: `steps` is that of the longest episode.

    Attributes:
        returns: float32 `(games,)`, the sum of the rewards.
        lengths: int32 `(games,)`.
        observations: `(steps, games, ...)`, what was seen before each action; () if not recorded.
        actions: int32 `(steps, games)`; () if not recorded.
        rewards: float32 `(steps, games)`, 0 behind the end of an episode; () if not recorded.
    """

    returns: tf.Tensor
    lengths: tf.Tensor
    observations: tf.Tensor
    actions: tf.Tensor
    rewards: tf.Tensor


def step(games, seeds, num_taken, taken, actions):
    """Play a step of games inside a graph; arguments and values as those of `Games.step`."""
    shape, dtype = games.observation_shape, games.observation_dtype
    observations, rewards, terminated, truncated = tf.numpy_function(
        games.step, [seeds, num_taken, taken, actions], [dtype, tf.float32, tf.bool, tf.bool]
    )
    num_games = seeds.shape[0]
    return (
        tf.ensure_shape(observations, (num_games, *shape)),
        tf.ensure_shape(rewards, (num_games,)),
        tf.ensure_shape(terminated, (num_games,)),
        tf.ensure_shape(truncated, (num_games,)),
    )


def play(games, act, observations, seeds, *, record=False):
    """Play one episode from each beginning until the last has ended.

    Args:
        games: `Games`.
        act: function `(observations, number) -> actions` of a batch and of the number of the step,
            an int32 scalar; int32 `(games,)`.
        observations: `(games, ...)`, the first ones.
        seeds: int64 `(games,)`, those of the episodes.
        record: bool, whether to keep all that was seen and done. Defaults to False.

    Returns:
        `Episodes`.
    """
    limit, num_games = games.limit, tf.shape(seeds)[0]
    tracks = ()
    if record:
        kept = ((games.observation_dtype, observations.shape), (tf.int32, seeds.shape))
        tracks = tuple(
            tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=shape)
            for dtype, shape in (*kept, (tf.float32, seeds.shape))
        )

    def goes_on(number, playing, *_):
        return tf.reduce_any(playing)

    def body(number, playing, observations, taken, returns, lengths, tracks):
        actions = act(observations, number)
        seen, rewards, terminated, truncated = step(
            games, tf.where(playing, seeds, -1), lengths, taken, actions
        )
        if record:
            now = (observations, actions, rewards)
            tracks = tuple(t.write(number, value) for t, value in zip(tracks, now, strict=True))
        at = tf.stack([tf.range(num_games), tf.fill([num_games], number)], axis=1)
        return (
            number + 1,
            playing & ~(terminated | truncated),
            seen,
            tf.tensor_scatter_nd_update(taken, at, actions),
            returns + rewards,
            lengths + tf.cast(playing, tf.int32),
            tracks,
        )

    start = (
        tf.constant(0),
        tf.ones_like(seeds, tf.bool),
        observations,
        tf.zeros((num_games, limit), tf.int32),
        tf.zeros_like(seeds, tf.float32),
        tf.zeros_like(seeds, tf.int32),
        tracks,
    )
    *_, returns, lengths, tracks = tf.while_loop(goes_on, body, start)
    recorded = [track.stack() for track in tracks] if record else [(), (), ()]
    return Episodes(returns, lengths, *recorded)
