"""Look into a model without leaving a trace: its graph, its gradients, its activations.

Everything runs in a `keras.StatelessScope`, in which an update of a variable goes to the scope and
is dropped with it: weights, statistics of normalisation, metrics, the optimizer and the states of
seed generators keep every bit. Models run with `training=False`, so dropout passes everything
through and normalisation uses its moving statistics.
"""

import contextlib

import keras
import tensorflow as tf

from .wrapped_call import wrapped_call


def gradients(model, x, y):
    """Compute the gradients of a compiled model's loss on a small batch.

    Args:
        model: a built and compiled `keras.Model`.
        x: array or structure of arrays, the inputs `(batch, ...)`.
        y: array or structure of arrays, the targets `(batch, ...)`.

    Returns:
        Dict from a variable's path to a tensor of its shape; without those that the loss does not
        depend on.
    """
    x, y = keras.tree.map_structure(tf.convert_to_tensor, (x, y))
    variables = model.trainable_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        # Regularisers look their variables up in the scope, so every variable gets its value there.
        values = [tf.convert_to_tensor(variable.value) for variable in variables]
        tape.watch(values)
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            outputs = _forward(model, x)
            loss = model.compute_loss(x=x, y=y, y_pred=outputs, training=False)
    found = tape.gradient(loss, values)
    return {
        variable.path: tf.convert_to_tensor(gradient)
        for variable, gradient in zip(variables, found, strict=True)
        if gradient is not None
    }


def activations(model, x):
    """Record what every layer puts out for a small batch.

    Works for functional, sequential, nested and subclassed models alike, since it listens to the
    layers while the model runs. Layers that are called several times (shared ones, the cell of a
    recurrent layer) give all their outputs together; nested models give those of their layers.

    Args:
        model: a built `keras.Model`.
        x: array or structure of arrays, the inputs `(batch, ...)`.

    Returns:
        Dict from a layer's path to one flat float32 tensor.
    """
    return {path: flat(values) for path, values in outputs(model, x).items()}


def flat(values):
    """Return a list of tensors of any shapes as one flat float32 tensor."""
    return tf.concat([tf.reshape(tf.cast(value, tf.float32), [-1]) for value in values], axis=0)


def layers(model):
    """Return the layers that put something out, nested ones too: pairs of path and layer."""
    return [
        (layer.path or layer.name, layer)
        for layer in model._flatten_layers(include_self=False)
        if not isinstance(layer, keras.Model)
    ]


def outputs(model, x):
    """Record what every layer puts out for a small batch, as `activations`, in its shape.

    Args:
        model: a built `keras.Model`.
        x: array or structure of arrays, the inputs `(batch, ...)`.

    Returns:
        Dict from a layer's path to a list of tensors, as the layer gave them.
    """
    x = keras.tree.map_structure(tf.convert_to_tensor, x)
    recorded = {}
    with contextlib.ExitStack() as stack:
        for path, layer in layers(model):
            stack.enter_context(_listening(layer, path, recorded))
        with keras.StatelessScope(collect_losses=True):
            _forward(model, x)
    return recorded


def graph(model, x=None):
    """Trace a model's forward pass.

    Args:
        model: a built `keras.Model`.
        x: array or structure of arrays, inputs as the model takes them; or None, which needs a
            functional or sequential model. Defaults to None.

    Returns:
        A `tf.Graph`, or None where the inputs of the model are not known.
    """
    if x is None:
        inputs = getattr(model, "inputs", None)
        if not inputs:
            return None
        x = inputs[0] if len(inputs) == 1 else model.input
    specs = keras.tree.map_structure(
        lambda tensor: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype), x
    )

    @tf.function(autograph=False)
    def forward(x):
        with keras.StatelessScope(collect_losses=True):
            return _forward(model, x)

    return forward.get_concrete_function(specs).graph


def _forward(model, x):
    if model._call_has_training_arg:
        return model(x, training=False)
    return model(x)


def _listening(layer, path, recorded):
    def record_and_call(call, *args, **kwargs):
        outputs = call(*args, **kwargs)
        # Inside a loop that TensorFlow compiles there are no values to record.
        if tf.executing_eagerly():
            for output in keras.tree.flatten(outputs):
                if tf.is_tensor(output) and (output.dtype.is_floating or output.dtype.is_integer):
                    recorded.setdefault(path, []).append(output)
        return outputs

    return wrapped_call(layer, record_and_call)
