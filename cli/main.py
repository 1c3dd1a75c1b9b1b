"""The command `kerasrecipes`: reads the line, runs one command, and says what went wrong."""

import argparse
import importlib
import os
import sys
import warnings

from rich_argparse import RichHelpFormatter

from ..recipes.errors import RecipeError, WorkerLost

# In the order in which a newcomer meets them.
COMMANDS = (
    "list",
    "show",
    "check",
    "lr-find",
    "train",
    "launch",
    "evaluate",
    "cross-validate",
    "tune",
    "report",
    "export",
    "predict",
    "generate",
    "data",
)


def main(argv=None):
    """Run one command, and return its exit code.

    It is 0, or what the command returns (1 where a check failed), 2 on a mistake, 75 where another
    worker is gone, and 130 when interrupted.

    Args:
        argv: list of str, the command line without the program; None takes the process's own.
    """
    # TensorFlow greets on standard error otherwise; whoever sets it decides for himself.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return arguments.run(arguments) or 0
    except RecipeError as error:
        print(f"kerasrecipes: {error}", file=sys.stderr)
        return 2
    except WorkerLost as error:
        print(f"kerasrecipes: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt as interrupt:
        # A run that was interrupted says how it goes on.
        print(f"kerasrecipes: {interrupt or 'interrupted.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has seen enough (`kerasrecipes list | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def parser():
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="kerasrecipes",
        description="From a recipe's name to a trained, checked and exported Keras model.",
        epilog="Begin with `kerasrecipes list` and `kerasrecipes train lenet5_digits`.",
        formatter_class=RichHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f".{name.replace('-', '_')}", __package__)
        summary = module.__doc__.splitlines()[0]
        command = commands.add_parser(
            name, help=summary, description=summary, formatter_class=RichHelpFormatter
        )
        command.set_defaults(run=module.run)
        module.add_arguments(command)
    return parser


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"kerasrecipes: warning: {message}", file=sys.stderr)
