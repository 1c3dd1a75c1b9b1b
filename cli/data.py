"""List, fetch and describe data sets."""

from .console import table
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take what to do, and the name of a data set."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the data sets by name")
    listing.set_defaults(action=_list)
    for name, summary, action in (
        ("fetch", "download or prepare a data set now", _fetch),
        ("info", "load a data set and describe it", _info),
    ):
        command = actions.add_parser(name, help=summary)
        command.add_argument("name", help="a name from `kerasrecipes data list`")
        command.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
        command.set_defaults(action=action)


def run(arguments):
    """Do it."""
    arguments.action(arguments)


def _list(arguments):
    from ..recipes import data

    rows = [
        (row.name, row.kind, row.description, row.licence, "yes" if row.needs_network else "no")
        for row in data.names()
    ]
    table("", ("name", "kind", "what it is", "licence", "network"), rows)


def _fetch(arguments):
    load_tensorflow()
    from ..recipes import data

    data.fetch(arguments.name, data_dir=arguments.data_dir)
    print(f"{arguments.name} is ready.")


def _info(arguments):
    load_tensorflow()
    from ..recipes import data

    described = data.info(arguments.name, data_dir=arguments.data_dir)
    table("", ("", ""), [(key, value) for key, value in described.items()])
