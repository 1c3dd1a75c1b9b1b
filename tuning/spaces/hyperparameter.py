"""A hyperparameter of a space: a range, the recipe's own value in it, and when it counts."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from ...recipes.errors import RecipeError
from ...recipes.ranges import Between, OneOf
from .arguments import label_of, same

# What a hyperparameter that does not count is.
INACTIVE = object()


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """A range as a search sees it.

    KerasTuner chooses among numbers, texts and truths alone; whatever else there is to choose from
    goes by its label, and comes back from it here.

    Attributes:
        range: `Between` or `OneOf`.
        own: the recipe's own value, or what else is to come first.
        only_if: None, or the name of another hyperparameter and a tuple of its values, with which
            alone this one counts.
    """

    range: Between | OneOf
    own: Any
    only_if: tuple[str, tuple[str, ...]] | None = None

    @property
    def name(self):
        """The name, as `replace` knows it."""
        return self.range.name

    @property
    def default(self):
        """What KerasTuner begins with: the recipe's own value, or what of the range is nearest."""
        chosen = self.range
        if isinstance(chosen, OneOf):
            found = [c for c, v in self.choices.items() if same(v, self.own)]
            return next(iter([*found, *self.choices]))
        number = isinstance(self.own, (int, float)) and not isinstance(self.own, bool)
        return min(max(self.own, chosen.low), chosen.high) if number else chosen.low

    @property
    def choices(self):
        """What KerasTuner chooses from, a dict to the recipe's values; of a `OneOf` alone."""
        values, labels = self.range.values, self.range.labels
        kinds = {type(value) for value in values}
        if labels is None and kinds == {int, float}:
            return {float(value): value for value in values}
        if labels is None and len(kinds) == 1 and kinds <= {bool, int, float, str}:
            return dict(zip(values, values, strict=True))
        return dict(zip(labels or map(label_of, values), values, strict=True))

    def declare(self, hp):
        """Declare this in KerasTuner's container, and return its value there.

        Args:
            hp: `keras_tuner.HyperParameters`.

        Returns:
            A value of the recipe, or `INACTIVE`.

        Raises:
            RecipeError: the container holds a value that is not in the range.
        """
        name, values = self.only_if or (None, ())
        with hp.conditional_scope(name, list(values)) if name else contextlib.nullcontext():
            chosen = self._register(hp)
        if chosen is None:
            return INACTIVE
        if isinstance(self.range, Between):
            return self._within(int(chosen) if self.range.whole else float(chosen))
        if chosen not in self.choices:
            raise RecipeError(
                f"`{self.name}` must be one of {', '.join(map(repr, self.choices))}. "
                f"Received: {chosen!r}."
            )
        return self.choices[chosen]

    def _within(self, value):
        low, high = self.range.low, self.range.high
        # KerasTuner's logarithms may end a rounding above the end, or with the next whole number.
        slack = 1 if self.range.whole and self.range.log else 1e-9 * max(abs(low), abs(high))
        if not low - slack <= value <= high + slack:
            raise RecipeError(
                f"`{self.name}` must lie between {low!r} and {high!r}. Received: {value!r}."
            )
        return min(max(value, low), high)

    def _register(self, hp):
        if isinstance(self.range, Between):
            return (hp.Int if self.range.whole else hp.Float)(
                self.name,
                self.range.low,
                self.range.high,
                sampling="log" if self.range.log else "linear",
                default=self.default,
            )
        values = list(self.choices)
        if isinstance(values[0], bool):  # which a Choice would make numbers of
            return hp.Boolean(self.name, default=self.default)
        return hp.Choice(self.name, values, default=self.default)

    def __str__(self):
        """Return what there is to choose from, in words."""
        if isinstance(self.range, Between):
            log = ", by the logarithm" if self.range.log else ""
            return f"{self.range.low:g} to {self.range.high:g}{log}"
        return ", ".join(
            f"{each:g}" if isinstance(each, float) else str(each) for each in self.choices
        )
