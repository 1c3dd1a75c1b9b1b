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

from kerasrecipes import recipes
from kerasrecipes.recipes import catalog, data
from kerasrecipes.recipes.run import machine

ROOT = pathlib.Path(__file__).parent.parent
FILE = ROOT / "docs" / "figures.json"


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
    values, seconds, baseline = [], [], None
    for seed in range(num_seeds):
        with tempfile.TemporaryDirectory() as folder:
            result = recipes.train(name, seed=seed, runs=folder, saved_models=None, progress=False)
        values.append(result.figures[metric])
        seconds.append(result.seconds)
        baseline = result.figures.get(f"baseline_{metric}")
        print(name, seed, metric, round(values[-1], 4), f"{seconds[-1]:.1f} s", flush=True)
    return {
        "metric": metric,
        "values": values,
        "baseline": baseline,
        "seconds": round(sum(seconds) / len(seconds), 1),
        "machine": machine(),
    }


if __name__ == "__main__":
    sys.exit(main())
