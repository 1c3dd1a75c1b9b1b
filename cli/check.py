"""Look at a recipe before it is trained: pass, warn or fail, and what to do."""

from .changes import add_change_arguments, changes_of, expect
from .console import table
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the recipe and what to change of it."""
    add_change_arguments(parser)
    parser.add_argument(
        "--quick", action="store_true", help="leave the trainings out; takes seconds"
    )


def run(arguments):
    """Print what was found; a failure makes the exit code 1."""
    expect(arguments)
    load_tensorflow()
    from .. import recipes
    from ..recipes.checks.finding import worst

    findings = recipes.check(
        arguments.name,
        quick=arguments.quick,
        seed=arguments.seed,
        data_dir=arguments.data_dir,
        **changes_of(arguments),
    )
    rows = [(found.check, found.verdict, found.found, found.advice) for found in findings]
    table(arguments.name, ("check", "verdict", "found", "what to do"), rows)
    return 1 if worst(findings) == "fail" else 0
