"""Control by the values of actions."""

import dataclasses

from ..errors import RecipeError
from ..models.q_learning import QLearning
from .control import Control, environment_of


@dataclasses.dataclass(frozen=True)
class DeepQLearning(Control):
    """Learn the values of actions from a memory of play (Mnih et al. 2015); see `QLearning`.

    A batch is as many games as are played side by side, one step of each a gradient step.

    Attributes:
        discount: float in [0, 1]. Defaults to 0.99.
        capacity: int >= 1, transitions in the memory. Defaults to 10,000.
        num_replayed: int >= 1, transitions of a gradient step. Defaults to 128.
        target_interval: int >= 1, gradient steps between two copies of the network. Defaults to 50.
        exploration: float in (0, 1], the share of the training in which random actions become
            rarer. Defaults to 0.5.
        final_epsilon: float in [0, 1], the share of random actions afterwards. Defaults to 0.05.
    """

    discount: float = 0.99
    capacity: int = 10_000
    num_replayed: int = 128
    target_interval: int = 50
    exploration: float = 0.5
    final_epsilon: float = 0.05

    def __post_init__(self):
        for name, expected, sound in (
            ("discount", "in [0, 1]", 0 <= self.discount <= 1),
            ("capacity", "at least 1", self.capacity >= 1),
            ("num_replayed", "at least 1", self.num_replayed >= 1),
            ("target_interval", "at least 1", self.target_interval >= 1),
            ("exploration", "in (0, 1]", 0 < self.exploration <= 1),
            ("final_epsilon", "in [0, 1]", 0 <= self.final_epsilon <= 1),
        ):
            if not sound:
                raise RecipeError(
                    f"`{name}` of deep Q-learning must be {expected}. "
                    f"Received: {name}={getattr(self, name)!r}."
                )

    def learner(self, core, recipe, splits):
        environment, limit = environment_of(splits)
        num_steps = recipe.epochs * splits.train.steps_per_epoch(recipe.batch_size)
        return QLearning(
            core,
            environment,
            limit,
            recipe.batch_size,
            capacity=self.capacity,
            num_replayed=self.num_replayed,
            discount=self.discount,
            target_interval=self.target_interval,
            exploration_steps=max(1, round(self.exploration * num_steps)),
            final_epsilon=self.final_epsilon,
            name=recipe.name,
        )
