"""Cross-validation: a recipe trained once for each fold, and tested on what that run never saw."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from . import catalog, data
from .atomic import write_text
from .data.carve import carve
from .errors import RecipeError, check_at_least
from .recipe import replace
from .recipe_faults import check_divisible
from .training import train


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """What the folds gave.

    Attributes:
        folds: tuple of dicts from metric to float, each on the held-out fold.
        runs: tuple of paths, the folders of the runs.
        mean: dict from metric to the mean over the folds.
        deviation: dict from metric to the standard deviation over the folds, with n - 1.
        path: path of the JSON file that holds all of it.
    """

    folds: tuple[dict[str, float], ...]
    runs: tuple[Path, ...]
    mean: dict[str, float]
    deviation: dict[str, float]
    path: Path


def cross_validate(
    recipe, folds=5, *, seed=0, runs="runs", data_dir=None, strategy="auto", progress=True,
    **overrides,
):  # fmt: skip
    """Train a recipe once for each fold of its training and validation examples.

    Each fold is the test split of one run, which learns from the others; its validation split is
    carved out of them, of the share that the data have. The test split of the data is not touched.
    Folds keep the shares of classes.

    The deviation is one of runs that share most of their examples: it is no standard error
    (Bengio and Grandvalet 2004, "No unbiased estimator of the variance of K-fold
    cross-validation", https://jmlr.org/papers/v5/grandvalet04a.html).

    Args:
        recipe: as for `recipes.train`.
        folds: int >= 2. Defaults to 5.
        seed: int >= 0, of the folds and of each run. Defaults to 0.
        runs: str or path of the folder that takes the runs. Defaults to "runs".
        data_dir: as for `recipes.train`. Defaults to None.
        strategy: as for `recipes.train`. Defaults to "auto".
        progress: bool, whether to show progress on the terminal. Defaults to True.
        **overrides: fields of the recipe to replace.

    Returns:
        `CrossValidation`.

    Raises:
        RecipeError: as `recipes.train`; `folds` is out of range, a class has fewer examples than
            there are folds, or examples of these data cannot be chosen one by one.
    """
    check_at_least("cross_validate", 2, folds=folds)
    chosen = replace(catalog.get(recipe), **overrides)
    splits = data.load(chosen.data, data_dir=data_dir)
    results = [
        train(
            recipe,
            seed=seed,
            splits=part,
            runs=runs,
            saved_models=None,
            data_dir=data_dir,
            strategy=strategy,
            progress=progress,
            **overrides,
        )
        for part in folded(splits, folds, seed)
    ]
    figures = tuple(result.figures for result in results)
    table = {metric: [each[metric] for each in figures] for metric in figures[0]}
    first = results[0].run
    found = CrossValidation(
        folds=figures,
        runs=tuple(result.run for result in results),
        mean={metric: float(np.mean(values)) for metric, values in table.items()},
        deviation={metric: float(np.std(values, ddof=1)) for metric, values in table.items()},
        path=first.with_name(f"cross-validation-{first.name}.json"),
    )
    write_text(found.path, json.dumps(_described(found, chosen.name, seed), indent=2) + "\n")
    return found


def folded(splits, folds, seed=0):
    """Return the `Splits` of each fold, which is their test split.

    Args:
        splits: `Splits` that can be divided.
        folds: int >= 2.
        seed: int >= 0. Defaults to 0.

    Raises:
        RecipeError: as `cross_validate`.
    """
    check_at_least("cross_validate", 2, folds=folds)
    check_divisible(splits)
    pool = splits.train.joined(splits.validation)
    share = splits.validation.num_examples / pool.num_examples
    stratify = splits.class_names is not None and pool.targets.ndim == 1
    parts = []
    for number, held_out in enumerate(_indices(pool.targets, folds, stratify, seed, splits), 1):
        rest = np.setdiff1d(np.arange(pool.num_examples), held_out)
        stay, leave = carve(pool.targets[rest], share, stratify=stratify, seed=seed)
        parts.append(
            dataclasses.replace(
                splits,
                train=pool.take(rest[stay]),
                validation=pool.take(rest[leave]),
                test=pool.take(held_out),
                fingerprint=f"{splits.fingerprint}-fold-{number}-of-{folds}-seed-{seed}",
                notes=(
                    *splits.notes,
                    f"test: fold {number} of {folds} of train and validation, seed {seed}",
                ),
            )
        )
    return parts


def _indices(targets, folds, stratify, seed, splits):
    """Return the indices of each fold, sorted."""
    from sklearn.model_selection import KFold, StratifiedKFold

    if len(targets) < 2 * folds:
        raise RecipeError(
            f"`folds` of cross_validate must be at most half of the number of examples, "
            f"{len(targets)}. Received: folds={folds}."
        )
    if not stratify:
        splitter = KFold(folds, shuffle=True, random_state=seed)
        return [held_out for _, held_out in splitter.split(targets)]
    counts = np.bincount(targets, minlength=splits.num_classes)
    rare = int(np.argmin(np.where(counts > 0, counts, np.iinfo(counts.dtype).max)))
    if counts[rare] < folds:
        raise RecipeError(
            f"`folds` of cross_validate must be at most the number of examples of the rarest "
            f"class, {counts[rare]} of {splits.class_names[rare]!r}. Received: folds={folds}."
        )
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return [held_out for _, held_out in splitter.split(targets, targets)]


def _described(found, name, seed):
    return {
        "recipe": name,
        "seed": seed,
        "num_folds": len(found.folds),
        "mean": found.mean,
        "deviation": found.deviation,
        "folds": [
            {"run": run.name, "figures": figures}
            for run, figures in zip(found.runs, found.folds, strict=True)
        ],
    }
