"""Control by a policy that is learned itself."""

import dataclasses

from ..errors import RecipeError
from ..models.policy_gradient import PolicyGradient
from .control import Control, environment_of


@dataclasses.dataclass(frozen=True)
class PolicyLearning(Control):
    """Learn a policy from the returns of whole episodes (Williams 1992); see `PolicyGradient`.

    A batch is as many episodes as are played side by side for one gradient step.

    Attributes:
        discount: float in [0, 1]. Defaults to 0.99.
    """

    discount: float = 0.99

    def __post_init__(self):
        if not 0 <= self.discount <= 1:
            raise RecipeError(
                "`discount` of policy learning must be in [0, 1]. "
                f"Received: discount={self.discount!r}."
            )

    def learner(self, core, recipe, splits):
        environment, _ = environment_of(splits)
        return PolicyGradient(core, environment, discount=self.discount, name=recipe.name)
