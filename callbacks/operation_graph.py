"""The graph of operations that a Keras model is, nested models unfolded, run in parts."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any

import keras


@dataclasses.dataclass(frozen=True)
class Slot:
    """The place of a tensor in a graph.

    Attributes:
        number: int.
        shape: tuple of int or None, as Keras knows it; None where it does not.
    """

    number: int
    shape: tuple[int | None, ...] | None


@dataclasses.dataclass(frozen=True)
class Step:
    """One call of an operation.

    Attributes:
        operation: a layer, a model that cannot be unfolded, or an operation of `keras.ops`.
        arguments: pair of the positional and the named ones, with a `Slot` for each tensor.
        outputs: tuple of `Slot`.
    """

    operation: Any
    arguments: tuple[tuple, dict]
    outputs: tuple[Slot, ...]

    @property
    def inputs(self):
        """The slots that it reads."""
        return [leaf for leaf in keras.tree.flatten(self.arguments) if isinstance(leaf, Slot)]


@dataclasses.dataclass(frozen=True)
class Graph:
    """A model as steps, each behind those it depends on.

    Attributes:
        inputs: tuple of `Slot`.
        steps: tuple of `Step`.
        outputs: `Slot`, or a structure of them.
    """

    inputs: tuple[Slot, ...]
    steps: tuple[Step, ...]
    outputs: Any


def unfold(model, inputs):
    """Return a model's graph, and its inputs as flat as the graph has them.

    Functional and sequential models are unfolded, and so are those inside them. A model with a
    `call` of its own is a single step, with one output of unknown shape.

    Args:
        model: a built `keras.Model`.
        inputs: tensor or structure of tensors, as the model takes them.

    Returns:
        A pair: the `Graph`, and a list of tensors, one for each of its inputs.
    """
    numbers = itertools.count()
    function = functional_of(model)
    if function is None:
        flat = keras.tree.flatten(inputs)
        slots = tuple(Slot(next(numbers), tuple(tensor.shape)) for tensor in flat)
        output = Slot(next(numbers), None)
        step = Step(model, ((keras.tree.pack_sequence_as(inputs, slots),), {}), (output,))
        return Graph(slots, (step,), output), flat
    slots = tuple(_slot(numbers, tensor) for tensor in function.inputs)
    steps = []
    known = _unfold(function, slots, steps, numbers)
    outputs = keras.tree.map_structure(lambda tensor: known[id(tensor)], function.output)
    return Graph(slots, tuple(steps), outputs), list(function._standardize_inputs(inputs))


def run_steps(steps, values):
    """Run steps for inference.

    Args:
        steps: iterable of `Step`.
        values: dict from the number of a slot to its tensor; those that are made are added.
    """
    for step in steps:
        args, kwargs = keras.tree.map_structure(
            lambda leaf: values[leaf.number] if isinstance(leaf, Slot) else leaf, step.arguments
        )
        if getattr(step.operation, "_call_has_training_arg", False):
            kwargs = {**kwargs, "training": False}
        outputs = keras.tree.flatten(step.operation(*args, **kwargs))
        values.update(
            (slot.number, output) for slot, output in zip(step.outputs, outputs, strict=True)
        )


def _unfold(function, slots, steps, numbers):
    """Add the steps of a function to a list, and return its slots by the id of their tensor."""
    known = {id(tensor): slot for tensor, slot in zip(function.inputs, slots, strict=True)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            if node.is_input or not node.operation:
                continue
            arguments = node.arguments.convert(lambda leaf: known.get(id(leaf), leaf))
            inner = functional_of(node.operation)
            given = keras.tree.flatten(arguments[0])
            if inner is not None and _fits(inner, given, arguments[1]):
                within = _unfold(inner, given, steps, numbers)
                made = [within[id(tensor)] for tensor in inner.outputs]
            else:
                made = [_slot(numbers, tensor) for tensor in node.outputs]
                steps.append(Step(node.operation, arguments, tuple(made)))
            known.update(
                (id(tensor), slot) for tensor, slot in zip(node.outputs, made, strict=True)
            )
    return known


def functional_of(operation):
    """Return the functional model that an operation is, that of a sequential one, or None.

    A model of a class of its own is one too, as long as it runs its graph and no other `call`.
    """
    call = getattr(type(operation), "call", None)
    if call is keras.Sequential.call:
        return operation._functional
    return operation if call is _functional_class().call else None


@functools.cache
def _functional_class():
    # It has no public name; but Keras makes one of every model of inputs and outputs.
    # Named, so that the numbers in the names of other layers stay.
    tensor = keras.Input((), name="nothing")
    answer = keras.layers.Identity(name="the_same")(tensor)
    return type(keras.Model(tensor, answer, name="graph"))


def _fits(inner, given, named):
    """Return whether a nested model takes its arguments as they are, with no reshape."""
    return (
        all(name == "training" or value is None for name, value in named.items())
        and len(given) == len(inner.inputs)
        and all(
            isinstance(slot, Slot) and slot.shape is not None and len(slot.shape) == len(x.shape)
            for slot, x in zip(given, inner.inputs, strict=True)
        )
    )


def _slot(numbers, tensor):
    return Slot(next(numbers), tuple(tensor.shape))
