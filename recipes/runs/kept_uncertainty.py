"""What a run keeps of how sure it is: `uncertainty.json`, pictures beside it, and its report."""

import json

from ..atomic import write_bytes, write_text
from ..errors import RecipeError

FILE = "uncertainty.json"
# What each picture shows, in the order of reading.
CAPTIONS = {
    "reliability": "Each bar is the accuracy of the examples whose confidence lies in its bin; a "
    "bar below the dashed line is a classifier that is too sure.",
    "entropy": "How unsure it is on test examples, and on data that it has not learnt.",
    "coverage": "The accuracy on the rest, where the examples it is least sure of are left to a "
    "person.",
}


def keep(folder, record, pictures):
    """Write figures and pictures into the folder of a run.

    Args:
        folder: path of the run.
        record: dict, what `uncertainty.evaluate` has found, as JSON values.
        pictures: dict from a name of `CAPTIONS` to the bytes of a PNG file.

    Returns:
        The path of the figures, and a tuple of those of the pictures.
    """
    paths = tuple(write_bytes(_picture(folder, name), png) for name, png in pictures.items())
    # Last, so that whoever finds it finds the pictures.
    return write_text(folder / FILE, json.dumps(record, indent=2) + "\n"), paths


def shown(folder):
    """Return what a report shows of it: pictures and tables, none where nobody has asked yet.

    Args:
        folder: path of the run.

    Returns:
        A list of `(title, caption, PNG bytes)`, and one of `(title, header, rows)`.

    Raises:
        RecipeError: a file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return [], []
    try:
        record = json.loads(path.read_text("utf-8"))
        ways = record["figures"]
        names = max(ways.values(), key=len)  # Monte Carlo dropout has one more than the others
        rows = [[way, *(found.get(name, "") for name in names)] for way, found in ways.items()]
        title = f"How sure it is (temperature {record['temperature']:.3g}"
        title += f", {record['num_passes']} passes)" if record["num_passes"] else ")"
        pictures = [
            (f"Uncertainty: {name}", caption, _picture(folder, name).read_bytes())
            for name, caption in CAPTIONS.items()
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise RecipeError(
            f"What {str(path)!r} keeps could not be read: {str(error) or type(error).__name__}. "
            f"Ask again with `kerasrecipes evaluate {folder} --uncertainty`."
        ) from error
    header = ("way to predict", *(name.replace("_", " ") for name in names))
    return pictures, [(title, header, rows)]


def _picture(folder, name):
    return folder / f"uncertainty-{name}.png"
