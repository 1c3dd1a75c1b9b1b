"""Export a finished run as the next version of its SavedModel."""

from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the run's folder and the place of the export."""
    parser.add_argument("folder", metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "--saved-models",
        default="saved_models",
        help="folder of the exports; default: saved_models",
    )
    parser.add_argument(
        "--mc-dropout",
        type=int,
        metavar="PASSES",
        help="add a signature `mc_dropout` that asks the model so often with dropout on",
    )


def run(arguments):
    """Export it and print where it is."""
    load_tensorflow()
    from .. import recipes

    path = recipes.export(arguments.folder, arguments.saved_models, mc_dropout=arguments.mc_dropout)
    print(f"saved model: {path}")
