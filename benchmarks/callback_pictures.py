"""The pictures of docs/callbacks.md and docs/training.md: what each callback shows or changes.

`make pictures` runs this. Every picture is a training on the embedded digits, some seconds each.
The modules of `callbacks_shown` have one callback each, or a few that belong together; with names
of modules, those alone are made.
"""

import argparse
import importlib
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from small_png import write

PICTURES = pathlib.Path(__file__).parent.parent / "docs" / "pictures"
MODULES = (
    "averages",
    "bounds",
    "classes",
    "diagnosis",
    "dropout_passes",
    "layers",
    "samples",
    "snapshots",
    "stopping",
)


def main():
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", choices=[[], *MODULES], help="default: all")
    for module in parser.parse_args().modules or MODULES:
        keras.utils.set_random_seed(0)
        made = importlib.import_module(f"callbacks_shown.{module}").make()
        for name, picture in made.items():
            path = PICTURES / f"{name}.png"
            write(path, picture)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
