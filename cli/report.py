"""Write the report of a finished run again."""

from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the run's folder."""
    parser.add_argument("folder", metavar="RUN", help="the folder of a finished run")


def run(arguments):
    """Write it and print where it is."""
    load_tensorflow()
    from ..recipes.runs.revisit import report

    print(f"report: {report(arguments.folder)}")
