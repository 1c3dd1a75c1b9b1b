"""What a model is made of: its layers and parameters, as a table like the papers'."""

import math

import keras


def num_parameters(model):
    """Return how many parameters a model has, as {"trainable": int, "total": int}.

    The statistics of a normalisation that stands in front count in the total alone.
    """
    # The states of random generators are variables too, and no parameters.
    weights = [weight for weight in model.weights if "seed_generator" not in weight.path]
    return {"trainable": _size(model.trainable_weights), "total": _size(weights)}


def layer_table(model):
    """Return the layers of a model: rows of name, kind, output shape, trainable parameters.

    A model of several networks gives the layers of each, headed by a row for the network itself.
    """
    rows = []
    for layer in model.layers:
        output = getattr(layer, "output", None)
        # A `Sequential` knows its shape without having an output; an encoder may have several.
        shapes = [tensor.shape for tensor in keras.tree.flatten(output) if tensor is not None]
        shapes = shapes or [getattr(layer, "output_shape", None) or ()]
        rows.append(
            (
                layer.name,
                type(layer).__name__,
                ", ".join(" x ".join(str(side) for side in shape[1:]) for shape in shapes),
                f"{_size(layer.trainable_weights):,}",
            )
        )
        # Only networks have layers of their own that a reader knows by name.
        if hasattr(layer, "layers"):
            rows += [(f"- {name}", *rest) for name, *rest in layer_table(layer)]
    return rows


def _size(weights):
    return sum(math.prod(weight.shape) for weight in weights)
