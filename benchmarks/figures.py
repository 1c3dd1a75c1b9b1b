"""What the recipes reach: every recipe on embedded data, three seeds each.

`make figures` runs this. It trains with `recipes.train`, as anybody would, and writes what the test
split said to docs/figures.json after each recipe; then it makes README's table from that file.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from small_png import write

from kerasrecipes import recipes
from kerasrecipes.recipes import catalog, data
from kerasrecipes.recipes.runs.finish import evaluate
from kerasrecipes.recipes.runs.run import machine

ROOT = pathlib.Path(__file__).parent.parent
FILE = ROOT / "docs" / "figures.json"
PICTURES = ROOT / "docs" / "pictures"


def main():
    """Run what is asked for, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="recipes; default: all on embedded data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table-only", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    if not arguments.table_only:
        for name in arguments.names or embedded():
            figures = json.loads(FILE.read_text("utf-8"))
            figures[name] = measure(name, arguments.seeds)
            ordered = {known: figures[known] for known in catalog.names() if known in figures}
            FILE.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")
    import results_table

    results_table.write(ROOT / "README.md")


def embedded():
    """Return the names of the recipes whose data need no network."""
    kinds = {row.name: row.kind for row in data.names()}
    return [n for n, e in catalog.entries().items() if kinds.get(e.written.data) == "embedded"]


def measure(name, num_seeds):
    """Train a recipe with several seeds, and return its row."""
    metric = catalog.entries()[name].written.expected.metric
    values, seconds, baseline, pictures = [], [], None, []
    for seed in range(num_seeds):
        with tempfile.TemporaryDirectory() as folder:
            result = recipes.train(name, seed=seed, runs=folder, saved_models=None, progress=False)
        values.append(result.figures[metric])
        seconds.append(result.seconds)
        baseline = result.figures.get(f"baseline_{metric}")
        if seed == 0:
            pictures = keep_pictures(name, result)
        print(name, seed, metric, round(values[-1], 4), f"{seconds[-1]:.1f} s", flush=True)
    return {
        "metric": metric,
        "values": values,
        "baseline": baseline,
        "seconds": round(sum(seconds) / len(seconds), 1),
        "machine": machine(),
        "pictures": pictures,
    }


def keep_pictures(name, result):
    """Write what the report of a run shows, small enough for a page, and say what there is."""
    task, splits = result.recipe.task, result.splits
    _, outcome = evaluate(result.model, task, splits)
    for old in PICTURES.glob(f"{name}-*.png"):
        old.unlink()
    kept = []
    for number, (title, caption, figure) in enumerate(task.pictures(splits, splits.test, outcome)):
        file = f"{name}-{number + 1}.png"
        write(PICTURES / file, figure, dots_per_inch=110)
        kept.append({"title": title, "caption": caption, "file": file})
    return kept


if __name__ == "__main__":
    sys.exit(main())
