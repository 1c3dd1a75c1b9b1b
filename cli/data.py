"""List, fetch, describe and write data sets, and serve the batches of training."""

from ..recipes.processes.notice import sigterm_raises
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
    writing = actions.add_parser("write", help="write a data set as TFRecord files")
    writing.add_argument("name", help="a name from `kerasrecipes data list`")
    writing.add_argument("path", help="the folder to be made: /PATH, ./PATH, gs://BUCKET/PATH")
    writing.add_argument(
        "--shards", type=int, default=16, help="files of the training split; default: 16"
    )
    writing.add_argument(
        "--keep-order", action="store_true", help="leave the examples in their order"
    )
    writing.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
    writing.set_defaults(action=_write)
    serving = actions.add_parser("serve", help="make training batches for other processes")
    serving.add_argument(
        "--port", type=int, default=5000, help="that of the first worker; default: 5000"
    )
    serving.add_argument("--workers", type=int, default=1, help="data servers; default: 1")
    serving.add_argument("--host", help="how training reaches this machine; default: its name")
    serving.set_defaults(action=_serve)


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


def _write(arguments):
    load_tensorflow()
    from ..recipes import data

    path = data.write(
        arguments.name,
        arguments.path,
        shards=arguments.shards,
        keep_order=arguments.keep_order,
        data_dir=arguments.data_dir,
    )
    print(f"{arguments.name} is written. Train on it with `--data {_as_data_name(path)}`.")


def _as_data_name(path):
    from ..recipes.data.names import resolve
    from ..recipes.errors import RecipeError

    try:
        return path if resolve(path)[0] == "prepared" else f"./{path}"
    except RecipeError:
        return f"./{path}"


def _serve(arguments):
    load_tensorflow()
    from ..recipes.data.service import DataServers

    with sigterm_raises():
        servers = DataServers(arguments.port, arguments.workers, arguments.host)
        addresses = ",".join(servers.addresses)
        print(f"Serving. Train with `--data-service {addresses}`.", flush=True)
        try:
            servers.wait()
        except SystemExit:
            print("Stopped.")
        finally:
            servers.stop()
