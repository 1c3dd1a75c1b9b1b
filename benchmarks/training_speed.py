"""How fast four recipes train: ours, plain Keras and plain PyTorch, in turn.

`make bench` runs this. The machines it runs on may be shared, so each round runs the three one
after the other, each in a process of its own, and what counts is the median of the ratios of a
round. The first epoch of a process compiles and is not counted. Writes docs/benchmark.md.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from kinds.clock import fit

ROOT = pathlib.Path(__file__).parent.parent
SIDES = ("ours", "keras", "torch")
# Examples and counted epochs of a run: some seconds each.
SIZES = {"softmax": (54_000, 5), "mlp": (27_000, 3), "lenet5": (27_000, 3), "resnet20": (2_560, 2)}
RECIPES = {
    "softmax": "softmax_mnist",
    "mlp": "mlp_mnist",
    "lenet5": "lenet5_mnist",
    "resnet20": "resnet20_glyphs",
}
BATCH_SIZE = 128
KERAS_BAR, TORCH_BAR = 1.5, 1.0


def main():
    """Run the rounds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(*arguments.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "glyphs.npz"
        subprocess.run([sys.executable, "-c", SAVE, str(file)], check=True)
        table = {name: rounds(name, arguments.rounds, file) for name in arguments.models}
    text = as_markdown(table, arguments.rounds)
    print(text)
    if set(table) == set(SIZES):
        (ROOT / "docs" / "benchmark.md").write_text(text, "utf-8")


SAVE = """
import sys, numpy as np
from kerasrecipes.recipes import data
train = data.load("glyphs").train
np.savez(sys.argv[1], inputs=train.inputs, targets=train.targets)
"""


def rounds(name, num_rounds, file):
    """Return the seconds of an epoch by side, one figure a round."""
    found = {side: [] for side in SIDES}
    for number in range(num_rounds):
        for side in SIDES:
            process = subprocess.run(
                [sys.executable, __file__, "--one", name, side, str(file)],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
            found[side].append(json.loads(process.stdout.splitlines()[-1]))
        print(name, number + 1, {side: round(s[-1], 3) for side, s in found.items()}, flush=True)
    return found


def one(name, side, file):
    """Return the median seconds of an epoch, in this process."""
    import numpy as np

    num_examples, num_epochs = SIZES[name]
    with np.load(file) as arrays:
        inputs, targets = arrays["inputs"][:num_examples], arrays["targets"][:num_examples]
    run = {"ours": run_ours, "keras": run_keras, "torch": run_torch}[side]
    return statistics.median(run(name, inputs, targets, num_epochs + 1)[1:])


def run_ours(name, inputs, targets, num_epochs):
    """Train the recipe with the training path that `recipes.train` takes."""
    from kerasrecipes.recipes import catalog, distribute
    from kerasrecipes.recipes.data.indexed import IndexedSplit
    from kerasrecipes.recipes.data.pipeline import training_batches
    from kerasrecipes.recipes.data.splits import Spec, Splits
    from kerasrecipes.recipes.recipe import replace
    from kerasrecipes.recipes.steps import TrainingSteps
    from kerasrecipes.recipes.training import prepare

    split = IndexedSplit(inputs=inputs, targets=targets)
    splits = Splits(
        name="glyphs", inputs=Spec("image", (28, 28, 1), "uint8"),
        class_names=tuple("0123456789"), train=split, validation=split, test=split,
        licence="", source="", fingerprint="",
    )  # fmt: skip
    # Nobody else here augments.
    recipe = replace(catalog.get(RECIPES[name]), batch_size=BATCH_SIZE, augment=())
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    num_steps = split.steps_per_epoch(BATCH_SIZE)
    model.train_function = TrainingSteps(model, num_steps)
    batches = training_batches(split, BATCH_SIZE, seed=0)
    return fit(model, num_epochs, x=batches, steps_per_epoch=num_steps, shuffle=False)


def run_keras(name, inputs, targets, num_epochs):
    """Train plain layers with `model.fit(x, y)`."""
    import keras
    import plain_keras

    model, optimizer = getattr(plain_keras, name)()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    scaled = inputs.astype("float32") / 255
    return fit(model, num_epochs, x=scaled, y=targets, batch_size=BATCH_SIZE)


def run_torch(name, inputs, targets, num_epochs):
    """Train with PyTorch's plain loop."""
    import plain_torch

    model, optimizer = getattr(plain_torch, name)()
    return plain_torch.epochs(
        model, optimizer, inputs, targets, BATCH_SIZE, num_epochs, time.perf_counter
    )


def as_markdown(table, num_rounds):
    """Return the table of ratios as a page."""
    rows = []
    for name, found in table.items():
        medians = {side: statistics.median(seconds) for side, seconds in found.items()}
        num_steps = SIZES[name][0] // BATCH_SIZE
        row = [name, *(f"{medians[side] / num_steps * 1e3:.2f}" for side in SIDES)]
        for side, bar in (("keras", KERAS_BAR), ("torch", TORCH_BAR)):
            ratios = [o / u for o, u in zip(found[side], found["ours"], strict=True)]
            ratio = statistics.median(ratios)
            verdict = "" if ratio >= bar else f" (missed: {bar:g})"
            row.append(f"{ratio:.2f}{verdict} [{min(ratios):.2f}, {max(ratios):.2f}]")
        rows.append(f"| {' | '.join(row)} |")
    return PAGE.format(
        rows="\n".join(rows), rounds=num_rounds, batch=BATCH_SIZE, machine=machine_and_packages()
    )


PAGE = """# How fast the recipes train

Milliseconds a training step, batch of {batch}, on 28x28 grey images in memory; and the time of
plain Keras and of plain PyTorch over ours: the median over {rounds} rounds of the ratio within a
round, and the smallest and largest in brackets. The bars are 1.5 for Keras and 1 for PyTorch.

| model | ours, ms | Keras, ms | PyTorch, ms | Keras / ours | PyTorch / ours |
|---|---|---|---|---|---|
{rows}

Machine: {machine}.

- *Ours*: the recipe as `recipes.train` trains it (`TrainingSteps` over `training_batches`), without
  augmentation, which the others do not have, and without the report's callbacks.
- *Keras*: plain layers and `model.fit(x, y)`, as its documentation writes it.
- *PyTorch*: a plain loop over tensors in memory, batches gathered by a shuffled index (a
  `DataLoader` is several times slower), the loss read each step.

Where a bar is missed: the convolutions are the same kernels of oneDNN on both sides and take most
of the step of `lenet5` and `resnet20`, so that a faster pipeline, update and normalisation have
the less to save; and a round's ratios spread widely, since the machine was shared.

Made by `make bench`. Each side runs in a process of its own, the three in turn within a round; an
epoch that compiles is not counted.
"""


def machine_and_packages():
    """Return what this runs on, in a line."""
    from importlib.metadata import version

    from kerasrecipes.recipes.runs.run import machine

    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "torch"))
    return f"{machine()}, {packages}"


if __name__ == "__main__":
    main()
