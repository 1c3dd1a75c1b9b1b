"""The scale on which the objectives of a search are seen and compared."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

# Fewer values have no quartiles worth the name.
_FEWEST_FENCED = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectiveScale:
    """The scale of an objective.

    A trial that diverged must not press all others into one line, nor be the only thing that a
    variance consists of. So whatever lies beyond Tukey's outer fence on the bad side, three times
    the distance of the quartiles from the nearer one, counts as if it lay on it (Tukey 1977,
    "Exploratory data analysis", section 2D).

    Attributes:
        low: float, the least value on the scale.
        high: float, the greatest.
        log: bool, whether the scale is logarithmic, which it is where the values are above 0 and
            span more than two decades.
    """

    low: float
    high: float
    log: bool

    def clip(self, values):
        """Return values with those beyond the scale on its end.

        Args:
            values: array of float.
        """
        return np.clip(np.asarray(values, float), self.low, self.high)

    def share(self, values):
        """Return how far from `low` to `high` values lie, in [0, 1].

        Args:
            values: array of float.
        """
        values, low, high = self.clip(values), self.low, self.high
        if self.log:
            values, low, high = np.log(values), math.log(low), math.log(high)
        return (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)

    def ticks(self, count=5):
        """Return round values on the scale.

        Args:
            count: int, how many at most, about. Defaults to 5.
        """
        from matplotlib.ticker import LogLocator, MaxNLocator

        if self.low == self.high:
            return np.array([self.low])
        locator = LogLocator(numticks=count) if self.log else MaxNLocator(count)
        found = np.asarray(locator.tick_values(self.low, self.high))
        # An end that is round itself must not be lost by rounding.
        room = 1e-9 * (self.low if self.log else self.high - self.low)
        return found[(found >= self.low - room) & (found <= self.high + room)]

    def show(self, axes):
        """Make the y axis of a picture that of the scale.

        Args:
            axes: the `Axes`.
        """
        if self.log:
            axes.set_yscale("log")
            margin = (self.high / self.low) ** 0.06
            axes.set_ylim(self.low / margin, self.high * margin)
            return
        margin = 0.06 * (self.high - self.low) or 0.05 * abs(self.high) or 0.05
        axes.set_ylim(self.low - margin, self.high + margin)


def objective_scale(outcome) -> ObjectiveScale:
    """Return the scale of the objectives of a search.

    Args:
        outcome: `Outcome`, with a trial that has a value.
    """
    return fenced(np.array([trial.objective for trial in outcome.valued]), outcome.sign)


def fenced(values, sign) -> ObjectiveScale:
    """Return the scale of values.

    Args:
        values: array of float, finite, at least one.
        sign: 1 where less is better, -1 where more is.
    """
    low, high = values.min(), values.max()
    log = bool(low > 0 and high > 100 * low)
    if len(values) >= _FEWEST_FENCED:
        seen = np.log(values) if log else values
        first, third = np.quantile(seen, (0.25, 0.75))
        room = 3 * (third - first)
        # Where half the values are equal there is no distance to measure by.
        if room > 0 and sign == 1:
            fence = third + room
            high = min(high, math.exp(fence) if log else fence)
        elif room > 0:
            fence = first - room
            low = max(low, math.exp(fence) if log else fence)
    return ObjectiveScale(low=float(low), high=float(high), log=bool(low > 0 and high > 100 * low))
