"""The statistics of batch normalisation, recomputed for weights that no training step has seen."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

# An array is cut into batches of this many examples.
BATCH_SIZE = 256


def recompute_batch_statistics(model, data):
    """Give every batch normalisation the mean and variance of its inputs over all of the data.

    The model runs as in training, dropout included, and each layer normalises by its batch, as
    Izmailov et al. 2018, section 3.2, have it. The variances of batches are pooled with the
    differences of their means, so that behind a layer without another normalisation in front the
    result is the variance of the data, however they are cut into batches. Nothing else of the model
    changes: weights, states of random generators and counts keep every bit. Layers that are frozen
    or renormalise are left alone; of a layer that is called several times the last call counts.

    Args:
        model: a built `keras.Model`.
        data: an iterable of batches, `x` or `(x, y)`; or an array `(num_examples, ...)`.

    Returns:
        int, how many layers were given statistics.

    Raises:
        ValueError: the data hold no batch.
    """
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.trainable
        and not layer.renorm
    ]
    if not layers:
        return 0
    variables = [(layer.moving_mean, layer.moving_variance) for layer in layers]

    @tf.function(autograph=False, reduce_retracing=True)
    def statistics(x):
        with keras.StatelessScope(collect_losses=True) as scope:
            if model._call_has_training_arg:
                model(x, training=True)
            else:
                model(x)
        # A layer that this forward pass does not call has no value there, and keeps its own.
        return [
            [v.value if (new := scope.get_current_value(v)) is None else new for v in pair]
            for pair in variables
        ]

    num_examples, means, squares = 0, 0.0, 0.0
    with contextlib.ExitStack() as stack:
        for layer in layers:
            # So that what a layer writes down is its batch alone.
            stack.enter_context(_momentum(layer, 0.0))
        for x in _inputs(data):
            x = keras.tree.map_structure(tf.convert_to_tensor, x)
            size = int(keras.tree.flatten(x)[0].shape[0])
            found = [[np.asarray(each, np.float64) for each in pair] for pair in statistics(x)]
            # One array of each for all layers, of as many rows as there are channels.
            mean = np.concatenate([mean for mean, _ in found])
            variance = np.concatenate([variance for _, variance in found])
            num_examples += size
            means = means + size * mean
            squares = squares + size * (variance + mean**2)
    if not num_examples:
        raise ValueError(
            "`data` whose batch statistics are recomputed must hold at least one batch. "
            "Received: none."
        )
    means, squares = means / num_examples, squares / num_examples
    start = 0
    for moving_mean, moving_variance in variables:
        channels = slice(start, start + moving_mean.shape[0])
        moving_mean.assign(means[channels])
        moving_variance.assign(np.maximum(squares[channels] - means[channels] ** 2, 0.0))
        start = channels.stop
    return len(layers)


def statistics_data(model, data):
    """Return what the statistics of a model are recomputed with when training ends, or None.

    Args:
        model: `keras.Model` in `fit`.
        data: what the caller gave. None takes an epoch of the training batches where the training
            function gives it, `model.train_function.one_epoch()`; that of Keras does not.
    """
    if data is not None:
        return data
    one_epoch = getattr(model.train_function, "one_epoch", None)
    return None if one_epoch is None else one_epoch()


def expect_batches(owner, data):
    """Check that data can be passed over.

    Args:
        owner: str, whose argument `data` is: the name of a class.
        data: what a caller gave; None is allowed.

    Raises:
        ValueError: it is no iterable that can be passed over again, or one without an end.
    """
    if data is None:
        return
    endless = isinstance(data, tf.data.Dataset) and (
        data.cardinality() == tf.data.INFINITE_CARDINALITY
    )
    # A tuple is taken for `(x, y)`, whose first entry would be a batch; an iterator is used up.
    once = hasattr(data, "__next__") or isinstance(data, (tuple, dict, str))
    if endless or once or not hasattr(data, "__iter__"):
        received = "a data set without an end" if endless else type(data).__name__
        raise ValueError(
            f"`data` of {owner} must be an array or a finite iterable of batches, such as a "
            f"tf.data.Dataset or a list. Received: {received}."
        )


def _inputs(data):
    if hasattr(data, "shape"):
        for start in range(0, len(data), BATCH_SIZE):
            yield data[start : start + BATCH_SIZE]
        return
    for batch in data:
        yield batch[0] if isinstance(batch, (tuple, list)) else batch


@contextlib.contextmanager
def _momentum(layer, value):
    kept = layer.momentum
    layer.momentum = value
    try:
        yield
    finally:
        layer.momentum = kept
