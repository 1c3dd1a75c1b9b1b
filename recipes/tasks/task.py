"""What a task is: the one place where kinds of learning differ."""

import abc

import keras

from ..data.pipeline import ordered_batches
from ..errors import RecipeError


class Task(abc.ABC):
    """What learning means for a recipe.

    A task is a frozen dataclass of plain values. The training path asks it everything that depends
    on the kind of learning, and never what kind it is.

    Attributes:
        monitor: str, the log that says how well a run goes, as callbacks and searches watch it.
        mode: "max" or "min", which way `monitor` gets better.
        figures: tuple of str, the names of the figures that `evaluate` gives.
    """

    monitor: str
    mode: str
    figures: tuple[str, ...]

    @abc.abstractmethod
    def num_outputs(self, splits):
        """Return the second argument of a recipe's `build`, from the data.

        Raises:
            RecipeError: this data cannot be learned this way.
        """

    @abc.abstractmethod
    def compile(self, model, optimizer, **settings):
        """Compile a model with the task's loss and metrics; `settings` go to `model.compile`."""

    @abc.abstractmethod
    def evaluate(self, model, splits, batches):
        """Return the figures of a trained model on a split.

        Args:
            model: compiled `keras.Model`.
            splits: the `Splits` it was trained on; the training split is there to compare with.
            batches: finite `tf.data.Dataset` of `(inputs, targets)` to evaluate on.

        Returns:
            A pair: a dict from metric to float, and whatever `pictures` and `tables` want to know
            (predictions by example, say), so that a split is passed over once.
        """

    @abc.abstractmethod
    def pictures(self, splits, split, outcome):
        """Return what a person wants to see: a list of `(title, caption, matplotlib Figure)`.

        Args:
            splits: the `Splits`.
            split: the one of them that was evaluated.
            outcome: the second value of `evaluate` on the first examples of that split.
        """

    def tables(self, model, splits, outcome):
        """Return what a person wants to read: a list of `(title, header, rows)`."""
        return []

    @abc.abstractmethod
    def endpoints(self, model, splits):
        """Return what an export offers: a dict from signature name to a function of raw input.

        Each function takes one tensor `(batch, *splits.input_shape)` of the raw dtype and returns
        a dict of tensors with the batch first. There is one named "serving_default".
        """

    def assemble(self, recipe, splits):
        """Return the uncompiled model of a recipe for its data, taking raw input.

        The normalisation is adapted to the training split and stands in front of what the recipe
        builds, in one flat graph, so that a summary reads like the paper's table.

        Raises:
            RecipeError: what the recipe builds is no model, or one of other outputs.
        """
        num_outputs = self.num_outputs(splits)
        core = recipe.build(splits.input_shape, num_outputs)
        if not isinstance(core, keras.Model) or core.output_shape[-1] != num_outputs:
            received = getattr(core, "output_shape", type(core).__name__)
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return a keras.Model that gives the "
                f"{num_outputs} outputs it is asked for. Received: {received}."
            )
        inputs = keras.Input(splits.input_shape, dtype=splits.input_dtype, name=splits.input_name)
        hidden = inputs
        if recipe.normalize is not None:
            hidden = adapted(recipe.normalize(), splits)(hidden)
        # Called as a function and not as a layer: the graph goes on through the core's own layers.
        return keras.Model(inputs, core.call(hidden), name=recipe.name)


def adapted(layer, splits):
    """Adapt a normalisation layer to the training split, where it is of the kind that adapts."""
    if hasattr(layer, "adapt"):
        layer.adapt(ordered_batches(splits.train, 1024).map(lambda inputs, _: inputs))
    return layer
