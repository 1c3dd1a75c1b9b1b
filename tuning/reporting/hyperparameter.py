"""A hyperparameter of a search as its record describes it, and where values lie in its range."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

LINEAR, LOG, REVERSE_LOG = "linear", "log", "reverse_log"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """A hyperparameter and its range.

    Attributes:
        name: str.
        low: number, the lower end, or None for a choice.
        high: number, the upper end, or None for a choice.
        step: number, how far values are apart at least, or None.
        sampling: "linear", "log" or "reverse_log", how a number is chosen evenly.
        values: tuple of what a choice chooses from, empty for a number.
        default: the value that the search takes to be the recipe's own.
        conditions: tuple of `(name, values)`: it counts only where each of these hyperparameters
            has one of these values.
    """

    name: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    sampling: str = LINEAR
    values: tuple[Any, ...] = ()
    default: Any = None
    conditions: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @property
    def is_choice(self) -> bool:
        """Whether it is one of several values, and not a number between two ends."""
        return self.low is None

    @property
    def varies(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.values) > 1 if self.is_choice else self.low < self.high

    def place(self, values):
        """Return where the value among a trial's `values` lies, as `position` has it.

        Args:
            values: dict from hyperparameter to value.

        Returns:
            The position, or None where the trial has no use for the hyperparameter: it is not
            there, or its conditions do not hold.
        """
        used = self.name in values and all(
            values.get(name) in wanted for name, wanted in self.conditions
        )
        return self.position(values[self.name]) if used else None

    def position(self, value):
        """Return where a value lies in the range.

        Returns:
            For a number its share of the way from the lower end to the upper one, in [0, 1], evenly
            chosen; for a choice its position among the values, from 0. None where it is none of
            them.
        """
        if self.is_choice:
            # In Python True is 1 as well.
            kinds = [(type(each) is bool, each) for each in self.values]
            here = (type(value) is bool, value)
            return kinds.index(here) if here in kinds else None
        return self._share(min(max(value, self.low), self.high))

    def is_default(self, values) -> bool:
        """Return whether a trial took the default, or had no use for any value."""
        place = self.place(values)
        own = self.place({**values, self.name: self.default})
        return own is None if place is None else own is not None and abs(place - own) < 1e-6

    def range_text(self) -> str:
        """Return the range as a person says it."""
        if self.is_choice:
            return "one of " + ", ".join(map(label, self.values)) if self.varies else "fixed"
        ends = f"{label(self.low)} to {label(self.high)}"
        if self.sampling != LINEAR:
            return f"{ends}, evenly by its logarithm"
        return f"{ends} in steps of {label(self.step)}" if self.step else ends

    def condition_text(self) -> str:
        """Return when it counts; empty where it always does."""
        return " and ".join(
            f"{name} is {' or '.join(map(label, values))}" for name, values in self.conditions
        )

    def _share(self, value):
        if self.low == self.high:
            return 0.0
        if self.sampling == LINEAR:
            return (value - self.low) / (self.high - self.low)
        ratio = math.log(self.high / self.low)
        if self.sampling == LOG:
            return math.log(value / self.low) / ratio
        return 1 - math.log((self.low + self.high - value) / self.low) / ratio


def hyperparameters(record) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters of a search.

    Args:
        record: dict, that of the search, with `hyperparameters` as KerasTuner describes them.
    """
    return tuple(
        _read(name, described["class_name"], described["config"])
        for name, described in record["hyperparameters"].items()
    )


def label(value) -> str:
    """Return a value as tables and axes show it, with four digits of a float."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _read(name, kind, config):
    conditions = tuple(
        (each["config"]["name"], tuple(each["config"]["values"]))
        for each in config.get("conditions") or ()
    )
    shared = {"name": name, "default": config.get("default"), "conditions": conditions}
    if kind in ("Float", "Int"):
        return Hyperparameter(
            **shared,
            low=config["min_value"],
            high=config["max_value"],
            # KerasTuner's step of 1 says no more than that a number is whole.
            step=None if kind == "Int" and config.get("step") == 1 else config.get("step"),
            sampling=config.get("sampling") or LINEAR,
        )
    if kind == "Fixed":
        shared["default"] = config["value"]
        return Hyperparameter(**shared, values=(config["value"],))
    values = (False, True) if kind == "Boolean" else tuple(config["values"])
    return Hyperparameter(**shared, values=values)
