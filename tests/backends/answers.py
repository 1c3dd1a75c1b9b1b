"""A program: what the network of each recipe answers, and its loss, before and after a step.

    KERAS_BACKEND=jax python answers.py FOLDER_OF_DATA OUTPUT.npz NAME...

Weights, inputs and targets are drawn by NumPy, so that every backend has the same ones.
"""

import contextlib
import sys

import keras
import numpy as np
import tensorflow_datasets as tfds

from kerasrecipes.recipes import catalog, data


def main(data_dir, output, *names):
    """Write the arrays of all recipes, named `recipe/what/network.number`."""
    found = {}
    for name in names:
        recipe = catalog.get(name)
        core = recipe.task.core(recipe, load(recipe.data, data_dir))
        # Two players, or encoder and decoder, are several networks in a model of its own class.
        alone = hasattr(core, "inputs")
        networks = [core] if alone else [m for m in core.layers if isinstance(m, keras.Model)]
        assert networks
        for place, network in enumerate(networks):
            for what, arrays in looked_at(network).items():
                for number, array in enumerate(arrays):
                    found[f"{name}/{what}/{place}.{number}"] = array
        print(name, flush=True)
        keras.backend.clear_session()
    np.savez(output, backend=keras.backend.backend(), **found)


def load(name, data_dir):
    """Load a data set; of a public one examples of the same form, which need no network."""
    public = any(row.name == name and row.needs_network for row in data.names())
    with tfds.testing.mock_data(num_examples=400) if public else contextlib.nullcontext():
        return data.load(name, data_dir=data_dir)


def looked_at(core):
    """Return the outputs of a network and its loss, each before and after a step of SGD."""
    for layer in core._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # each backend draws for itself which units to drop
    generator = np.random.default_rng(0)
    core.set_weights([drawn(generator, weight) for weight in core.weights])
    inputs = [example(generator, tensor) for tensor in core.inputs]
    model = keras.Model(core.inputs, keras.tree.flatten(core.outputs))

    def answered():
        return [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(model(inputs))]

    outputs = answered()
    targets = [generator.normal(size=each.shape).astype("float32") for each in outputs]
    model.compile(keras.optimizers.SGD(1e-3), loss=["mse"] * len(outputs))
    losses = [model.test_on_batch(inputs, targets, return_dict=True)["loss"]]
    model.train_on_batch(inputs, targets)
    losses.append(model.test_on_batch(inputs, targets, return_dict=True)["loss"])
    return {"outputs": outputs, "losses": map(float, losses), "stepped": answered()}


def drawn(generator, weight):
    """Return a value for a weight: variances and scales round 1, the rest round 0."""
    value = 0.05 * generator.normal(size=weight.shape)
    if weight.name in ("moving_variance", "gamma"):
        value = 1.0 + value
    return value.astype(weight.dtype) if "int" not in weight.dtype else np.asarray(weight)


def example(generator, tensor):
    """Return three examples of an input; what has a free length has seven."""
    shape = [3, *(side or 7 for side in tensor.shape[1:])]
    if "int" in tensor.dtype:
        return generator.integers(0, 5, shape).astype(tensor.dtype)
    return generator.uniform(size=shape).astype(tensor.dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
