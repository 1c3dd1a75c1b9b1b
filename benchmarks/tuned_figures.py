"""What tuning brings: searches over recipes on embedded data, and their winners with three seeds.

`make tuned` runs this; the whole takes about an hour on two cores. Trials are trained and compared
on the training and validation splits; the test split is looked at by the winner alone. Writes
docs/tuned.json after each, and the table of docs/tuning.md.
"""

import argparse
import io
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from PIL import Image

from kerasrecipes import recipes, tuning
from kerasrecipes.recipes import catalog
from kerasrecipes.recipes.measured import measured
from kerasrecipes.recipes.runs.run import machine

ROOT = pathlib.Path(__file__).parent.parent
FILE = ROOT / "docs" / "tuned.json"
PAGE = ROOT / "docs" / "tuning.md"
BEGIN, END = "<!-- tuned: made by `make tuned` -->", "<!-- end of tuned -->"
PICTURES = ROOT / "docs" / "pictures"
# The search whose pictures are on the page.
SHOWN = "mlp_digits"
NUM_SEEDS = 3
# Of an accuracy: twice the deviation that most recipes here have from seed to seed.
MARGIN = 0.005
SEARCHES = {
    # 1,527 digits: one split of 153 says little between two good recipes, five folds say more.
    "softmax_digits": {"method": "bayesian", "budget": 30, "folds": 5},
    "mlp_digits": {"method": "bayesian", "budget": 30, "folds": 5},
    # A trial to its end takes 20 seconds and more: most are stopped early.
    "mlp_glyphs": {"method": "hyperband", "budget": 40},
}


def main():
    """Search what is asked for, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"default: {', '.join(SEARCHES)}")
    parser.add_argument("--table-only", action="store_true", help="run nothing")
    parser.add_argument("--searches", help="keep the searches in this folder")
    arguments = parser.parse_args()
    if not arguments.table_only:
        for name in arguments.names or SEARCHES:
            found = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
            with tempfile.TemporaryDirectory() as folder:
                found[name] = tuned(name, arguments.searches or folder, folder)
            ordered = {known: found[known] for known in catalog.names() if known in found}
            FILE.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")


def tuned(name, searches, runs):
    """Search, train the winner with several seeds, and return its row."""
    found = tuning.search(
        name, searches=searches, runs=runs, retrain=False, progress=True, **SEARCHES[name]
    )
    if name == SHOWN:
        keep_pictures(found.folder)
    metric = found.recipe.expected.metric
    script = str(found.folder / "winner.py")
    values = []
    for seed in range(NUM_SEEDS):
        result = recipes.train(script, seed=seed, runs=runs, saved_models=None, progress=False)
        values.append(result.figures[metric])
        print(name, seed, metric, round(values[-1], 4), flush=True)
    first = next(trial for trial in found.trials if trial.number == 1)
    record = json.loads((found.folder / "search.json").read_text("utf-8"))
    return {
        "metric": metric,
        "values": values,
        "search": SEARCHES[name],
        "num_trials": len(found.trials),
        "seconds": round(record["seconds_spent"]),
        "objective": found.best.objective,
        # Of a search that stops most trials early the first was not trained to its end.
        "objective_by_hand": first.objective if first.status == "completed" else None,
        "code": pathlib.Path(script).read_text("utf-8"),
        "machine": machine(),
    }


def keep_pictures(folder):
    """Write the pictures of a search for the page."""
    for title, _, png in tuning.reporting.pictures(folder):
        image = Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE)
        image.save(PICTURES / f"tuning-{title.lower().replace(' ', '-')}.png", optimize=True)


def with_table(text):
    """Return the text of the page with the table between its marks."""
    rows = [
        "| recipe | search | by hand, test | tuned, test | difference | verdict |",
        "|---|---|---|---|---|---|",
    ]
    by_hand = measured()
    for name, row in json.loads(FILE.read_text("utf-8")).items():
        hand = by_hand[name]
        values = row["values"]
        mean = sum(values) / len(values)
        deviation = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
        difference = mean - hand.mean
        verdict = "better" if difference >= MARGIN else "not better by the margin"
        if difference <= -MARGIN:
            verdict = "worse"
        search = row["search"]
        how = f"{search['method']}, {row['num_trials']} trials"
        how += f", {search['folds']} folds" if "folds" in search else ""
        cells = (
            f"`{name}`",
            f"{how}, {row['seconds'] / 60:.0f} min",
            hand.short(),
            f"{mean:.4f} ± {deviation:.4f}",
            f"{difference:+.4f}",
            verdict,
        )
        rows.append(f"| {' | '.join(cells)} |")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n" + "\n".join(rows) + f"\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
