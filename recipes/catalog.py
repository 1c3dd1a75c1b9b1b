"""The catalogue: which architectures there are, and a recipe from its name or from a script.

An architecture takes one line here. Its recipes are found in its own file, so a new recipe touches
that file alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import re
import traceback
from pathlib import Path

from . import source
from .errors import RecipeError, near_names
from .recipe import Recipe

ARCHITECTURES = (
    "foundations.linear",
    "foundations.logistic",
    "foundations.mlp",
    "vision.lenet",
    "vision.cnn",
    "vision.resnet_cifar",
    "vision.resnet",
    "vision.transfer",
    "segmentation.unet",
    "generative.dcgan",
    "generative.autoencoder",
    "generative.vae",
    "generative.ddpm",
    "sequence.char_rnn",
    "sequence.transformer",
    "graph.gcn",
    "graph.message_passing_network",
    "reinforcement.dqn",
    "reinforcement.reinforce",
)

# "my_recipe.py", or "my_recipe.py:NAME".
_SCRIPT = r"(.+\.py)(?::(\w+))?"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of the catalogue: where a recipe lives, and how it is written there."""

    architecture: str
    written: source.WrittenRecipe

    @property
    def family(self):
        """The folder of the architecture, such as "vision"."""
        return self.architecture.split(".")[0]


@functools.cache
def entries() -> dict[str, Entry]:
    """Return the catalogue, from recipe name to `Entry`, without importing any architecture."""
    found = {}
    for architecture in ARCHITECTURES:
        for written in source.read(_text(architecture)):
            if written.name in found:
                raise ValueError(f"two recipes are named {written.name!r}")
            found[written.name] = Entry(architecture, written)
    return found


def reasons(entry: Entry) -> dict[str, str]:
    """Return why the fields of a recipe are as they are, from field to sentence."""
    return source.reasons(_text(entry.architecture), entry.written.name)


def _text(architecture):
    path = Path(__file__).parent.joinpath(*architecture.split(".")).with_suffix(".py")
    return path.read_text("utf-8")


def names() -> tuple[str, ...]:
    """Return the names of all recipes, in the order of the catalogue."""
    return tuple(entries())


def architecture(entry: Entry):
    """Import and return the module of an entry's architecture."""
    return importlib.import_module(f".{entry.architecture}", __package__)


def check(name):
    """Check that a name is in the catalogue or that of a script, without importing anything.

    Raises:
        RecipeError: it is neither (with near names).
    """
    script = re.fullmatch(_SCRIPT, str(name))
    if script and not Path(script[1]).is_file():
        raise RecipeError(f"Recipe script {script[1]!r} is not there; check the path.")
    if not script and name not in entries():
        raise RecipeError(
            f"Recipe {name!r} is not in the catalogue; `kerasrecipes list` shows what is."
            + near_names(name, entries())
        )


def name_of(name):
    """Return the name of the recipe that a name or a script stands for, without running a script.

    Args:
        name: str, as `get` takes it, which `check` has found to be there.

    Returns:
        str; where a script does not write one name out, such as "mine" in `Recipe(name="mine")`,
        that of its file.
    """
    script = re.fullmatch(_SCRIPT, name)
    if not script:
        return name
    path, wanted = Path(script[1]), script[2]
    written = {}
    with contextlib.suppress(SyntaxError, UnicodeDecodeError):  # which running it tells better
        written = source.names(path.read_text("utf-8"))
    found = {held for key, held in written.items() if wanted in (None, key, held)}
    return found.pop() if len(found) == 1 else path.stem


def get(name) -> Recipe:
    """Return a recipe.

    Args:
        name: str, a name of the catalogue, or the path of a recipe script ("my_recipe.py", or
            "my_recipe.py:NAME" where it holds several); a `Recipe` is returned as it is.

    Raises:
        RecipeError: there is none of that name (with near ones), or the script does not run or
            does not hold one recipe.
    """
    if isinstance(name, Recipe):
        return name
    check(name)
    script = re.fullmatch(_SCRIPT, str(name))
    if script:
        path = Path(script[1]).resolve()
        return _from_script(path, script[2], path.stat().st_mtime_ns)
    module = architecture(entries()[name])
    return next(recipe for recipe in module.RECIPES if recipe.name == name)


@functools.cache  # once for each version: two functions of two runs of a script are not the same
def _from_script(path, wanted, changed):
    spec = importlib.util.spec_from_file_location(f"recipe_script_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a stranger's script may raise
        where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = where[-1].lineno if where else getattr(error, "lineno", "?")
        raise RecipeError(
            f"Recipe script {str(path)!r} could not be run: "
            f"{type(error).__name__} in line {line}: {error}"
        ) from error
    held = {name: value for name, value in vars(module).items() if isinstance(value, Recipe)}
    if wanted:
        held = {n: r for n, r in held.items() if wanted in (n, r.name)}
    if len(held) != 1:
        received = ", ".join(held) or ("no recipe of that name" if wanted else "none")
        raise RecipeError(
            f"Recipe script {str(path)!r} must hold one `Recipe`; where it holds several, choose "
            f"with '{path}:NAME'. Received: {received}."
        )
    return next(iter(held.values()))
