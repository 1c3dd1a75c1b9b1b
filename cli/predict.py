"""Answer for files: images, CSV tables or NumPy arrays."""

from .console import table
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the model and the files."""
    parser.add_argument("source", metavar="RUN_OR_SAVED_MODEL", help="a run or an export of one")
    parser.add_argument("files", metavar="FILE", nargs="+", help="images, .csv, .npy or .npz")
    parser.add_argument(
        "--masks", metavar="FOLDER", help="where to write the masks of a segmentation"
    )


def run(arguments):
    """Print one row an example."""
    load_tensorflow()
    from .. import recipes

    answers = recipes.predict(arguments.source, arguments.files, masks=arguments.masks)
    header = list(answers[0])
    table("", header, [[_text(answer[key]) for key in header] for answer in answers])


def _text(value):
    if isinstance(value, dict):
        # The largest first, and none that rounds to nothing.
        parts = sorted(value.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {share:.1%}" for name, share in parts if share >= 0.0005)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
