"""The lecture's search: a coarse grid for a few epochs, then a finer one round the best, longer.

Stanford's CS231n, "Neural networks part 3", https://cs231n.github.io/neural-networks-3/#hyper,
"Stage your search from coarse to fine".
"""

from .grid import GridOracle, points

# What says in a trial's values that it belongs to the coarse stage, and how long it is trained.
COARSE = "tuner/coarse_epochs"


class CoarseToFineOracle(GridOracle):
    """A coarse grid over all ranges, then a fine one over the part round the best.

    Args:
        coarse_epochs: int >= 1, the length of a coarse trial.
        num_coarse: int >= 1, the most coarse trials.
        seed, deadline, num_points, **arguments: as for `GridOracle`.
    """

    def __init__(self, *, coarse_epochs, num_coarse, **arguments):
        super().__init__(**arguments)
        self.coarse_epochs = coarse_epochs
        self.num_coarse = num_coarse

    def populate_space(self, trial_id):
        """Return the next combination of the stage."""
        coarse = [t for t in self.trials.values() if COARSE in t.hyperparameters.values]
        if len(coarse) == len(self.trials) < self.num_coarse:
            short = {COARSE: self.coarse_epochs}
            combinations = [self.defaults(), *self.combinations(self.grid())]
            values = self.next_of({**each, **short} for each in combinations)
            if values is not None:
                return {"status": "RUNNING", "values": values}
        ended = [trial for trial in coarse if trial.score is not None]
        if len(ended) < len(coarse) and self.ongoing_trials:
            return {"status": "IDLE"}
        if not ended:
            return {"status": "STOPPED"}
        sign = -1 if self.objective.direction == "max" else 1
        best = min(ended, key=lambda trial: (sign * trial.score, int(trial.trial_id)))
        around = self.around(best.hyperparameters.values)
        values = self.next_of([self.start(best), *self.combinations(around)])
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def start(self, best):
        """Return the best coarse values, to be trained to their end."""
        return {
            name: value for name, value in best.hyperparameters.values.items() if name != COARSE
        }

    def around(self, best):
        """Return the values of each hyperparameter round the best ones, by name."""
        half = 0.5 / (self.num_points - 1)
        grid = {}
        for each in self.hyperparameters.space:
            value = best.get(each.name, each.default)
            if hasattr(each, "min_value") and each.step is None:
                place = each.value_to_prob(value)
                ends = max(0.0, place - half), min(1.0, place + half)
                grid[each.name] = points(each, self.num_points, *ends)
            elif hasattr(each, "min_value"):
                known = list(each.values)
                place = known.index(value)
                grid[each.name] = known[max(0, place - 1) : place + 2]
            else:
                grid[each.name] = [value]
        return grid
