"""REINFORCE with a baseline: a policy that makes what went well more probable.

Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement
learning", https://doi.org/10.1007/BF00992696; Sutton and Barto 2018, "Reinforcement learning",
second edition, http://incompleteideas.net/book/the-book-2nd.html, section 13.4.

On CartPole, 4 numbers and 2 actions, with `units=128`:

    layer           output      parameters
    policy_hidden   128         640           4 * 128 + 128, rectifier
    logits          2           258
    value_hidden    128         640           rectifier
    value           1           129
    total                       1,667

Policy and baseline share no layer, so that their gradients do not compete.

Departures from the book:

1. A step takes one gradient on several whole episodes; the book takes one a move.
2. The factor discount^t in front of the gradient is left out, as nearly everywhere: with it what
   comes late in a long episode is hardly learned.
3. The advantages of a batch are divided by their standard deviation, so that the rate does not hang
   on the size of the rewards.
4. One rate for policy and baseline, and Adam; the book has two rates and none.
"""

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.policy_learning import PolicyLearning


def build(input_shape, num_actions, *, units=128):
    """Return a network from an observation to a policy and a baseline.

    Args:
        input_shape: tuple, `(numbers,)`.
        num_actions: int >= 1.
        units: int >= 1, of each hidden layer. Defaults to 128.

    Returns:
        An uncompiled `keras.Model` from `(batch, numbers)` to a dict of "logits" `(batch,
        num_actions)` and "value" `(batch, 1)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build((4,), 2).count_params()
    1667
    """
    check_at_least("reinforce.build", 1, num_actions=num_actions, units=units)
    if len(input_shape) != 1:
        raise RecipeError(
            f"`input_shape` of reinforce.build must be (numbers,). Received: {input_shape=}."
        )
    observation = keras.Input(input_shape, name="observation")
    hidden = layers.Dense(units, activation="relu", name="policy_hidden")(observation)
    logits = layers.Dense(num_actions, name="logits")(hidden)  # actions
    hidden = layers.Dense(units, activation="relu", name="value_hidden")(observation)
    value = layers.Dense(1, name="value")(hidden)  # 1
    return keras.Model(observation, {"logits": logits, "value": value}, name="reinforce")


RECIPES = (
    Recipe(
        name="reinforce_cartpole",
        summary="Balance a pole on a cart by a policy that learns from whole episodes.",
        # 480 beginnings: 30 steps an epoch, so that a curve has some points.
        data="gym:CartPole-v1#480",
        task=PolicyLearning(),
        build=build,
        optimizer=keras.optimizers.Adam,  # departure 4
        learning_rate=5e-3,  # five times Adam's default: a step sees thousands of moves
        schedule=cosine,  # so that the policy that is tested is a settled one
        batch_size=16,  # episodes side by side: as many moves in a step of the games
        epochs=6,  # 2,880 episodes: 39 seconds, and 491.9 with seed 0
        ranges=(OneOf("task.discount", (0.95, 0.98, 0.99, 0.995)),),  # looks 20 to 200 moves ahead
        expected=Figure("mean_return", 475.0, source="reward threshold of CartPole-v1"),
        num_parameters=1_667,
    ),
)
