"""One worker of a cluster: trains every cell that it is told to, and the chief writes the numbers.

TF_CONFIG=... python worker.py numbers.npz [cell ...]
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerasrecipes.recipes import distribute

place = distribute.strategy("multiworker")

import cells  # noqa: E402
import numpy as np  # noqa: E402


def main(path, *names):
    found = {}
    for name in names or cells.CELLS:
        print(name, flush=True)
        for what, array in cells.numbers(place, name).items():
            found[f"{name}/{what}"] = array
    # Every worker has the same numbers: the chief's are compared with one process's, and the
    # others' with the chief's.
    np.savez(path, **found)
    distribute.wait_for_all(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
