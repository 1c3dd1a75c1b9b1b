"""How much a search may cost."""

from __future__ import annotations

import dataclasses
import math

from ..recipes.errors import RecipeError, check_at_least


@dataclasses.dataclass(frozen=True)
class Budget:
    """How much a search may cost; whichever end comes first is the end.

    Attributes:
        trials: int >= 1, or None for as many as there is time for.
        seconds: float > 0, wall-clock time of the search without the last training of the winner,
            or None for as long as it takes.
    """

    trials: int | None = None
    seconds: float | None = None

    def __post_init__(self):
        if self.trials is None and self.seconds is None:
            raise RecipeError(
                "`budget` of a search must name a number of trials, a time, or both. "
                "Received: neither."
            )
        if self.trials is not None:
            check_at_least("budget", 1, trials=self.trials)
        if self.seconds is not None and not (
            isinstance(self.seconds, (int, float))
            and math.isfinite(self.seconds)
            and self.seconds > 0
        ):
            raise RecipeError(
                f"`seconds` of budget must be a number above 0. Received: seconds={self.seconds!r}."
            )
