"""Cross-validate a recipe: one run for each fold of its training examples."""

from ..recipes import catalog
from .console import table
from .quiet import load_tensorflow
from .train import _change


def add_arguments(parser):
    """Take the recipe, the folds and what to change."""
    parser.add_argument("name", help="a name from `kerasrecipes list`, or a recipe script")
    parser.add_argument("--folds", type=int, default=5, help="default: 5")
    parser.add_argument("--epochs", type=int, help="passes over the training data")
    parser.add_argument("--data", help="another data set")
    parser.add_argument(
        "--set",
        dest="changes",
        metavar="FIELD=VALUE",
        action="append",
        type=_change,
        default=[],
        help="replace a field of the recipe (batch_size=64) or an argument in it (build.depth=56)",
    )
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--strategy", default="auto", help="auto, none or mirrored; default: auto")
    parser.add_argument("--runs", default="runs", help="folder of the runs; default: runs")
    parser.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(arguments):
    """Train the folds, and print their figures, mean and deviation."""
    catalog.check(arguments.name)
    load_tensorflow()
    from .. import recipes

    overrides = dict(arguments.changes)
    for field in ("epochs", "data"):
        if getattr(arguments, field) is not None:
            overrides[field] = getattr(arguments, field)
    found = recipes.cross_validate(
        arguments.name,
        arguments.folds,
        seed=arguments.seed,
        strategy=arguments.strategy,
        runs=arguments.runs,
        data_dir=arguments.data_dir,
        progress=not arguments.quiet,
        **overrides,
    )
    metrics = list(found.mean)
    rows = [
        (f"fold {number}", *(f"{figures[metric]:.4f}" for metric in metrics))
        for number, figures in enumerate(found.folds, 1)
    ]
    for name, values in (("mean", found.mean), ("deviation", found.deviation)):
        rows.append((name, *(f"{values[metric]:.4f}" for metric in metrics)))
    table("On the held-out folds", ("", *metrics), rows)
    print(found.path)
