"""Train a recipe, test it once, and leave a report and a SavedModel behind."""

from ..recipes.errors import RecipeError
from ..recipes.processes.heartbeat import beating
from .changes import add_fields, changes_of, expect
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the recipe and what to change of it."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "name",
        nargs="?",
        help="a name from `kerasrecipes list`, or a script: my_recipe.py, my_recipe.py:NAME",
    )
    what.add_argument("--resume", metavar="RUN", help="go on with a run that was interrupted")
    add_fields(parser)
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--strategy",
        default="auto",
        help="auto, none, mirrored, multiworker or tpu; default: auto",
    )
    parser.add_argument(
        "--scale",
        metavar="RULE",
        help="linear or square_root: the batch is that of each replica, and the learning rate "
        "grows with their number; without it they share the batch",
    )
    parser.add_argument("--runs", default="runs", help="folder of the runs; default: runs")
    parser.add_argument(
        "--folder",
        help="the run's own folder, where it must be known before; a run in it is gone on with",
    )
    parser.add_argument(
        "--saved-models",
        default="saved_models",
        help="folder of the exports; default: saved_models",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=60.0,
        help="how long an epoch may go on before it is saved within; default: 60",
    )
    parser.add_argument("--no-export", action="store_true", help="leave the SavedModel out")
    parser.add_argument("--data-dir", help="folder of the data sets; default: TFDS's own")
    parser.add_argument(
        "--data-service",
        metavar="ADDRESS",
        help="have the batches made by `kerasrecipes data serve`: grpc://host:5000,...",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(arguments):
    """Train, and print what came of it."""
    with beating():
        _tell(_train(arguments))


def _train(arguments):
    changes = {
        "--epochs": arguments.epochs,
        "--data": arguments.data,
        "--set": arguments.changes,
        "--folder": arguments.folder,
        "--scale": arguments.scale,
    }
    given = [flag for flag, value in changes.items() if value not in (None, [])]
    if arguments.resume and given:
        raise RecipeError(
            f"A run goes on as it was started. Received: {', '.join(given)} beside --resume. "
            f"Leave it out, or start a run anew."
        )
    if arguments.name:
        expect(arguments)
    load_tensorflow()
    from .. import recipes
    from ..recipes.training import resume

    if arguments.resume:
        return resume(
            arguments.resume,
            progress=not arguments.quiet,
            data_service=arguments.data_service,
        )
    return recipes.train(
        arguments.name,
        seed=arguments.seed,
        strategy=arguments.strategy,
        scale=arguments.scale,
        runs=arguments.runs,
        folder=arguments.folder,
        saved_models=None if arguments.no_export else arguments.saved_models,
        data_dir=arguments.data_dir,
        checkpoint_seconds=arguments.checkpoint_seconds,
        progress=not arguments.quiet,
        data_service=arguments.data_service,
        **changes_of(arguments),
    )


def _tell(result):
    if result.run is None:  # a worker that is not the chief
        return
    for metric, value in result.figures.items():
        print(f"test {metric}: {value:.4f}")
    expected = result.recipe.expected
    verdict = {True: "reached", False: "missed", None: "not comparable, on other data"}
    print(f"expected {expected.metric}: {expected.value:g} ({verdict[result.reached]})")
    print(f"report: {result.run / 'report.html'}")
    if result.saved_model:
        print(f"saved model: {result.saved_model}")
