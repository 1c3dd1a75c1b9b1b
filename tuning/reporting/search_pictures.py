"""The pictures of a search, each under its title and with its caption."""

from __future__ import annotations

from ...callbacks.pictures import png
from ...recipes import page
from .hyperparameter_importance import importance
from .importance_bars import importance_bars
from .outcome import outcome_of
from .parallel_coordinates import parallel_coordinates
from .search_progress import search_progress
from .slices import slices
from .terminal import importance_sentence
from .trial_curves import curve_text, trial_curves


def pictures(folder) -> list[tuple[str, str, bytes]]:
    """Return the pictures of a search.

    Args:
        folder: `SearchFolder`, its path, or `Outcome`.

    Returns:
        A list of `(title, caption, PNG bytes)`, in the order of reading. Those that would show
        nothing are left out.

    Raises:
        RecipeError: it is no search, or no trial has ended.
    """
    outcome = outcome_of(folder)
    objective = page.words(outcome.objective)
    several = any(each.varies for each in outcome.hyperparameters)
    drawn = []
    if several:
        drawn.append(
            (
                "Parallel coordinates",
                f"A line is a trial: through its values, to its {objective}, whose better side is "
                "on top. Orange is the best, darker is better, dashed grey failed.",
                parallel_coordinates(outcome),
            )
        )
    if several and outcome.valued:
        found = importance(outcome)
        if not found.reason:
            drawn.append(
                (
                    "Importance of each hyperparameter",
                    "How much of the variance of the objective over the space is due to each by "
                    "itself (functional analysis of variance on a random forest; whiskers: its "
                    f"trees). {importance_sentence(found)}{_pair(found)}",
                    importance_bars(found),
                )
            )
        drawn.append(
            (
                "Each hyperparameter by itself",
                "A point is a trial. A value far worse than the others is at the edge.",
                slices(outcome),
            )
        )
    curves = trial_curves(outcome)
    if curves is not None:
        drawn.append(
            (
                "Curves of the trials",
                f"The {curve_text(outcome.curve)} by epoch, of the first repetition. A cross is "
                "where a trial was pruned or failed.",
                curves,
            )
        )
    if outcome.valued:
        drawn.append(
            (
                "Best so far",
                "Against trials in the order in which they started, and against the time that the "
                "process of each had spent on trials. Only the better half of them is in view.",
                search_progress(outcome),
            )
        )
    return [(title, caption, png(figure)) for title, caption, figure in drawn]


def _pair(found):
    if not found.pairs or found.pairs[0][2] < 0.05:
        return ""
    first, second, share = found.pairs[0]
    return f" Most is done together by {first} and {second}: {share:.0%}."
