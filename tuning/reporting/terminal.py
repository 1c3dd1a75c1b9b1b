"""What a search has found, in lines and rows for a terminal."""

from __future__ import annotations

import statistics

from ...recipes.page import duration, words
from ..search_folder import COMPLETED, FAILED, PRUNED
from .hyperparameter import label
from .hyperparameter_importance import importance
from .outcome import has_value, outcome_of


def table_rows(folder, num_trials: int | None = 10):
    """Return the table of the trials, best first.

    Args:
        folder: `SearchFolder`, its path, or `Outcome`.
        num_trials: int >= 1, how many of them; None is all. Defaults to 10.

    Returns:
        `(title, header, rows)`: str, a list of str, and a list of lists of str. The objective has a
        deviation over its repetitions where there are any. A hyperparameter that a trial has no
        use for is empty.

    Raises:
        RecipeError: it is no search, or no trial has ended.
    """
    outcome = outcome_of(folder)
    shown = outcome.trials[:num_trials]
    repeated = any(len(trial.objectives) > 1 for trial in shown)
    reasoned = any(trial.reason for trial in shown)
    header = ["trial", words(outcome.objective), *(["±"] if repeated else ())]
    header += ["status", "epochs", "time"]
    header += [each.name for each in outcome.hyperparameters]
    header += ["reason"] if reasoned else []
    rows = []
    for trial in shown:
        row = [str(trial.number), objective_text(trial)]
        row += [deviation_text(trial)] if repeated else []
        row += [trial.status, str(trial.epochs), duration(trial.seconds)]
        row += [value_text(each, trial) for each in outcome.hyperparameters]
        row += [trial.reason or ""] if reasoned else []
        rows.append(row)
    left = len(outcome.trials) - len(shown)
    title = f"the best {len(shown)} of {len(outcome.trials)} trials" if left else "all trials"
    return title, header, rows


def importance_rows(folder):
    """Return the table of the importance of each hyperparameter.

    Args:
        folder: as for `table_rows`.

    Returns:
        `(title, header, rows)`; where nothing can be said, the only row says why.

    Raises:
        RecipeError: as `table_rows`.
    """
    found = importance(folder)
    if found.reason:
        return "", ["importance"], [[found.reason]]
    rows = [
        [name, f"{share:.0%}", f"{found.deviations[name]:.0%}"]
        for name, share in found.shares.items()
    ]
    rows.append(["several together", f"{found.interactions:.0%}", ""])
    title = importance_sentence(found)
    return title, ["hyperparameter", "share of the variance", "± between trees"], rows


def sentence(folder) -> str:
    """Return in a sentence or two what a search has found.

    Args:
        folder: as for `table_rows`.

    Raises:
        RecipeError: as `table_rows`.
    """
    outcome = outcome_of(folder)
    said = [f"{counts(outcome)}."]
    best, default = outcome.best, outcome.default
    if best is None:
        return f"{said[0]} None has a value."
    name = words(outcome.objective)
    said.append(f"Trial {best.number} is the best, {name} {objective_text(best)}")
    if default is best:
        said[-1] += ", with the recipe's own values."
    elif default is None:
        said[-1] += "."
    else:
        only = "" if outcome.comparable else f", for {epochs_text(default)} only"
        said[-1] += (
            f"; the recipe's own values have {objective_text(default)} "
            f"(trial {default.number}{only})."
        )
    return " ".join(said)


def importance_sentence(found) -> str:
    """Return how far an `Importance` may be believed."""
    if found.explained <= 0.1:
        return (
            f"The hyperparameters do not foretell the objective of these {found.num_trials} "
            f"trials (R² {found.explained:.2f}): the shares are mostly noise."
        )
    return (
        f"From {found.num_trials} trials; the forest foretells {found.explained:.0%} of the "
        f"variance of trials it has not seen."
    )


def counts(outcome) -> str:
    """Return how many trials there are, of each status."""
    number = len(outcome.trials)
    by_status = [
        (sum(trial.status == status for trial in outcome.trials), status)
        for status in (COMPLETED, PRUNED, FAILED)
    ]
    of_each = ", ".join(f"{count} {status}" for count, status in by_status if count)
    return f"{number} trial{'s' * (number != 1)}: {of_each}"


def objective_text(trial) -> str:
    """Return the objective of a trial; empty where it has none."""
    return f"{trial.objective:.5g}" if has_value(trial) else ""


def deviation_text(trial) -> str:
    """Return the standard deviation of a trial's objective; empty without repetitions."""
    many = has_value(trial) and len(trial.objectives) > 1
    return f"{statistics.stdev(trial.objectives):.2g}" if many else ""


def epochs_text(trial) -> str:
    """Return for how long a trial was trained."""
    return f"{trial.epochs} epoch{'s' * (trial.epochs != 1)}"


def value_text(hyperparameter, trial) -> str:
    """Return the value of a hyperparameter in a trial; empty where the trial has no use for it."""
    if hyperparameter.place(trial.values) is None:
        return ""
    return label(trial.values[hyperparameter.name])
