"""Trials an hour: our search beside KerasTuner as its documentation shows it, and two workers.

`make bench` runs this. Both search the same space with the same oracle and the same seeds, for the
same number of trials of the same network on the same examples, each in a process of its own, in
turn within a round. What counts is the median of the ratios of a round. Writes
docs/benchmark_tuning.md.
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

from mc_dropout_speed import machine_and_packages

ROOT = pathlib.Path(__file__).parent.parent
RECIPE = "mlp_digits"
NUM_TRIALS = 10
EPOCHS = 20
BATCH_SIZE = 32
RATES = (1e-4, 1e-2)
DECAYS = (1e-6, 1e-2)
# On a machine of two cores; each process of a search has one of them.
NUM_PARALLEL_TRIALS = 24
BARS = {"keras_tuner": 2.0, "workers": 1.6}

PAGE = """# How fast a search is

Seconds a trial of `{recipe}`, {epochs} epochs of {steps} steps of {batch} examples; random search
over the rate and the weight decay. Medians over {rounds} rounds of the ratio within a round, the
smallest and largest in brackets.

| | seconds a trial | ratio | bar |
|---|---|---|---|
{rows}

Machine: {machine}.

*KerasTuner* is used as [its guide](https://keras.io/guides/keras_tuner/getting_started/) shows it:
`RandomSearch` over a function that builds and compiles the model, and `search(x, y, ...)`, which
trains with `fit` on arrays and keeps a checkpoint of each epoch's weights. Ours is
`tuning.search(..., method="random")`. Both train the same network with the same batch, epochs and
seeds, on {examples} examples, and validate after each epoch; none retrains the winner. What is
timed is the search, without imports and without loading the data.

*Workers* is the time from the first trial's beginning to the last one's end of a search of
{parallel} trials by two workers, each on a core of its own, beside one process on the same two
cores. The command as a whole takes {command_one:.0f} s with one process and {command_two:.0f} s
with two workers: a chief and two workers load TensorFlow before the first trial.

Made by `make bench`.
"""


def main():
    """Measure in turn, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", choices=("ours", "keras_tuner", "one", "two"))
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(arguments.one)))
        return
    found = {"ours": [], "keras_tuner": [], "one": [], "two": []}
    for number in range(arguments.rounds):
        for side, results in found.items():
            results.append(in_a_process(side))
            print(number, side, results[-1], flush=True)
    (ROOT / "docs" / "benchmark_tuning.md").write_text(as_markdown(found), "utf-8")


def in_a_process(side):
    """Return what a fresh process measures."""
    command = [sys.executable, __file__, "--one", side]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            command, env=environment, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
    return json.loads(said.stdout.splitlines()[-1])


def measured(side):
    """Return the seconds of a side: of a trial, and of all there is."""
    return {"ours": ours, "keras_tuner": keras_tuner, "one": one, "two": two}[side]()


def space(hp, base):
    """Vary the rate and the decay."""
    from kerasrecipes.recipes.recipe import replace

    rate = hp.Float("learning_rate", *RATES, sampling="log")
    decay = hp.Float("regularization.weight_decay", *DECAYS, sampling="log")
    return replace(base, **{"learning_rate": rate, "regularization.weight_decay": decay})


def ours():
    """Search with our search."""
    from kerasrecipes import tuning
    from kerasrecipes.recipes import data

    data.load("digits")  # as the other side, before the clock starts
    import kerasrecipes.tuning.searching  # noqa: F401

    begin = time.perf_counter()
    tuning.search(
        RECIPE,
        method="random",
        budget=NUM_TRIALS,
        space=space,
        objective="val_accuracy",
        retrain=False,
        progress=False,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        callbacks=(),
    )
    return {"seconds": (time.perf_counter() - begin) / NUM_TRIALS}


def keras_tuner():
    """Search as KerasTuner's guide shows it."""
    import keras
    import keras_tuner

    from kerasrecipes.recipes import catalog, data

    splits = data.load("digits")
    recipe = catalog.get(RECIPE)

    def build_model(hp):
        rate = hp.Float("learning_rate", *RATES, sampling="log")
        decay = hp.Float("weight_decay", *DECAYS, sampling="log")
        model = keras.Sequential(
            [keras.layers.Rescaling(1 / 255), recipe.build(splits.input_shape, splits.num_classes)]
        )
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=rate, weight_decay=decay),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return model

    begin = time.perf_counter()
    tuner = keras_tuner.RandomSearch(
        build_model, objective="val_accuracy", max_trials=NUM_TRIALS, seed=1, directory="search"
    )
    tuner.search(
        splits.train.inputs,
        splits.train.targets,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        validation_data=(splits.validation.inputs, splits.validation.targets),
        verbose=0,
    )
    return {"seconds": (time.perf_counter() - begin) / NUM_TRIALS}


def one():
    """Search with the command, in one process."""
    return command(1)


def two():
    """Search with the command, with two workers."""
    return command(2)


def command(num_workers):
    """Return the seconds a trial within the search, and of the command as a whole."""
    words = ["tune", RECIPE, "--method", "random", "--trials", str(NUM_PARALLEL_TRIALS)]
    words += ["--over", "learning_rate", "--range", "regularization.weight_decay=1e-6:1e-2:log"]
    words += ["--epochs", str(EPOCHS), "--no-retrain", "--quiet", "--workers", str(num_workers)]
    program = "import sys; from kerasrecipes.cli.main import main; sys.exit(main())"
    begin = time.time()
    subprocess.run([sys.executable, "-c", program, *words], check=True, stdout=subprocess.DEVNULL)
    whole = time.time() - begin
    ended = sorted(
        (path.stat().st_mtime, json.loads(path.read_text("utf-8"))["seconds"])
        for path in pathlib.Path("searches").glob("*/*/trials/*.json")
    )
    first = min(end - seconds for end, seconds in ended)
    return {"seconds": (ended[-1][0] - first) / NUM_PARALLEL_TRIALS, "whole": whole}


def as_markdown(found):
    """Return the page."""
    from kerasrecipes.recipes import data

    train = data.load("digits").train
    seconds = {side: [each["seconds"] for each in results] for side, results in found.items()}
    rows = [
        ("ours", seconds["ours"], None, None),
        ("KerasTuner", seconds["keras_tuner"], seconds["ours"], "keras_tuner"),
        ("one process of the command", seconds["one"], None, None),
        ("two workers of the command", seconds["two"], seconds["one"], "workers"),
    ]
    return PAGE.format(
        recipe=RECIPE,
        epochs=EPOCHS,
        steps=train.num_examples // BATCH_SIZE,
        batch=BATCH_SIZE,
        examples=f"{train.num_examples:,}",
        rounds=len(found["ours"]),
        parallel=NUM_PARALLEL_TRIALS,
        rows="\n".join(row(*each) for each in rows),
        command_one=statistics.median(each["whole"] for each in found["one"]),
        command_two=statistics.median(each["whole"] for each in found["two"]),
        machine=machine_and_packages(),
    )


def row(name, own, other, bar):
    """Return a row of the table; where there is a bar, how many times as many trials there are."""
    cells = [name, f"{statistics.median(own):.2f}"]
    if other is None:
        return f"| {' | '.join([*cells, '', ''])} |"
    pairs = zip(own, other, strict=True)
    ratios = [b / a if bar == "workers" else a / b for a, b in pairs]
    ratio = statistics.median(ratios)
    said = f"at least {BARS[bar]:g}"
    cells.append(f"{ratio:.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
    cells.append(said if ratio >= BARS[bar] else f"{said}, missed")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
