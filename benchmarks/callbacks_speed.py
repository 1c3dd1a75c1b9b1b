"""What the callbacks cost: a recipe's training with all of them and with none, in turn.

`make bench` runs this behind kinds_speed.py. Each round trains the same recipe with and without,
one after the other, each in a process of its own. What counts is the median of the ratios of a
round. Writes docs/benchmark_callbacks.md.
"""

import argparse
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from kinds.clock import fit
from training_speed import machine_and_packages

ROOT = pathlib.Path(__file__).parent.parent
RECIPE = "cnn_glyphs"
# The callbacks that look into the model do so once in five epochs, the first one and the sixth: the
# five behind the first, in which everything compiles, hold one look.
PERIOD = 5
NUM_SAMPLED, NUM_VALIDATED = 64, 1024
BAR = 0.03
SIDES = ("without", "all")

PAGE = """# What the callbacks cost

The seconds of an epoch of `{recipe}` ({steps} steps of {batch} examples) with callbacks, over those
without, less 1: the median over {rounds} rounds of the ratio within a round, the smallest and
largest in brackets. An epoch is the mean over the {period} in which each callback does its work as
often as it does by default. The bar is {bar:.0%}.

| callbacks | without, s | with, s | cost |
|---|---|---|---|
{rows}

Machine: {machine}.

*All* are `ActivationStatistics`, `ConfusionMatrix` ({validated} examples), `Diagnosis`,
`ExponentialMovingAverage`, `GradientStatistics`, `MaxNorm`, `Progress`, `Samples` (16 images),
`SnapshotEnsemble`, `StochasticWeightAveraging`, `TensorBoard` and `Timing` together, on a sample of
{sampled} examples where they take one, each at its default frequency, snapshots every {period}
epochs, all that can writing for TensorBoard. Both sides have the optimizer keep the moving average,
which is the optimizer's work and no callback's, and neither validates: a validation costs what it
costs.

Made by `make bench`. Each side runs in a process of its own, the two in turn within a round; the
first epoch, in which things compile, is not counted.
"""


def main():
    """Run the rounds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--alone", nargs="*", help="time each of these callbacks alone instead")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one)))
        return
    names = arguments.alone or ["all"]
    found = rounds(names, arguments.rounds)
    text = as_markdown(found, arguments.rounds)
    print(text)
    if names == ["all"]:
        (ROOT / "docs" / "benchmark_callbacks.md").write_text(text, "utf-8")


def rounds(names, num_rounds):
    """Return the seconds of an epoch by side, one figure a round."""
    sides = ("without", *names)
    found = {side: [] for side in sides}
    for number in range(num_rounds):
        # What comes second in every round would get the warmer or the busier machine every time.
        for side in sides if number % 2 == 0 else sides[::-1]:
            process = subprocess.run(
                [sys.executable, __file__, "--one", side],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
            found[side].append(json.loads(process.stdout.splitlines()[-1]))
        print(number + 1, {side: round(s[-1], 3) for side, s in found.items()}, flush=True)
    return found


def one(side):
    """Return the mean seconds of an epoch, in this process."""
    from kerasrecipes.recipes import catalog, data, distribute
    from kerasrecipes.recipes.data.pipeline import training_batches
    from kerasrecipes.recipes.recipe import replace
    from kerasrecipes.recipes.steps import TrainingSteps
    from kerasrecipes.recipes.training import prepare

    recipe = replace(catalog.get(RECIPE), **{"optimizer.use_ema": True, "epochs": PERIOD + 1})
    splits = data.load(recipe.data)
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    model.train_function = TrainingSteps(model, num_steps)
    with tempfile.TemporaryDirectory() as folder:
        seconds = fit(
            model,
            recipe.epochs,
            x=training_batches(splits.train, recipe.batch_size, seed=0),
            steps_per_epoch=num_steps,
            shuffle=False,
            callbacks=[] if side == "without" else list(made(side, splits, folder)),
        )
    return statistics.mean(seconds[1:])


def made(side, splits, folder):
    """Yield the callbacks, or the one of that name."""
    from kerasrecipes import callbacks

    sample = splits.validation.examples(range(NUM_SAMPLED))
    validated = splits.validation.examples(range(NUM_VALIDATED))
    board = f"{folder}/board"
    makers = {
        "ActivationStatistics": lambda: callbacks.ActivationStatistics(sample[0], log_dir=board),
        "ConfusionMatrix": lambda: callbacks.ConfusionMatrix(validated, log_dir=board),
        "Diagnosis": lambda: callbacks.Diagnosis(sample),
        "ExponentialMovingAverage": lambda: callbacks.ExponentialMovingAverage(),
        "GradientStatistics": lambda: callbacks.GradientStatistics(sample, log_dir=board),
        "MaxNorm": lambda: callbacks.MaxNorm(),
        "Progress": lambda: callbacks.Progress(io.StringIO()),
        "Samples": lambda: callbacks.Samples(lambda model: sample[0][:16], board),
        "SnapshotEnsemble": lambda: callbacks.SnapshotEnsemble(PERIOD, f"{folder}/snapshots"),
        "StochasticWeightAveraging": lambda: callbacks.StochasticWeightAveraging(1),
        "TensorBoard": lambda: callbacks.TensorBoard(board),
        "Timing": lambda: callbacks.Timing(),
    }
    for name, make in makers.items():
        if side in ("all", name):
            yield make()


def as_markdown(found, num_rounds):
    """Return the page."""
    from kerasrecipes.recipes import catalog, data

    recipe = catalog.get(RECIPE)
    without = found["without"]
    rows = []
    for side, seconds in found.items():
        if side == "without":
            continue
        costs = [a / b - 1 for a, b in zip(seconds, without, strict=True)]
        cost = statistics.median(costs)
        verdict = "" if cost <= BAR else f" (missed: {BAR:.0%})"
        rows.append(
            f"| {side} | {statistics.median(without):.3f} | {statistics.median(seconds):.3f} "
            f"| {cost:.1%}{verdict} [{min(costs):.1%}, {max(costs):.1%}] |"
        )
    return PAGE.format(
        recipe=RECIPE,
        steps=data.load(recipe.data).train.steps_per_epoch(recipe.batch_size),
        batch=recipe.batch_size,
        rounds=num_rounds,
        period=PERIOD,
        bar=BAR,
        rows="\n".join(rows),
        machine=machine_and_packages(),
        validated=NUM_VALIDATED,
        sampled=NUM_SAMPLED,
    )


if __name__ == "__main__":
    main()
