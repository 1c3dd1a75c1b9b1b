"""How sure a finished run is, and whether that can be believed: a table, pictures and a JSON."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ...callbacks.dropout_switch import stochastic_layers
from ..drawings import uncertainty as drawings
from ..errors import check_at_least
from ..pictures import png
from ..recipe_faults import check_classes, check_dropout
from ..runs import kept_uncertainty
from ..runs.revisit import history_of, open_finished, report_again
from .figures import NUM_BINS, calibration_bins, entropy, selective_accuracy, summary
from .outside import outside_of
from .passes import logits, mc_dropout
from .temperature import fit_temperature, scale

NUM_PASSES = 50
# Enough for the second digit of an area under a curve.
NUM_OUTSIDE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How sure a run is.

    Attributes:
        figures: dict from a way to predict ("deterministic", "temperature-scaled", "MC dropout") to
            its figures on the test split, as `figures.summary` gives them.
        temperature: float, fitted on the validation split.
        num_passes: int, the passes of Monte Carlo dropout; 0 for a model without dropout.
        path: path of `uncertainty.json` in the run's folder.
        pictures: tuple of the paths of the pictures beside it.
    """

    figures: dict[str, dict[str, float]]
    temperature: float
    num_passes: int
    path: Path
    pictures: tuple[Path, ...]


def evaluate(folder, *, num_passes=None, num_bins=NUM_BINS, seed=0, recipe=None):
    """Say how sure a finished run is on its test split, and whether that can be believed.

    The answers are those with dropout off, the same with a temperature that is fitted on the
    validation split, and the mean of Monte Carlo dropout. How well their entropy tells data that
    were not learnt is measured on noise, and for glyphs on classes that were not learnt.

    Into the run's folder it writes `uncertainty.json`, `uncertainty-reliability.png`,
    `uncertainty-entropy.png` and `uncertainty-coverage.png`, and all of it into `report.html`.

    Args:
        folder: str or path of the run.
        num_passes: int >= 1, the passes of Monte Carlo dropout; None is 50 where the model has
            dropout, and none where it has not. Defaults to None.
        num_bins: int >= 1, of the error of calibration. Defaults to 15.
        seed: int >= 0, of the passes and of the data from outside. Defaults to 0.
        recipe: as for `recipes.evaluate`. Defaults to None.

    Returns:
        `Evaluation`.

    Raises:
        RecipeError: as `recipes.evaluate`; the task has no classes, the model has no dropout and
            passes were asked for, or an argument is out of its range.
    """
    check_at_least("uncertainty.evaluate", 1, num_bins=num_bins)
    if num_passes is not None:
        check_at_least("uncertainty.evaluate", 1, num_passes=num_passes)
    run, recipe, splits, model = open_finished(folder, recipe)
    check_classes(recipe)
    history = history_of(run)  # now, and not once everything is measured
    if num_passes is not None:
        check_dropout(model)
    elif stochastic_layers(model):
        num_passes = NUM_PASSES
    temperature = fit_temperature(logits(model, splits.validation), splits.validation.targets)
    labels = splits.test.targets
    asked = {"": splits.test, **outside_of(splits, NUM_OUTSIDE, seed=seed)}
    answers = {name: logits(model, inputs)[None] for name, inputs in asked.items()}
    ways = {
        "deterministic": {name: scale(found, 1.0) for name, found in answers.items()},
        "temperature-scaled": {name: scale(found, temperature) for name, found in answers.items()},
    }
    if num_passes is not None:
        ways["MC dropout"] = {
            name: mc_dropout(model, inputs, num_passes=num_passes, seed=seed)
            for name, inputs in asked.items()
        }
    figures, means = {}, {}
    for way, found in ways.items():
        test = found.pop("")
        figures[way] = summary(test, labels, outside=found, num_bins=num_bins)
        means[way] = test.mean(axis=0)
    last = list(ways)[-1]
    entropies = {name: entropy(passes.mean(axis=0)) for name, passes in ways[last].items()}
    drawn = {
        "reliability": drawings.reliability(
            {way: calibration_bins(mean, labels, num_bins) for way, mean in means.items()}
        ),
        "entropy": drawings.entropies(
            entropy(means[last]), entropies, num_classes=splits.num_classes, way=last
        ),
        "coverage": drawings.coverage(
            {way: selective_accuracy(mean, labels) for way, mean in means.items()}
        ),
    }
    record = {
        "figures": figures,
        "temperature": temperature,
        "num_passes": num_passes or 0,
        "num_bins": num_bins,
        "seed": seed,
        "num_examples": len(labels),
        "outside": dict.fromkeys(entropies, NUM_OUTSIDE),
    }
    with run.locked():
        pngs = {name: png(figure) for name, figure in drawn.items()}
        path, pictures = kept_uncertainty.keep(run.folder, record, pngs)
        report_again(run, recipe, splits, model, history)
    return Evaluation(
        figures=figures,
        temperature=temperature,
        num_passes=num_passes or 0,
        path=path,
        pictures=pictures,
    )
