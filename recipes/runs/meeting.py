"""The workers of a cluster meet before any of them uses TensorFlow."""

from ..distribute.cluster import KINDS, cluster_of_environment
from ..processes.roll_call import roll_call
from .run import versions

# Machines of a cluster are not all ready at once, above all where they fetch an image first.
PATIENCE_SECONDS = 600.0


def meet(recipe, seed, strategy, *, goes_on, scale=None):
    """Wait until every worker that the environment names has come, and check that all train this.

    Where there is one process, this returns at once.

    Args:
        recipe: `Recipe`.
        seed: int.
        strategy: str, a name of `distribute.strategy`.
        scale: str or None, as of `train`. Defaults to None.
        goes_on: bool, whether this process has found a run to go on with. Where only some of them
            have, they do not see one folder, and would wait for each other for ever.

    Raises:
        RecipeError: TF_CONFIG is wrong, a port is in use, a worker has not come, or the workers are
            of different recipes, seeds or versions, or do not see the same run (with both of them
            named).
    """
    cluster = cluster_of_environment() if strategy in ("auto", "multiworker") else None
    if cluster is None:
        return
    roll_call(
        [address for kind in KINDS for address in cluster.addresses.get(kind, ())],
        cluster.number,
        {
            "recipe": recipe.describe(),
            "seed": seed,
            "scale": scale,
            "versions": versions(),
            "goes_on": goes_on,
        },
        seconds=PATIENCE_SECONDS,
    )
