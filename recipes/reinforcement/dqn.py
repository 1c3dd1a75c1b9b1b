"""Deep Q-networks: the value of each action, from a few numbers or from four frames of a screen.

Mnih et al. 2015, "Human-level control through deep reinforcement learning",
https://doi.org/10.1038/nature14236. For CartPole the network of CleanRL, Huang et al. 2022,
https://docs.cleanrl.dev/rl-algorithms/dqn/.

A vector is seen by two dense layers; on CartPole's 4 numbers with 2 actions:

    layer       output      parameters
    dense1      120         600           4 * 120 + 120, rectifier
    dense2      84          10,164        rectifier
    q_values    2           170
    total                   10,934

Images are seen by the network of the paper's table 1; on 84x84x4 with 4 actions:

    layer       output      parameters
    conv1       20x20x32    8,224         8x8, stride 4; rectifier, here and behind the next ones
    conv2       9x9x64      32,832        4x4, stride 2
    conv3       7x7x64      36,928        3x3, stride 1
    flatten     3136        0
    dense       512         1,606,144
    q_values    4           2,052
    total                   1,686,180     1,693,362 with 18 actions

Departures, of the recipe for CartPole:

1. Ten games are played side by side, a step of each for one gradient step. CleanRL plays one, ten
   steps for one gradient step: as many of both.
2. Learning begins with the first transitions, drawn with replacement, and not after 10,000.
3. The optimizer is Adam and the loss the squared error, as in CleanRL. The paper has RMSprop, and
   clips the error to [-1, 1]. With values of up to 100, as here, nearly all errors are clipped, so
   that the rare end of an episode counts no more than any other move: the values grew without
   bound, and the pole fell at once.
4. The rate falls to nothing at the end, so that the policy that is tested is not whichever one
   the last steps happen to leave: values of two actions in CartPole lie close together.
5. It is tested without chance. CleanRL tests with 5 % of random actions.
"""

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.deep_q_learning import DeepQLearning


def convolutions(observation):
    """Return the features of four frames, the shapes those of 84x84x4."""
    hidden = layers.Rescaling(1 / 255, name="rescaling")(observation)  # 84x84x4, in [0, 1]
    for number, (filters, size, stride) in enumerate(((32, 8, 4), (64, 4, 2), (64, 3, 1)), start=1):
        hidden = layers.Conv2D(
            filters, size, strides=stride, activation="relu", name=f"conv{number}"
        )(hidden)  # 20x20x32, 9x9x64, 7x7x64
    hidden = layers.Flatten(name="flatten")(hidden)  # 3136
    return layers.Dense(512, activation="relu", name="dense")(hidden)  # 512


def build(input_shape, num_actions, *, units=(120, 84)):
    """Return a network from an observation to the value of each action.

    Args:
        input_shape: tuple, `(numbers,)`; or `(height, width, frames)` with sides of at least 36, of
            bytes.
        num_actions: int >= 1.
        units: tuple of int, the dense layers that see a vector. Defaults to (120, 84), CleanRL's.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to values `(batch, num_actions)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build((4,), 2).count_params()
    10934
    >>> build((84, 84, 4), 4).count_params()
    1686180
    """
    check_at_least("dqn.build", 1, num_actions=num_actions)
    if not units or min(units) < 1:
        raise RecipeError(
            f"`units` of dqn.build must be numbers of at least 1. Received: {units=}."
        )
    if len(input_shape) not in (1, 3) or (len(input_shape) == 3 and min(input_shape[:2]) < 36):
        raise RecipeError(
            "`input_shape` of dqn.build must be (numbers,), or (height, width, frames) with sides "
            f"of at least 36. Received: {input_shape=}."
        )
    if len(input_shape) == 3:
        observation = keras.Input(input_shape, dtype="uint8", name="observation")
        hidden = convolutions(observation)
    else:
        hidden = observation = keras.Input(input_shape, name="observation")
        for number, width in enumerate(units, start=1):
            hidden = layers.Dense(width, activation="relu", name=f"dense{number}")(hidden)
    values = layers.Dense(num_actions, name="q_values")(hidden)  # actions
    return keras.Model(observation, values, name="dqn")


RECIPES = (
    Recipe(
        name="dqn_cartpole",
        summary="Balance a pole on a cart by the values of the two pushes.",
        # 10,000 beginnings: 1,000 steps an epoch, so that it plays the validation episodes every
        # 10,000 moves.
        data="gym:CartPole-v1#10000",
        task=DeepQLearning(),  # CleanRL's numbers: see its fields
        build=build,
        optimizer=keras.optimizers.Adam,  # CleanRL's
        learning_rate=2.5e-4,  # CleanRL's
        schedule=cosine,  # departure 4
        batch_size=10,  # games side by side, departure 1
        # 500,000 moves, as CleanRL: a minute and a half. After 200,000 one seed of three stood.
        epochs=50,
        # A discount looks 20 to 200 moves ahead; the other two are round CleanRL's.
        ranges=(
            OneOf("task.discount", (0.95, 0.98, 0.99, 0.995)),
            OneOf("task.target_interval", (20, 50, 100, 200)),
            OneOf("task.num_replayed", (64, 128, 256)),
        ),
        expected=Figure("mean_return", 488.7, within=16.1, source="CleanRL, three seeds"),
        num_parameters=10_934,
    ),
)
