"""Evaluate a finished run on its test split again."""

from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the run's folder."""
    parser.add_argument("folder", metavar="RUN", help="the folder of a finished run")


def run(arguments):
    """Print the figures."""
    load_tensorflow()
    from .. import recipes

    for metric, value in recipes.evaluate(arguments.folder).items():
        print(f"test {metric}: {value:.4f}")
