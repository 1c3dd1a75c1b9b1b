"""What saving costs a run, and what of that a thread of its own would spare it.

`make bench` runs this. A process for each recipe trains it as `kerasrecipes train` does, with the
default of a checkpoint a minute and after epochs, and adds up the seconds in which it saved. Writes
docs/benchmark_checkpoints.md.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from training_speed import machine_and_packages

ROOT = pathlib.Path(__file__).parent.parent
# From a thousandth of a second a step to half a second, and from 68 kB to 90 MB a checkpoint. The
# last one has epochs of a few seconds, which is where a large checkpoint would cost most.
RECIPES = {
    "softmax_digits": {"epochs": 100},
    "lenet5_digits": {},
    "unet_shapes": {"epochs": 3},
    "resnet18_glyphs": {"data": "digits", "epochs": 20},
}
BAR = 0.02

PAGE = """# What checkpoints cost

Each recipe is trained as `kerasrecipes train` does it. *A save* is the mean of those of the run;
*copying* is its part in which the weights are copied out of TensorFlow, which a thread that writes
could not take over. *Cost* is all saves beside the seconds of training, and *with a thread* what
would be left of it.

| recipe | training | checkpoint | saves | a save | of that copying | cost | with a thread |
|---|---|---|---|---|---|---|---|
{rows}

The bar is {bar:.0%}: {verdict}

`resnet18_glyphs` is trained here on small images, so that an epoch is over in seconds: a run that
saved after each of its epochs would pay {every:.1%}. The next save waits until the last one is a
hundredth of the time, so the cost is bounded whatever the model.

Machine: {machine}, which other work shared. Made by `make bench`.
"""


def main():
    """Run a process a recipe and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.data_dir)))
        return
    found = {}
    for name in RECIPES:
        more = ["--data-dir", arguments.data_dir] if arguments.data_dir else []
        process = subprocess.run(
            [sys.executable, __file__, "--one", name, *more],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        found[name] = json.loads(process.stdout.splitlines()[-1])
        print(name, found[name], flush=True)
    (ROOT / "docs" / "benchmark_checkpoints.md").write_text(as_markdown(found), "utf-8")


def measure(name, data_dir):
    """Return seconds of training, of saving and of copying, how many saves and how many bytes."""
    from kerasrecipes import recipes
    from kerasrecipes.recipes.runs import checkpoint
    from kerasrecipes.recipes.runs.checkpointing import Checkpointing

    spent = {"save": 0.0, "write": 0.0, "num_saves": 0, "num_bytes": 0}
    save, write = Checkpointing.save, checkpoint.write

    def timed_write(folder, plain, *arguments):
        begin = time.perf_counter()
        write(folder, plain, *arguments)
        spent["write"] += time.perf_counter() - begin
        spent["num_bytes"] = checkpoint.path_of(folder, plain["step"]).stat().st_size

    def timed_save(self, epoch):
        begin = time.perf_counter()
        save(self, epoch)
        spent["save"] += time.perf_counter() - begin
        spent["num_saves"] += 1

    checkpoint.write, Checkpointing.save = timed_write, timed_save
    with tempfile.TemporaryDirectory() as folder:
        result = recipes.train(
            name,
            runs=folder,
            saved_models=None,
            data_dir=data_dir,
            progress=False,
            **RECIPES[name],
        )
    num_epochs = len(result.history["loss"])
    return {**spent, "seconds": result.seconds, "num_epochs": num_epochs}


def as_markdown(found):
    """Return the page."""
    rows = []
    for name, row in found.items():
        a_save = row["save"] / row["num_saves"]
        copying = (row["save"] - row["write"]) / row["num_saves"]
        rows.append(
            f"| `{name}` | {row['seconds']:.0f} s | {row['num_bytes'] / 1e6:.3g} MB "
            f"| {row['num_saves']} | {1000 * a_save:.3g} ms | {1000 * copying:.3g} ms "
            f"| {row['save'] / row['seconds']:.2%} "
            f"| {(row['save'] - row['write']) / row['seconds']:.2%} |"
        )
    most = max(row["save"] / row["seconds"] for row in found.values())
    last = found["resnet18_glyphs"]
    every = last["save"] / last["num_saves"] * last["num_epochs"]
    return PAGE.format(
        rows="\n".join(rows),
        bar=BAR,
        verdict=f"at most {most:.2%}, {'reached' if most <= BAR else 'missed'}.",
        every=every / (last["seconds"] - last["save"] + every),
        machine=machine_and_packages(),
    )


if __name__ == "__main__":
    main()
