"""Find a learning rate: sweep it over a hundred steps, draw the loss, suggest one."""

from pathlib import Path

from .changes import add_change_arguments, changes_of, expect
from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the recipe, what to change of it, and where the picture goes."""
    add_change_arguments(parser)
    parser.add_argument("--steps", type=int, default=100, help="10 to 100; default: 100")
    parser.add_argument("--lowest", type=float, default=1e-7, help="the first rate; default: 1e-7")
    parser.add_argument("--highest", type=float, default=10.0, help="the last rate; default: 10")
    parser.add_argument("--picture", metavar="FILE", help="default: lr-find-NAME.png")


def run(arguments):
    """Print the suggestion, and write the picture."""
    expect(arguments)
    load_tensorflow()
    from .. import recipes
    from ..recipes.atomic import check_folder, write_bytes
    from ..recipes.pictures import png

    path = Path(arguments.picture or f"lr-find-{Path(arguments.name).stem}.png")
    check_folder(path.parent)
    found = recipes.find_learning_rate(
        arguments.name,
        lowest=arguments.lowest,
        highest=arguments.highest,
        num_steps=arguments.steps,
        seed=arguments.seed,
        data_dir=arguments.data_dir,
        **changes_of(arguments),
    )
    if found.suggestion is None:
        print("suggested learning rate: none")
    else:
        print(f"suggested learning rate: {found.suggestion:.1e}")
    print(found.reason)
    if len(found.losses):
        print(f"picture: {write_bytes(path, png(found.picture()))}")
