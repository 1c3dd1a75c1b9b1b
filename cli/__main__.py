"""`python -m kerasrecipes.cli`, which is `kerasrecipes` where no script is installed."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
