"""What a search makes better: a figure of the task, or a log, on what training did not see."""

from __future__ import annotations

import dataclasses

from ..recipes.errors import RecipeError, near_names


@dataclasses.dataclass(frozen=True)
class Objective:
    """What a search makes better.

    Attributes:
        name: str, a figure of the recipe's task ("accuracy", "nll"), or a log of its validation
            ("val_loss").
        direction: "min" or "max".
    """

    name: str
    direction: str

    @property
    def is_log(self) -> bool:
        """Whether it is what `model.evaluate` gives, and not a figure of the task."""
        return self.name.startswith("val_")

    def value(self, recipe, model, splits, split):
        """Return the objective of a trained model on a split.

        Args:
            recipe: its `Recipe`.
            model: the compiled `keras.Model`.
            splits: its `Splits`.
            split: the `Split` of them to look at.

        Raises:
            RecipeError: the log is not there (with those that are).
        """
        if not self.is_log:
            figures, _ = recipe.task.evaluate(model, splits, split.ordered(256))
            return float(figures[self.name])
        batches = split.ordered(recipe.batch_size).map(recipe.task.pair)
        logs = model.evaluate(batches, verbose=0, return_dict=True)
        found = {f"val_{name}": float(value) for name, value in logs.items()}
        if self.name not in found:
            raise RecipeError(
                f"`objective` of a search must be one of {', '.join(found)}. "
                f"Received: objective={self.name!r}." + near_names(self.name, found)
            )
        return found[self.name]


def objective_of(recipe, text=None):
    """Return the `Objective` of a search.

    Args:
        recipe: the base `Recipe`.
        text: str, a figure of its task or a log of its validation, "min:NAME" or "max:NAME" where
            the name does not say which way is better; None takes what the recipe expects, the same
            figure on the validation split. Defaults to None.

    Raises:
        RecipeError: there is no such figure, or its direction is not known.
    """
    expected, task = recipe.expected, recipe.task
    directions = {
        task.monitor: task.mode,
        "val_loss": "min",
        "val_accuracy": "max",
        expected.metric: "max" if expected.better == "higher" else "min",
    }
    if text is None:
        return Objective(expected.metric, directions[expected.metric])
    given, colon, name = text.rpartition(":")
    known = [name for name in task.figures if not name.startswith("baseline_")]
    if not name.startswith("val_") and name not in known:
        choices = [*known, task.monitor, "val_loss"]
        raise RecipeError(
            f"`objective` of a search must be a figure of the task, {', '.join(known)}, or a log "
            f"of the validation, such as {task.monitor}. Received: objective={text!r}."
            + near_names(name, choices)
        )
    direction = given if colon else directions.get(name)
    if direction not in ("min", "max"):
        raise RecipeError(
            f"`objective` of a search must say which way it gets better where that is not known. "
            f"Received: objective={text!r}. Write 'min:{name}' or 'max:{name}'."
        )
    return Objective(name, direction)
