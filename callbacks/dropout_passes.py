"""Monte Carlo dropout: many passes with dropout alone switched on, in one call.

The model stays as it is, bit for bit: everything runs in a `keras.StatelessScope` and with
`training=False`, so that normalisation uses its moving statistics. Dropout layers alone are told
otherwise, and draw from a seed that is given and not from a state of their own.

Source: Gal and Ghahramani 2016, "Dropout as a Bayesian approximation: representing model
uncertainty in deep learning", https://arxiv.org/abs/1506.02142, section 4.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from .dropout_switch import stochastic_layers, switched_on
from .operation_graph import run_steps, unfold

# Values of the widest tensor in a chunk of passes, 16 MB in float32: the memory does not grow with
# the number of passes, and what nearly fits a cache is faster than what does not.
MOST_VALUES = 2**22


class DropoutPasses:
    """The answers of a model over many passes with dropout on.

    What depends on no dropout layer runs once; the rest runs for all passes together, in chunks of
    passes that bound the memory. Functional and sequential models are split at their dropout
    layers, nested models too. A model with a `call` of its own runs whole in each pass.

    The same seed and the same batch give the same passes, in Python and in a SavedModel. Passes,
    layers, seeds and batches draw apart.

    Args:
        model: a built `keras.Model` with at least one of the layers of `dropout_switch`.
        num_passes: int >= 1. Defaults to 50.
        most_values: int >= 1, values of the widest tensor in a chunk; a chunk has one pass at
            least. Defaults to `MOST_VALUES`.

    Raises:
        ValueError: the model is not built or has no dropout layer, or `num_passes` is out of range.
    """

    def __init__(self, model, num_passes=50, *, most_values=MOST_VALUES):
        check_num_passes("DropoutPasses", num_passes)
        if not model.built:
            raise ValueError(
                f"Model {model.name!r} must be built for DropoutPasses. Received: one that is not. "
                f"Call it once on a batch."
            )
        self.layers = stochastic_layers(model)
        if not self.layers:
            raise ValueError(
                f"Model {model.name!r} must have a dropout layer for Monte Carlo dropout. "
                f"Received: one without. Train one with dropout."
            )
        self.model = model
        self.num_passes = num_passes
        self.most_values = most_values
        self._compiled = None
        self._deterministic = None

    def __call__(self, inputs, seed=0, *, batch=0):
        """Return the answers of all passes, compiled at the first call.

        Args:
            inputs: array, or structure of arrays, `(batch, ...)`, as the model takes them.
            seed: int in [-2^31, 2^31), decides what is dropped. Defaults to 0.
            batch: int >= 0, the number of the batch where there are several under one seed.
                Defaults to 0.

        Returns:
            Tensor `(passes, batch, ...)`, or a structure of them where the model has several
            outputs.
        """
        inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)
        if self._compiled is None:
            whole = tf.TensorSpec((), tf.int32)
            self._compiled = _for_any_batch(self.answers, inputs, whole, whole)
        return self._compiled(inputs, tf.constant(seed, tf.int32), tf.constant(batch, tf.int32))

    def without(self, inputs):
        """Return the model's answer with dropout off, `(batch, ...)`, compiled likewise."""
        inputs = keras.tree.map_structure(tf.convert_to_tensor, inputs)
        if self._deterministic is None:
            self._deterministic = _for_any_batch(self._answer, inputs)
        return self._deterministic(inputs)

    def over(self, batches, seed=0):
        """Return the answers to many batches as one array, for a model with one output.

        Args:
            batches: iterable of inputs.
            seed: as for a call. Defaults to 0.

        Returns:
            Float array `(passes, examples, ...)`.
        """
        answers = (self(inputs, seed, batch=number) for number, inputs in enumerate(batches))
        return np.concatenate([keras.ops.convert_to_numpy(answer) for answer in answers], axis=1)

    def answers(self, inputs, seed, batch=0):
        """Do what a call does, uncompiled, for whoever puts it into a graph of their own."""
        graph, flat = unfold(self.model, inputs)
        before, after = _divided(graph)
        num_examples = tf.shape(flat[0])[0]
        values = dict(enumerate(flat))
        with keras.StatelessScope(collect_losses=True):
            run_steps(before, values)
        key = tf.stack([tf.cast(seed, tf.int32), tf.cast(batch, tf.int32)])
        outputs = keras.tree.flatten(graph.outputs)
        drawn = self._rest(after, values, outputs, num_examples, key)

        def stacked(slot):
            answer = drawn.get(slot.number)
            if answer is None:  # no dropout in front of it: the same in each pass
                answer = _repeated(tf.cast(values[slot.number], tf.float32), self.num_passes)
            shape = tf.concat([[self.num_passes, num_examples], tf.shape(answer)[1:]], axis=0)
            answer = tf.reshape(answer, shape)
            if slot.shape is None:
                return answer
            return tf.ensure_shape(answer, (self.num_passes, None, *slot.shape[1:]))

        return keras.tree.map_structure(stacked, graph.outputs)

    def _answer(self, inputs):
        graph, flat = unfold(self.model, inputs)
        values = dict(enumerate(flat))
        with keras.StatelessScope(collect_losses=True):
            run_steps(graph.steps, values)
        return keras.tree.map_structure(lambda slot: values[slot.number], graph.outputs)

    def _rest(self, steps, values, outputs, num_examples, key):
        """Run the steps behind dropout for all passes, and return their outputs by slot."""
        made = {slot.number for step in steps for slot in step.outputs}
        needed = {slot.number: slot for step in steps for slot in step.inputs}
        batched = [
            number
            for number, slot in needed.items()
            if number not in made and _has_batch(slot, values[0].shape[0])
        ]
        wanted = [slot.number for slot in outputs if slot.number in made]
        slots = [*needed.values(), *(slot for step in steps for slot in step.outputs)]
        size = self._passes_in_a_chunk(slots, [values[n] for n in batched], num_examples)
        num_chunks = -(-self.num_passes // size)

        def run_chunk(number, collected):
            count = tf.minimum(size, self.num_passes - number * size)
            chunk = {**values, **{n: _repeated(values[n], count) for n in batched}}
            with switched_on(self.layers, tf.random.experimental.stateless_fold_in(key, number)):
                run_steps(steps, chunk)
            return number + 1, [
                array.write(number, tf.cast(chunk[n], tf.float32))
                for array, n in zip(collected, wanted, strict=True)
            ]

        arrays = [tf.TensorArray(tf.float32, num_chunks, infer_shape=False) for _ in wanted]
        _, arrays = tf.while_loop(
            lambda number, _: number < num_chunks,
            run_chunk,
            (tf.constant(0), arrays),
            parallel_iterations=1,  # one chunk in memory at a time
        )
        return {n: array.concat() for n, array in zip(wanted, arrays, strict=True)}

    def _passes_in_a_chunk(self, slots, tensors, num_examples):
        """Return how many passes run together, an int32 tensor."""
        # A mask that is one for a whole batch must not become one for several passes, a batch of
        # fixed size must stay what it is, and of an unknown graph no width is known.
        fixed = any((getattr(each, "noise_shape", None) or (None,))[0] for each in self.layers)
        if fixed or any(slot.shape is None for slot in slots) or _batch_size(self.model):
            return tf.constant(1)
        widest = max(math.prod(side or 1 for side in slot.shape[1:]) for slot in slots)
        # With the lengths that Keras leaves free.
        sizes = [tf.size(tensor, tf.int64) for tensor in tensors]
        values = tf.reduce_max([tf.cast(num_examples, tf.int64) * widest, 1, *sizes])
        return tf.cast(tf.clip_by_value(self.most_values // values, 1, self.num_passes), tf.int32)


def check_num_passes(owner, num_passes):
    """Refuse a number of passes that is none.

    Raises:
        ValueError: it is not a whole number of at least 1.
    """
    whole = isinstance(num_passes, (int, np.integer)) and not isinstance(num_passes, bool)
    if not whole or num_passes < 1:
        raise ValueError(
            f"`num_passes` of {owner} must be a whole number of at least 1. "
            f"Received: num_passes={num_passes!r}."
        )


def _for_any_batch(function, inputs, *more):
    """Compile a function of inputs for batches of any size."""
    specs = keras.tree.map_structure(
        lambda tensor: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype), inputs
    )
    return tf.function(function, input_signature=[specs, *more], autograph=False)


def _divided(graph):
    """Return the steps that depend on no dropout layer, and those that do."""
    before, after, drawn = [], [], set()
    for step in graph.steps:
        if stochastic_layers(step.operation) or drawn & {slot.number for slot in step.inputs}:
            drawn |= {slot.number for slot in step.outputs}
            after.append(step)
        else:
            before.append(step)
    return before, after


def _batch_size(model):
    """Return the fixed batch size of a model, or None."""
    inputs = getattr(model, "inputs", None)
    return inputs[0].shape[0] if inputs else None


def _has_batch(slot, batch_size):
    """Return whether a tensor has a row for each example."""
    if slot.shape is None:
        return True
    return bool(slot.shape) and slot.shape[0] in (None, batch_size)


def _repeated(tensor, count):
    """Return a batch `count` times behind one another, its mask of Keras too."""
    shape = tf.shape(tensor)
    many = tf.broadcast_to(tensor[None], tf.concat([[count], shape], axis=0))
    many = tf.reshape(many, tf.concat([[count * shape[0]], shape[1:]], axis=0))
    many = tf.ensure_shape(many, (None, *tensor.shape[1:]))
    mask = getattr(tensor, "_keras_mask", None)
    if mask is not None:
        many._keras_mask = _repeated(mask, count)
    return many
