"""The vocabulary: `Recipe`, `Figure` and `Result`, plain values; TensorFlow stays out."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RecipeError, UnknownField, near_names
from .ranges import Between, OneOf
from .regularization import NOTHING, Regularization

if TYPE_CHECKING:
    import keras

    from .data.splits import Splits
    from .tasks.task import Task

# What Keras calls the policies of its layers.
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure that a recipe is expected to reach on the test split.

    Attributes:
        metric: str, a key of what the recipe's task evaluates: "accuracy", "nll", "mse", ...
        value: float, in the unit of the metric; accuracies lie in [0, 1].
        within: float >= 0, how far on the wrong side of `value` still counts as reached.
            Defaults to 0.
        better: "higher" or "lower": which side of `value` is the good one. Defaults to "higher".
        source: str, where the figure comes from: a paper's table, or "measured here".
    """

    metric: str
    value: float
    within: float = 0.0
    better: str = "higher"
    source: str = ""

    def __post_init__(self):
        _expect(math.isfinite(self.value), "Figure", "value", "finite", self.value)
        _expect(self.within >= 0, "Figure", "within", "at least 0", self.within)
        _expect(
            self.better in ("higher", "lower"),
            "Figure",
            "better",
            "'higher' or 'lower'",
            self.better,
        )

    def reached(self, measured: float) -> bool:
        """Return whether a measured value is as good as this figure.

        >>> Figure("accuracy", 0.98, within=0.005).reached(0.976)
        True
        >>> Figure("mse", 0.10, better="lower").reached(0.2)
        False
        """
        sign = 1 if self.better == "higher" else -1
        return sign * (measured - self.value) >= -self.within


def constant(learning_rate: float, steps_per_epoch: int, epochs: int) -> float:
    """Return the learning rate as it is: the schedule of a recipe that names none."""
    return learning_rate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run, as a value.

    A variant is `dataclasses.replace(recipe, batch_size=64)`. Nothing in a recipe has state: the
    optimizer, the schedule, the callbacks, the augmentation and the normalisation are factories.

    Attributes:
        name: str, lower-case letters, digits and underscores: architecture, then data.
        summary: str, one line.
        data: str, a name that `data.load` knows: "digits", "mnist", "tfds:NAME", "folder:PATH",
            "csv:PATH#TARGET", "npz:PATH".
        task: the `Task` that says what learning means here.
        build: callable giving an uncompiled `keras.Model` of logits; its task calls it with what
            the data say, `(input_shape, num_outputs)` for classes and values.
        optimizer: callable `(learning_rate=...) -> keras.optimizers.Optimizer`.
        learning_rate: float > 0, at the start (or at the peak, where the schedule warms up).
        schedule: callable `(learning_rate, steps_per_epoch, epochs)` giving what the optimizer
            takes as its learning rate. Defaults to a constant one.
        batch_size: int >= 1, examples a step over all replicas.
        epochs: int >= 1, passes over the training split.
        normalize: callable giving the layer that stands in front of the model, or None for raw
            input. A layer with `adapt` is adapted to the training split. Defaults to None.
        augment: tuple of pure functions `(inputs, targets, seed) -> (inputs, targets)` on a
            batch; training only.
        callbacks: tuple of callables giving a `keras.callbacks.Callback`.
        regularization: `Regularization`, what is added to the model, the optimizer, the batches and
            the callbacks by name. Defaults to nothing.
        expected: `Figure` on the test split.
        precision: "float32", "mixed_bfloat16" or "mixed_float16": what the layers compute with in
            training, whatever policy Keras has elsewhere. Weights, losses and answers have 32 bits
            in each of them, and the trained model computes with 32. Defaults to "float32".
        hold_out: bool, whether the validation split is held out of training. False trains on it
            too, as the last training of a tuned recipe does: no curve is drawn of it then, and
            nothing may watch it. Defaults to True.
        ranges: tuple of `Between` and `OneOf`: what a search may choose from where the recipe knows
            better than the default space, or of arguments that are its own. Defaults to none.
        num_parameters: int or None, the trainable parameters by the architecture's table with
            this recipe's data; None where it depends on the data. Defaults to None.
    """

    name: str
    summary: str
    data: str
    task: Task
    build: Callable[..., keras.Model]
    optimizer: Callable[..., keras.optimizers.Optimizer]
    learning_rate: float
    batch_size: int
    epochs: int
    expected: Figure
    schedule: Callable[[float, int, int], Any] = constant
    normalize: Callable[[], keras.layers.Layer] | None = None
    augment: tuple[Callable, ...] = ()
    callbacks: tuple[Callable[[], keras.callbacks.Callback], ...] = ()
    regularization: Regularization = NOTHING
    precision: str = "float32"
    hold_out: bool = True
    ranges: tuple[Between | OneOf, ...] = ()
    num_parameters: int | None = None

    def __post_init__(self):
        what = f"recipe {self.name!r}"
        _expect(
            bool(re.fullmatch(r"[a-z][a-z0-9_]*", str(self.name))),
            "a recipe",
            "name",
            "lower-case letters, digits and underscores",
            self.name,
        )
        for field in ("batch_size", "epochs"):
            value = getattr(self, field)
            whole = isinstance(value, int) and not isinstance(value, bool)
            _expect(whole and value >= 1, what, field, "a whole number of at least 1", value)
        rate = self.learning_rate
        _expect(
            isinstance(rate, (int, float)) and math.isfinite(rate) and rate > 0,
            what,
            "learning_rate",
            "a number above 0",
            rate,
        )
        for field in ("build", "optimizer", "schedule"):
            value = getattr(self, field)
            _expect(callable(value), what, field, "something to call", value)
        _expect(
            self.normalize is None or callable(self.normalize),
            what,
            "normalize",
            "a factory of a layer, or None",
            self.normalize,
        )
        for field in ("augment", "callbacks"):
            value = getattr(self, field)
            _expect(
                isinstance(value, tuple) and all(callable(v) for v in value),
                what,
                field,
                "a tuple of factories",
                value,
            )
        _expect(
            isinstance(self.regularization, Regularization),
            what,
            "regularization",
            "a Regularization",
            self.regularization,
        )
        _expect(
            self.precision in PRECISIONS,
            what,
            "precision",
            f"one of {', '.join(map(repr, PRECISIONS))}",
            self.precision,
        )
        _expect(isinstance(self.hold_out, bool), what, "hold_out", "True or False", self.hold_out)
        _expect(
            isinstance(self.ranges, tuple)
            and all(isinstance(each, (Between, OneOf)) for each in self.ranges),
            what,
            "ranges",
            "a tuple of Between and OneOf",
            self.ranges,
        )
        _expect(isinstance(self.data, str), what, "data", "the name of a data set", self.data)
        _expect(isinstance(self.expected, Figure), what, "expected", "a Figure", self.expected)

    def describe(self) -> dict[str, Any]:
        """Return every field as a JSON value: numbers as they are, the rest as readable text."""
        return {f.name: _readable(getattr(self, f.name)) for f in dataclasses.fields(self)}


def replace(recipe: Recipe, **changes) -> Recipe:
    """Return a variant of a recipe: `dataclasses.replace` that also reaches into a field.

    Args:
        recipe: the `Recipe` to vary.
        **changes: fields and their values. A name with a dot reaches an argument of the field:
            `**{"build.depth": 56}`, `**{"optimizer.momentum": 0.8}`, `**{"task.loss": "mae"}`.

    Raises:
        UnknownField: there is no such field or argument (with near names); a `TypeError` too.
        RecipeError: a value is out of range.
    """
    known = [field.name for field in dataclasses.fields(Recipe)]
    for name, value in changes.items():
        field, _, argument = name.partition(".")
        if field not in known:
            raise UnknownField(
                f"`{field}` is not a field of a recipe; the fields are {', '.join(known)}."
                + near_names(field, known)
            )
        if argument:
            value = _with_argument(getattr(recipe, field), field, argument, value)
        recipe = dataclasses.replace(recipe, **{field: value})
    return recipe


def _with_argument(value, field, argument, change):
    is_value = dataclasses.is_dataclass(value) and not isinstance(value, type)
    if not (is_value or callable(value)):
        raise UnknownField(f"`{field}` has no arguments. Received: {field}.{argument}.")
    arguments = [
        name
        for name, parameter in inspect.signature(
            type(value) if is_value else value
        ).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if argument not in arguments:
        known = f"those are {', '.join(arguments)}" if arguments else "it has none"
        raise UnknownField(
            f"`{argument}` is not an argument of {_readable(value)}; {known}."
            + near_names(argument, arguments)
        )
    if is_value:
        return dataclasses.replace(value, **{argument: change})
    return functools.partial(value, **{argument: change})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What a run gives back.

    Attributes:
        recipe: the `Recipe` that ran, overrides included.
        seed: int, the seed of the run.
        model: the trained `keras.Model`; takes raw input and gives logits.
        splits: the data it ran on.
        history: dict from metric to a list with one float an epoch.
        figures: dict from metric to float, on the test split, touched once; empty on a worker that
            is not the chief.
        reached: bool, whether `figures` holds what the recipe expects; None on other data.
        run: path of the run's folder; None on a worker that is not the chief.
        saved_model: path of the exported SavedModel, or None where export was not asked for.
        seconds: float, wall-clock time of training alone.
    """

    recipe: Recipe
    seed: int
    model: keras.Model
    splits: Splits
    history: dict[str, list[float]]
    figures: dict[str, float]
    reached: bool | None
    run: Path | None
    saved_model: Path | None
    seconds: float


def _readable(value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, tuple):
        return [_readable(item) for item in value]
    if isinstance(value, Between):
        log = " by the logarithm" if value.log else ""
        return f"{value.name} from {value.low!r} to {value.high!r}{log}"
    if isinstance(value, OneOf):
        names = value.labels or [str(_readable(item)) for item in value.values]
        return f"{value.name} of {', '.join(names)}"
    if isinstance(value, functools.partial):
        arguments = [repr(_readable(item)) for item in value.args]
        arguments += [f"{name}={_readable(item)!r}" for name, item in value.keywords.items()]
        return f"{_readable(value.func)}({', '.join(arguments)})"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__.rpartition('.')[2]}.{value.__qualname__}"
    return repr(value)


def _expect(condition, what, field, expectation, received):
    if not condition:
        raise RecipeError(
            f"`{field}` of {what} must be {expectation}. Received: {field}={received!r}."
        )
