"""A recipe on the command line, and what to change of it."""

import argparse
import ast

from ..recipes import catalog, data


def add_change_arguments(parser):
    """Take a recipe's name, `--epochs`, `--data`, `--set`, `--seed` and `--data-dir`."""
    parser.add_argument(
        "name", help="a name from `kerasrecipes list`, or a script: my_recipe.py, my_recipe.py:NAME"
    )
    add_fields(parser)
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")


def add_fields(parser):
    """Take `--epochs`, `--data` and `--set`."""
    parser.add_argument("--epochs", type=int, help="passes over the training data")
    parser.add_argument(
        "--data", help="another data set; `kerasrecipes data list` shows what can stand here"
    )
    parser.add_argument(
        "--set",
        dest="changes",
        metavar="FIELD=VALUE",
        action="append",
        type=change,
        default=[],
        help="replace a field of the recipe (batch_size=64) or an argument in it (build.depth=56)",
    )


def changes_of(arguments):
    """Return the fields that a command line replaces, as a dict."""
    overrides = dict(arguments.changes)
    for field in ("epochs", "data"):
        if getattr(arguments, field) is not None:
            overrides[field] = getattr(arguments, field)
    return overrides


def expect(arguments):
    """Say what is not to be had before TensorFlow is waited for."""
    catalog.check(arguments.name)
    entry = catalog.entries().get(arguments.name)
    name = arguments.data or (entry and entry.written.data)
    if name:
        data.expect_available(name, data_dir=arguments.data_dir)


def change(text):
    """Return the field and the value of FIELD=VALUE."""
    field, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"must be FIELD=VALUE. Received: {text!r}")
    try:
        value = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return field, value
    # A recipe is frozen: what it holds of several is a tuple.
    return field, tuple(value) if isinstance(value, list) else value
