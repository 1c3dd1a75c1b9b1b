"""How much memory a long text takes: the same recipe on texts of 4 to 1,000 million characters.

`make bench` runs this. A process for each length writes a text, trains the smallest language model
on it for 300 steps and says what it held in the end, pages of mapped files left out. Writes
docs/benchmark_memory.md.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from training_speed import machine_and_packages

ROOT = pathlib.Path(__file__).parent.parent
MILLIONS = (4, 40, 400, 1_000)
NUM_STEPS = 300
# What a text ten times as long may add.
BAR = 1.1

PAGE = """# How much memory a long text takes

A character network is trained for {steps} steps on texts of different lengths, each in a process of
its own. *Before* is what the process held when the text was ready, *after* what it held behind the
last step: resident memory without the pages of mapped files, which the system takes back whenever
somebody needs them.

| characters | before | after | beside the shortest |
|---|---|---|---|
{rows}

Held up to 256 MiB, the ids of a text stand in memory, a byte each and twice, since TensorFlow has a
copy; beyond that they are mapped from a file. The bar is {bar:g} times the shortest for the
texts that are mapped: {verdict}

Machine: {machine}. Made by `make bench`.
"""


def main():
    """Run a process a length and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    found = {}
    for millions in MILLIONS:
        process = subprocess.run(
            [sys.executable, __file__, "--one", str(millions)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        found[millions] = json.loads(process.stdout.splitlines()[-1])
        print(millions, found[millions], flush=True)
    (ROOT / "docs" / "benchmark_memory.md").write_text(as_markdown(found), "utf-8")


def measure(millions):
    """Return the MiB held before and after the steps on a text of so many million characters."""
    import keras

    from kerasrecipes.recipes import catalog, data
    from kerasrecipes.recipes.data.pipeline import training_batches
    from kerasrecipes.recipes.recipe import replace
    from kerasrecipes.recipes.steps import TrainingSteps

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "text.txt"
        with open(path, "w", encoding="utf-8") as file:
            for number in range(millions):
                file.write(f"{number:09d} the quick brown fox.\n".ljust(100) * 10_000)
        splits = data.load(f"text:{path}", data_dir=folder)
        recipe = replace(
            catalog.get("lstm_pydoc"), **{"build.units": 16, "build.embedding": 8}, batch_size=32
        )
        keras.utils.set_random_seed(0)
        model = recipe.task.assemble(recipe, splits)
        recipe.task.compile(model, lambda: keras.optimizers.Adam(0.01))
        model.train_function = TrainingSteps(model, NUM_STEPS)
        batches = training_batches(splits.train, recipe.batch_size, seed=0, pair=recipe.task.pair)
        before = held()
        model.fit(batches, steps_per_epoch=NUM_STEPS, verbose=0, shuffle=False)
        return before, held()


def held():
    """Return the MiB of this process that no file stands for."""
    for line in pathlib.Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("This benchmark reads /proc/self/status, which only Linux has.")


def as_markdown(found):
    """Return the page."""
    shortest = found[MILLIONS[0]][1]
    rows = [
        f"| {millions:,} million | {before:,.0f} MiB | {after:,.0f} MiB | {after / shortest:.2f} |"
        for millions, (before, after) in found.items()
    ]
    longest = max(found[millions][1] / shortest for millions in MILLIONS if millions > 268)
    verdict = f"{longest:.2f}, {'reached' if longest <= BAR else 'missed'}."
    return PAGE.format(
        rows="\n".join(rows),
        steps=NUM_STEPS,
        bar=BAR,
        verdict=verdict,
        machine=machine_and_packages(),
    )


if __name__ == "__main__":
    main()
