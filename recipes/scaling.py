"""A batch that grows with the number of replicas, and the learning rate with it."""

import math

from .errors import RecipeError, near_names

# A batch k times as large has a gradient of 1/k of the variance. A step of SGD that is k times as
# long then does what k steps did, as long as the weights move little in them (Goyal et al., 2017,
# "Accurate, Large Minibatch SGD", section 2.1). An adaptive step does not grow with its gradient;
# its noise stays as it was where the rate grows by the square root (Malladi et al., 2022, "On the
# SDEs and Scaling Rules for Adaptive Gradient Algorithms", section 5, whose rule moves beta and
# epsilon as well: those stay here, since they are the optimizer's).
FACTORS = {"linear": float, "square_root": math.sqrt}


def check_scale(scale):
    """Check the name of a rule.

    Raises:
        RecipeError: there is none of that name (with near ones).
    """
    if scale is not None and scale not in FACTORS:
        raise RecipeError(
            f"`scale` must be one of {', '.join(map(repr, FACTORS))}, or None. "
            f"Received: scale={scale!r}." + near_names(str(scale), FACTORS)
        )


def scaled(recipe, scale, num_replicas):
    """Return what is to be changed of a recipe so that each replica has its batch.

    Args:
        recipe: `Recipe`, whose batch and learning rate are those of one replica.
        scale: "linear", the learning rate grows as the batch does, for SGD; "square_root", as its
            root does, for Adam and its kin; or None, nothing is changed and all share the batch.
        num_replicas: int >= 1.

    Returns:
        A dict of fields: `batch_size` and `learning_rate`, or nothing.
    """
    if scale is None or num_replicas == 1:
        return {}
    return {
        "batch_size": recipe.batch_size * num_replicas,
        "learning_rate": recipe.learning_rate * FACTORS[scale](num_replicas),
    }
