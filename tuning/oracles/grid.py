"""Grid search: every combination of some values of each hyperparameter.

KerasTuner's own grid forgets where it was when it is taken up again, and begins in a corner: a
search that ends early has seen one value of most hyperparameters. Here the combinations come in a
shuffled order that a seed decides, behind the defaults.
"""

import math
import random

from keras_tuner.src.engine import oracle as kt_oracle

from .durable import Durable

# Most combinations that are put in order; whoever has more will not come to their end.
MOST = 100_000


class GridOracle(Durable, kt_oracle.Oracle):
    """Combinations of evenly spaced values, in a shuffled order.

    Args:
        num_points: int >= 2, values of each range that has no steps. Defaults to 3.
        seed, deadline, **arguments: as for `Durable`.
    """

    def __init__(self, *, num_points=3, **arguments):
        super().__init__(**arguments)
        self.num_points = num_points

    def populate_space(self, trial_id):
        """Return the next combination that was not tried."""
        if not self.trials:
            return {"status": "RUNNING", "values": self.defaults()}
        values = self.next_of(self.combinations(self.grid()))
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def next_of(self, combinations):
        """Return the first of some combinations that was not tried, or None."""
        return next((values for values in combinations if not self._duplicate(values)), None)

    def grid(self):
        """Return the values of each hyperparameter, by name."""
        return {each.name: points(each, self.num_points) for each in self.hyperparameters.space}

    def combinations(self, grid):
        """Yield the combinations of a grid in a shuffled order, active values alone."""
        size = math.prod(map(len, grid.values()))
        for index in random.Random(self.seed).sample(range(size), min(size, MOST)):
            space = self.get_space()
            for name, values in grid.items():
                index, place = divmod(index, len(values))
                space.values[name] = values[place]
            yield {
                each.name: space.values[each.name] for each in space.space if space.is_active(each)
            }


def points(hyperparameter, num_points, low=0.0, high=1.0):
    """Return evenly spaced values of a hyperparameter, the ends among them.

    Args:
        hyperparameter: KerasTuner's.
        num_points: int >= 2, how many of a range without steps.
        low: float in [0, 1], where to begin, on the range's own scale. Defaults to 0.
        high: float in [0, 1], where to end. Defaults to 1.
    """
    if not hasattr(hyperparameter, "min_value") or hyperparameter.step is not None:
        return list(hyperparameter.values)
    spaced = [low + (high - low) * place / (num_points - 1) for place in range(num_points)]
    return list(dict.fromkeys(_value(hyperparameter, each) for each in spaced))


def _value(hyperparameter, probability):
    # The upper end itself is past what KerasTuner's whole numbers know.
    if probability >= 1.0:
        return hyperparameter.max_value
    return hyperparameter.prob_to_value(probability)
