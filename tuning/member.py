"""A process that takes part in a search: `python -m kerasrecipes.tuning.member SEARCH`.

Its role, chief or worker, is what KerasTuner's three environment variables say.
"""

import os
import sys

from ..recipes.errors import RecipeError
from .cluster.heartbeat import Heartbeat

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main(folder):
    """Take part in the search of a folder to its end, and return the exit code."""
    try:
        with Heartbeat() as heartbeat:
            # After the first sign of life, since this loads TensorFlow.
            from .plan import plan_of, runner_of
            from .quiet import without_retracing_warnings
            from .search_folder import SearchFolder

            with without_retracing_warnings():
                runner_of(plan_of(SearchFolder.open(folder)), heartbeat=heartbeat).search()
    except RecipeError as error:
        print(f"kerasrecipes: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1])
    # TensorFlow takes seconds to put itself away, and everything is on the disk.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
