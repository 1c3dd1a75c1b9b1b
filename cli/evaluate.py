"""Evaluate a finished run on its test split again, and say how sure it may be."""

from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the run's folder and whether to look at its uncertainty."""
    parser.add_argument("folder", metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="calibration, temperature scaling and Monte Carlo dropout, with pictures in the run",
    )
    parser.add_argument(
        "--passes",
        type=int,
        help="passes of Monte Carlo dropout; default: 50 where the model has dropout",
    )


def run(arguments):
    """Print the figures."""
    from ..recipes.errors import RecipeError

    if arguments.passes is not None and not arguments.uncertainty:
        raise RecipeError("`--passes` is one of --uncertainty. Received: it alone. Give both.")
    load_tensorflow()
    from .. import recipes

    if arguments.uncertainty:
        _tell(recipes.uncertainty.evaluate(arguments.folder, num_passes=arguments.passes))
        return
    for metric, value in recipes.evaluate(arguments.folder).items():
        print(f"test {metric}: {value:.4f}")


def _tell(found):
    from .console import table

    names = max(found.figures.values(), key=len)  # MC dropout has one more than the others
    rows = [
        [way, *(f"{row[name]:.4f}" if name in row else "" for name in names)]
        for way, row in found.figures.items()
    ]
    table("On the test split", ("", *names), rows)
    print(f"temperature: {found.temperature:.3f}, fitted on the validation split")
    for path in (found.path, *found.pictures):
        print(path)
