"""Ranges of hyperparameters, plain values: what a search may choose from."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from .errors import RecipeError


@dataclasses.dataclass(frozen=True)
class Between:
    """A number between two ends; a whole one where both ends are whole.

    Attributes:
        name: str, the hyperparameter: a field of a recipe ("learning_rate") or an argument in one
            ("build.dropout_rate"), as `replace` knows it.
        low: number, the lower end; it may be chosen too.
        high: number above `low`, the upper end; it may be chosen too.
        log: bool, whether the logarithm is what is chosen evenly, as it should be for rates and
            sizes whose factors count and not their differences. `low` is then above 0. Defaults to
            False.
    """

    name: str
    low: float
    high: float
    log: bool = False

    def __post_init__(self):
        for end in ("low", "high"):
            value = getattr(self, end)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value):
                raise RecipeError(
                    f"`{end}` of the range of `{self.name}` must be a number. "
                    f"Received: {end}={value!r}."
                )
        if self.low >= self.high:
            raise RecipeError(
                f"The range of `{self.name}` must begin below its end. "
                f"Received: {self.low!r} to {self.high!r}."
                + (" Turn it round." if self.low > self.high else "")
            )
        if self.log and self.low <= 0:
            raise RecipeError(
                f"The range of `{self.name}` must begin above 0 to be divided by its logarithm. "
                f"Received: {self.low!r} to {self.high!r}."
            )

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are in the range."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of several values, which have no order or are too few for a range.

    Attributes:
        name: str, the hyperparameter, as for `Between`.
        values: tuple of at least two values: numbers, strings, None, factories.
        labels: tuple of str, what the values are called in tables, one each. Defaults to how they
            read.
    """

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...] | None = None

    def __post_init__(self):
        if not isinstance(self.values, tuple) or len(self.values) < 2:
            raise RecipeError(
                f"`values` of the choice of `{self.name}` must be a tuple of at least two. "
                f"Received: {self.values!r}."
            )
        if self.labels is not None and len(self.labels) != len(self.values):
            raise RecipeError(
                f"`labels` of the choice of `{self.name}` must be one for each of the "
                f"{len(self.values)} values. Received: {self.labels!r}."
            )
