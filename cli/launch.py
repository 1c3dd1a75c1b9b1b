"""Train with several processes of this machine, and keep them going through faults."""

import argparse
import contextlib
import os
import shlex
import shutil
import sys
from pathlib import Path

from ..recipes.errors import RecipeError, check_at_least
from ..recipes.processes.copied_log import CopiedLog
from ..recipes.processes.notice import TERMINATED
from ..recipes.processes.together import HUNG_SECONDS, TF_CONFIG, GaveUp, run_together
from .changes import expect


def add_arguments(parser):
    """Take the number of workers, when to start them again, and their command."""
    parser.add_argument("--workers", type=int, default=2, help="processes; default: 2")
    parser.add_argument(
        "--restarts",
        type=int,
        default=5,
        help="how often they may fail with no checkpoint in between; default: 5",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="the time to save in when this is interrupted; default: 30",
    )
    parser.add_argument(
        "--hung",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="without a step for so long, they are started again; default: 600",
    )
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="train ...",
        help="`train` and all that comes after it, as for one process",
    )


def run(arguments):
    """Run the command as several workers, and return its exit code."""
    words = arguments.command
    if not words or words[0] != "train":
        raise RecipeError(
            f"`launch` must be given `train` and what comes after it. Received: "
            f"{shlex.join(words) or 'nothing'}. Try `kerasrecipes launch --workers 2 train "
            f"lenet5_digits`."
        )
    if os.environ.get(TF_CONFIG):
        raise RecipeError(
            f"`launch` starts all workers itself and must be run without TF_CONFIG. Received: "
            f"{TF_CONFIG}={os.environ[TF_CONFIG]!r}. On a cluster each node runs `kerasrecipes "
            f"train` with a TF_CONFIG of its own."
        )
    check_at_least("launch", 1, workers=arguments.workers, hung=arguments.hung)
    check_at_least("launch", 0, restarts=arguments.restarts, grace=arguments.grace)
    folder, made, words = _folder_of(words, arguments.workers)
    log = CopiedLog(folder / "logs" / "worker0.log")
    try:
        run_together(
            [sys.executable, "-m", f"{__package__}", *words],
            arguments.workers,
            log_folder=folder / "logs",
            max_restarts=arguments.restarts,
            grace_seconds=arguments.grace,
            stalled_seconds=arguments.hung,
            hung_seconds=min(arguments.hung, HUNG_SECONDS),
            on_event=_tell,
            on_look=log.copy,
            is_over=lambda: _status(folder) == "finished",
            go_on="",  # which is known once it has failed
        )
    except GaveUp as error:
        log.copy()
        how = _how_to_go_on(folder, arguments.workers)
        _tell(f"{error} {how or 'Mend that, and run the same command again.'}")
        return error.code
    except RecipeError as error:
        log.copy()
        _remove_unused(folder, made)
        if log.has_shown(str(error)):
            return 2
        raise
    except (KeyboardInterrupt, SystemExit) as stop:
        log.copy()
        how = _how_to_go_on(folder, arguments.workers)
        _remove_unused(folder, made)
        if isinstance(stop, KeyboardInterrupt):
            raise KeyboardInterrupt(f"interrupted. {how}".rstrip()) from stop
        if stop.code == TERMINATED:
            _tell(f"stopped by SIGTERM. {how}".rstrip())
        raise


def _folder_of(words, num_workers):
    """Return the run's folder, what was made for it, and a command that begins or goes on there."""
    from ..recipes import catalog
    from ..recipes.runs.recorded_folder import new_folder
    from ..recipes.runs.run import Run
    from .main import parser

    train = parser().parse_args(words)  # which says what is wrong with it
    run = Run.open(train.resume) if train.resume else None
    strategy = run.record["strategy"] if run else train.strategy
    if num_workers > 1 and strategy not in ("auto", "multiworker"):
        remedy = "Go on with --workers 1" if run else "Leave --strategy out"
        raise RecipeError(
            f"`strategy` of several workers must be 'auto' or 'multiworker'. Received: "
            f"strategy={strategy!r} and {num_workers} workers. {remedy}."
        )
    if run:
        return run.folder, [], words
    expect(train)
    parent = Path(train.folder or Path(train.runs) / catalog.name_of(train.name))
    made = [each for each in (parent, *parent.parents) if not each.exists()]
    if train.folder:
        return parent, made, words
    folder = new_folder(train.runs, parent.name)
    return folder, [folder, *made], [*words, "--folder", str(folder)]


def _status(folder):
    """Return the status of the run, or None where there is none yet."""
    from ..recipes.runs.run import Run

    try:
        return Run.open(folder).record["status"]
    except RecipeError:
        return None


def _how_to_go_on(folder, num_workers):
    """Return a sentence, or nothing where there is no run to go on with."""
    if _status(folder) is None:
        return ""
    command = f"kerasrecipes launch --workers {num_workers} train --resume"
    return f"Go on with `{command} {shlex.quote(str(folder))}`."


def _remove_unused(folder, made):
    """Leave nothing behind where no run came of it."""
    if folder.is_dir() and [path.name for path in folder.iterdir()] == ["logs"]:
        shutil.rmtree(folder / "logs")
    for each in made:
        with contextlib.suppress(OSError):  # it is gone, or there is something in it
            each.rmdir()


def _tell(sentence):
    print(f"kerasrecipes: {sentence}", file=sys.stderr, flush=True)
