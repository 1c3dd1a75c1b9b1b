"""Cross-validate a recipe: one run for each fold of its training examples."""

from .changes import add_change_arguments, changes_of, expect
from .console import table
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the recipe, the folds and what to change."""
    add_change_arguments(parser)
    parser.add_argument("--folds", type=int, default=5, help="default: 5")
    parser.add_argument("--strategy", default="auto", help="auto, none or mirrored; default: auto")
    parser.add_argument("--runs", default="runs", help="folder of the runs; default: runs")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(arguments):
    """Train the folds, and print their figures, mean and deviation."""
    expect(arguments)
    load_tensorflow()
    from .. import recipes

    found = recipes.cross_validate(
        arguments.name,
        arguments.folds,
        seed=arguments.seed,
        strategy=arguments.strategy,
        runs=arguments.runs,
        data_dir=arguments.data_dir,
        progress=not arguments.quiet,
        **changes_of(arguments),
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
