"""What the ways to say how sure a classifier is are worth on new fonts: three repetitions.

`make uncertainty` runs this. A repetition is five members of `cnn_glyphs`, which differ by their
seed. Each alone is a single model, and is asked once, with a fitted temperature, with Monte Carlo
dropout and about augmented views; together they are an ensemble. The same seeds with training
examples drawn with replacement are bagging. The table goes to docs/uncertainty.md.

A member takes a minute or two. What it answers is kept in the folder at once, and the table is made
anew after each: whoever breaks off and starts again goes on where it was.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kerasrecipes import recipes
from kerasrecipes.recipes import data
from kerasrecipes.recipes.atomic import replacing
from kerasrecipes.recipes.data.augment import affine
from kerasrecipes.recipes.uncertainty.ensembles import bootstrapped
from kerasrecipes.recipes.uncertainty.figures import summary
from kerasrecipes.recipes.uncertainty.outside import outside_of
from kerasrecipes.recipes.uncertainty.passes import logits, mc_dropout
from kerasrecipes.recipes.uncertainty.temperature import fit_temperature, scale
from kerasrecipes.recipes.uncertainty.views import augmented

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs" / "uncertainty.md"
BEGIN, END = "<!-- table: made by `make uncertainty` -->", "<!-- end of table -->"
RECIPE, NUM_MEMBERS, NUM_REPETITIONS = "cnn_glyphs", 5, 3
NUM_PASSES, NUM_VIEWS, NUM_OUTSIDE = 50, 10, 1000
# Less than what the glyphs were drawn with, since a view is turned and moved on top of that.
VIEWS = (affine(rotation=5.0, zoom=0.05, shift=0.05),)
SINGLE = "single model"
FIGURES = ("accuracy", "nll", "ece", "brier", "aurc", "auroc_unseen", "auroc_noise")
HIGHER = ("accuracy", "auroc_unseen", "auroc_noise")
JUDGED = ("nll", "ece")


def main():
    """Train and ask the members that are not there yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "runs" / "uncertainty_table")
    parser.add_argument("--data-dir")
    parser.add_argument("--table-only", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    splits = data.load(recipes.get(RECIPE).data, data_dir=arguments.data_dir)
    asked = {"": splits.test, **outside_of(splits, NUM_OUTSIDE)}
    if not arguments.table_only:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for bagging in (False, True):
            for seed in range(NUM_MEMBERS * NUM_REPETITIONS):
                file = path(arguments.folder, seed, bagging)
                if not file.exists():
                    ask(file, splits, asked, seed, bagging)
                    write(arguments.folder, splits.test.targets)
    print(write(arguments.folder, splits.test.targets))


def path(folder, seed, bagging):
    """Return the file of what a member answers."""
    return folder / f"{'bagged' if bagging else 'member'}-{seed}.npz"


def ask(file, splits, asked, seed, bagging):
    """Train a member, and keep what it answers and the figures of each way to ask it alone."""
    keras.backend.clear_session()
    drawn = bootstrapped(splits, seed) if bagging else splits
    with tempfile.TemporaryDirectory() as runs:
        result = recipes.train(
            RECIPE, seed=seed, splits=drawn, runs=runs, saved_models=None, progress=False
        )
    model = result.model
    answers = {name: logits(model, inputs) for name, inputs in asked.items()}
    ways = {SINGLE: {name: scale(found, 1.0)[None] for name, found in answers.items()}}
    if not bagging:
        temperature = fit_temperature(logits(model, splits.validation), splits.validation.targets)
        ways["temperature scaling"] = {
            name: scale(found, temperature)[None] for name, found in answers.items()
        }
        ways[f"MC dropout, {NUM_PASSES} passes"] = {
            name: mc_dropout(model, inputs, num_passes=NUM_PASSES, seed=seed)
            for name, inputs in asked.items()
        }
        ways[f"test-time augmentation, {NUM_VIEWS} views"] = {
            name: augmented(model, inputs, VIEWS, num_passes=NUM_VIEWS, seed=seed)
            for name, inputs in asked.items()
        }
    figures = {way: summarised(found, splits.test.targets) for way, found in ways.items()}
    probabilities = {f"probabilities_{name}": found[0] for name, found in ways[SINGLE].items()}
    with replacing(file) as temporary, open(temporary, "wb") as opened:
        np.savez_compressed(opened, figures=json.dumps(figures), **probabilities)
    shown = {
        way: {name: round(found[name], 4) for name in JUDGED} for way, found in figures.items()
    }
    print(file.name, f"{result.seconds:.0f} s", shown, flush=True)


def summarised(found, labels):
    """Return the figures of answers by what was asked; "" is the test split."""
    outside = {name: passes for name, passes in found.items() if name}
    return summary(found[""], labels, outside=outside)


def gathered(folder, labels):
    """Return the figures of all that is there.

    Returns:
        Dict from a way to a pair of lists of dicts: its figures, and those of the single model that
        each is held against. A way to ask a model alone has a pair for each model, against the same
        model; several together have one for each whole repetition, against the mean of the single
        models of the same seeds.
    """
    alone, together = {}, {}
    for repetition in range(NUM_REPETITIONS):
        seeds = range(NUM_MEMBERS * repetition, NUM_MEMBERS * (repetition + 1))
        singles = []
        for seed in seeds:
            if path(folder, seed, False).exists():
                figures = json.loads(str(np.load(path(folder, seed, False))["figures"]))
                singles.append(figures[SINGLE])
                for way, found in figures.items():
                    own, others = alone.setdefault(way, ([], []))
                    own.append(found)
                    others.append(figures[SINGLE])
        for way, bagging in (("ensemble", False), ("bagging", True)):
            files = [path(folder, seed, bagging) for seed in seeds]
            if len(singles) == NUM_MEMBERS and all(file.exists() for file in files):
                own, others = together.setdefault(f"{way} of {NUM_MEMBERS}", ([], []))
                own.append(summarised(stacked(files), labels))
                others.append({name: np.mean([s[name] for s in singles]) for name in FIGURES})
    return {**alone, **together}


def stacked(files):
    """Return the answers of several members as passes, by what was asked."""
    members = [np.load(file) for file in files]
    names = [name for name in members[0].files if name.startswith("probabilities_")]
    return {
        name.removeprefix("probabilities_"): np.stack([member[name] for member in members])
        for name in names
    }


def write(folder, labels):
    """Put the table of what is there between its marks on the page, and return it."""
    table = as_markdown(gathered(folder, labels))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")
    return table


def as_markdown(found):
    """Return the table: a row for each way, and what it is worth beside the single model."""
    header = ("way", "measured", *(f"`{name}`" for name in FIGURES))
    rows = [header, ["---"] * len(header)]
    for way, (own, others) in found.items():
        judged = {} if way == SINGLE else {name: verdict(name, own, others) for name in JUDGED}
        cells = [cell([figures[name] for figures in own], judged.get(name)) for name in FIGURES]
        what = "ensembles" if way.endswith(f" of {NUM_MEMBERS}") else "models"
        rows.append((way, f"{len(own)} {what}", *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell(values, judged):
    """Return mean and standard deviation, with n - 1, and the verdict where there is one."""
    deviation = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{deviation}{f', {judged}' if judged else ''}"


def verdict(name, own, others):
    """Say whether a figure is better than the single model's in nine of ten comparisons."""
    sign = 1 if name in HIGHER else -1
    differences = [sign * (a[name] - b[name]) for a, b in zip(own, others, strict=True)]
    num_better = sum(difference > 0 for difference in differences)
    word = "**better**" if num_better >= 0.9 * len(differences) else "not better"
    return f"{word} ({num_better} of {len(differences)})"


if __name__ == "__main__":
    sys.exit(main())
