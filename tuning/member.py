"""A process that takes part in a search: `python -m kerasrecipes.tuning.member SEARCH`.

Its role, chief or worker, is what KerasTuner's three environment variables say.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main(folder):
    """Take part in the search of a folder to its end, and return the exit code."""
    from ..recipes.errors import RecipeError
    from .quiet import without_retracing_warnings
    from .search_folder import SearchFolder
    from .searching import plan_of, runner_of

    try:
        with without_retracing_warnings():
            runner_of(plan_of(SearchFolder.open(folder))).search()
    except RecipeError as error:
        print(f"kerasrecipes: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
