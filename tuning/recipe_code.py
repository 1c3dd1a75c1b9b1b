"""A recipe as code to paste: what it changes of another, in a script that `catalog.get` takes."""

import dataclasses
import functools
import importlib
import math

import keras

from ..recipes.errors import RecipeError
from ..recipes.recipe import Recipe
from .spaces.arguments import arguments_of, callee, same

# Where Keras offers its classes to everybody; they are written in modules of its own.
_KERAS = (
    keras,
    keras.optimizers,
    keras.optimizers.schedules,
    keras.layers,
    keras.callbacks,
    keras.losses,
    keras.metrics,
    keras.regularizers,
    keras.initializers,
    keras.activations,
)
_PACKAGE = __package__.rpartition(".")[0]


def recipe_code(base, recipe, *, origin, name):
    """Return the source of a script that defines one recipe, as a change of another.

    Only the fields and arguments that differ are written, numbers so that they come back to the
    bit. `catalog.get` of the script gives the recipe, under its new name, on any machine that has
    the origin.

    Args:
        base: `Recipe`, what `catalog.get(origin)` gives.
        recipe: `Recipe`, a variant of it.
        origin: str, a name of the catalogue or the path of a recipe script.
        name: str, the new recipe's.

    Returns:
        A str, the text of a Python file.

    Raises:
        RecipeError: a value cannot be written as code: a function without a name of its own, or
            one that no module holds.
    """
    writer = _Writer(recipe.name)
    changed, reached = {"name": writer.code("name", name)}, {}
    for field in dataclasses.fields(Recipe):
        old, new = getattr(base, field.name), getattr(recipe, field.name)
        if field.name == "name" or same(old, new):
            continue
        arguments = _changed_arguments(old, new)
        if arguments is None:
            changed[field.name] = writer.code(field.name, new)
        else:
            for argument, value in arguments.items():
                key = f"{field.name}.{argument}"
                reached[key] = writer.code(key, value)
    lines = [
        f"    get({_quoted(str(origin))}),",
        *(f"    {key}={text}," for key, text in changed.items()),
    ]
    if reached:
        inner = [f"        {_quoted(key)}: {text}," for key, text in reached.items()]
        lines += ["    **{", *inner, "    },"]
    script = [writer.imports(), "", "RECIPE = replace(", *lines, ")", ""]
    return "\n".join(script)


def _changed_arguments(old, new):
    """Return the arguments in which a field differs, or None where it is another thing."""
    if callee(old) is not callee(new) or not callable(callee(new)):
        return None
    if isinstance(new, functools.partial) or isinstance(old, functools.partial):
        old, new = (functools.partial(value) for value in (old, new))
        if not same(old.args, new.args) or not old.keywords.keys() <= new.keywords.keys():
            return None
        arguments = new.keywords
        known = old.keywords
    elif dataclasses.is_dataclass(new):
        arguments, known = arguments_of(new), arguments_of(old)
    else:
        return None
    return {
        name: value
        for name, value in arguments.items()
        if name not in known or not same(known[name], value)
    }


class _Writer:
    """Writes values as expressions, and remembers what they import."""

    def __init__(self, recipe_name):
        self.recipe_name = recipe_name
        self._modules = set()
        self._names = {(f"{_PACKAGE}.recipes", "get"), (f"{_PACKAGE}.recipes", "replace")}

    def imports(self):
        """Return the import statements, those of Python's own library first."""
        groups = {0: [], 1: [], 2: []}
        for module in sorted(self._modules):
            groups[1].append(f"import {module}")
        for module in sorted({module for module, _ in self._names}):
            names = sorted(name for held, name in self._names if held == module)
            line = f"from {module} import {', '.join(names)}"
            groups[0 if module == "functools" else 1].append(line)
        return "\n\n".join("\n".join(lines) for lines in groups.values() if lines)

    def code(self, what, value):
        """Return a value as an expression.

        Args:
            what: str, the field or argument that it is of, for the message.
            value: anything that a recipe may hold.
        """
        if isinstance(value, str):
            return _quoted(value)
        if value is None or isinstance(value, (bool, int)):
            return repr(value)
        if isinstance(value, float):  # NumPy's too
            return repr(float(value)) if math.isfinite(value) else f'float("{float(value)!r}")'
        if isinstance(value, (tuple, list)):
            inner = ", ".join(self.code(what, item) for item in value)
            if isinstance(value, list):
                return f"[{inner}]"
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, dict):
            pairs = (f"{self.code(what, k)}: {self.code(what, v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, functools.partial):
            self._names.add(("functools", "partial"))
            return self._call(what, "partial", (value.func, *value.args), value.keywords)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: getattr(value, field.name)
                for field in dataclasses.fields(value)
                if field.init and not same(getattr(value, field.name), field.default)
            }
            return self._call(what, self._named(what, type(value)), (), changed)
        return self._named(what, value)

    def _call(self, what, called, arguments, keywords):
        inner = [self.code(what, each) for each in arguments]
        inner += [f"{name}={self.code(what, each)}" for name, each in keywords.items()]
        return f"{called}({', '.join(inner)})"

    def _named(self, what, value):
        """Return the name of a function or class, and have it imported."""
        name, module = getattr(value, "__qualname__", None), getattr(value, "__module__", None)
        for public in _KERAS:
            if name and getattr(public, name, None) is value:
                self._modules.add("keras")
                return f"{public.__name__}.{name}"
        try:
            held = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, TypeError):
            held = None
        if name is None or held is not value or module == "__main__":
            raise RecipeError(
                f"`{what}` of recipe {self.recipe_name!r} must be what a module holds by its name, "
                f"to be written as code. Received: {value!r}. Put it into a module, and import it."
            )
        if name in {other for held_by, other in self._names if held_by != module}:
            self._modules.add(module)
            return f"{module}.{name}"
        self._names.add((module, name))
        return name


def _quoted(text):
    """Return a text as a literal, in double quotes where these do."""
    return repr(text) if '"' in text or "\\" in text else f'"{repr(text)[1:-1]}"'
