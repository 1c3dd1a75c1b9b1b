"""What a task is: the one place where kinds of learning differ."""

import abc

import keras

from ..errors import RecipeError
from ..precision import answering_in_32_bits, in_force
from ..regularizing import regularized


class Task(abc.ABC):
    """What learning means for a recipe.

    A task is a frozen dataclass of plain values. The training path asks it everything that depends
    on the kind of learning, and never what kind it is.

    Attributes:
        monitor: str, the log that says how well a run goes, as callbacks and searches watch it.
        mode: "max" or "min", which way `monitor` gets better.
        figures: tuple of str, the names of the figures that `evaluate` gives.
        baseline: str, the trivial answer whose figure stands beside a recipe's, `baseline_METRIC`
            among the figures: "the most frequent class".
        shareable: bool, whether several replicas can share a training step. Defaults to True.
        adds_penalties: bool, whether its training step adds the penalties of the weights to the
            loss. Defaults to True.
        has_classes: bool, whether the model gives logits `(batch, classes)`, one class for each
            example, so that it can be asked how sure it is. Defaults to False.
    """

    monitor: str
    mode: str
    figures: tuple[str, ...]
    baseline: str
    shareable: bool = True
    adds_penalties: bool = True
    has_classes: bool = False

    @abc.abstractmethod
    def core(self, recipe, splits):
        """Return what a recipe's `build` gives for its data, an uncompiled `keras.Model`.

        Raises:
            RecipeError: this data cannot be learned this way, or `build` gives something else.
        """

    def assemble(self, recipe, splits):
        """Return the uncompiled model of a recipe for its data, taking raw input.

        The normalisation is adapted to the training split and stands in front of what the recipe
        builds, in one flat graph, so that a summary reads like the paper's table. A task whose
        model is more than one network puts them together here.
        """
        core = self.core(recipe, splits)
        inputs = keras.tree.map_structure(
            lambda spec: keras.Input(spec.shape, dtype=spec.dtype, name=spec.name), splits.inputs
        )
        hidden = inputs
        if recipe.normalize is not None:
            with in_force("float32"):  # raw input may have more digits than 16 bits hold
                hidden = adapted(recipe.normalize(), splits)(hidden)
        # Called as a function and not as a layer: the graph goes on through the core's own layers.
        return keras.Model(inputs, core.call(hidden), name=recipe.name)

    def pair(self, inputs, targets):
        """Return what `fit` sees of a batch, `(x, y)`. Defaults to inputs and targets."""
        return inputs, targets

    @abc.abstractmethod
    def compile(self, model, make_optimizer, **settings):
        """Compile a model with the task's loss and metrics.

        Args:
            model: what `assemble` gave.
            make_optimizer: callable giving a fresh optimizer with the recipe's rate and schedule;
                a model of two players calls it twice.
            **settings: go to `model.compile`.
        """

    def optimizers(self, model):
        """Return the optimizers of a compiled model, each with the variables that it moves."""
        return [(model.optimizer, model.trainable_variables)]

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
        """Return what an export offers: a dict from signature name to `Endpoint`.

        There is one named "serving_default".
        """


def built(recipe, *arguments, num_outputs=None):
    """Return the model that a recipe's `build` gives for these arguments.

    Args:
        recipe: `Recipe`.
        *arguments: what `build` is called with.
        num_outputs: int, the size that the last axis of the answer must have, or None where it may
            have any. Defaults to None.

    Raises:
        RecipeError: what the recipe builds is no model, or one of other outputs.
    """
    core = recipe.build(*arguments)
    shape = getattr(core, "output_shape", None) if num_outputs is not None else (num_outputs,)
    if not isinstance(core, keras.Model) or shape[-1] != num_outputs:
        outputs = "" if num_outputs is None else f" that gives the {num_outputs} outputs it is "
        received = getattr(core, "output_shape", type(core).__name__)
        raise RecipeError(
            f"`build` of recipe {recipe.name!r} must return a keras.Model"
            f"{outputs and outputs + 'asked for'}. Received: {received}."
        )
    return answering_in_32_bits(regularized(core, recipe))


def adapted(layer, splits):
    """Adapt a normalisation layer to the training split, where it is of the kind that adapts."""
    if hasattr(layer, "adapt"):
        layer.adapt(splits.train.ordered(1024).map(lambda inputs, _: inputs))
    return layer
