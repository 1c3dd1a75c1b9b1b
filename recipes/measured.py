"""The figures that recipes have reached in recorded runs, from `docs/figures.json`."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import math


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure over several seeds.

    Attributes:
        metric: str, as in the recipe's expected `Figure`.
        values: tuple of float, one a seed.
        baseline: float or None, the same metric of the trivial answer that the recipe's task names.
        seconds: float, training time of one run, the mean.
        machine: str, what it ran on.
        pictures: tuple of dicts with `title`, `caption` and `file` in docs/pictures, of the first
            seed. Defaults to none.
    """

    metric: str
    values: tuple[float, ...]
    baseline: float | None
    seconds: float
    machine: str
    pictures: tuple[dict[str, str], ...] = ()

    @property
    def mean(self):
        return math.fsum(self.values) / len(self.values)

    @property
    def deviation(self):
        """The standard deviation over the seeds, with n - 1 in the denominator."""
        if len(self.values) < 2:
            return 0.0
        return math.sqrt(
            math.fsum((v - self.mean) ** 2 for v in self.values) / (len(self.values) - 1)
        )

    def short(self):
        """Return mean and deviation as text.

        >>> run = {"baseline": 0.1, "seconds": 9.0, "machine": ""}
        >>> Measured(metric="accuracy", values=(0.98, 0.99, 0.985), **run).short()
        '0.9850 ± 0.0050'
        """
        if abs(self.mean) < 0.01:
            return f"{self.mean:.3g} ± {self.deviation:.1g}"
        digits = 4 if abs(self.mean) < 10 else 2
        return f"{self.mean:.{digits}f} ± {self.deviation:.{digits}f}"


def measured() -> dict[str, Measured]:
    """Return the figures on record, from recipe name to `Measured`."""
    text = (importlib.resources.files("kerasrecipes.docs") / "figures.json").read_text("utf-8")
    return {
        name: Measured(**{**row, "values": tuple(row["values"])})
        for name, row in json.loads(text).items()
    }
