"""Beginnings of episodes, as examples in memory."""

from __future__ import annotations

import dataclasses

from .games import Games
from .indexed import IndexedSplit


@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvironmentSplit(IndexedSplit):
    """Beginnings of episodes: the first observations as inputs, and the seeds as targets.

    Attributes:
        games: `Games` of the environment.
    """

    games: Games
