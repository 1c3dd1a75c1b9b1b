"""How the regularisation of a recipe gets into its model, optimizer, batches and fit."""

from functools import partial

import keras

from ..callbacks import EarlyStopping, MaxNorm
from ..callbacks.operation_graph import functional_of
from .data.soft_targets import mixup, smoothing
from .errors import RecipeError

_DROPPED_BY_MAP = {
    keras.layers.Conv1D: keras.layers.SpatialDropout1D,
    keras.layers.Conv2D: keras.layers.SpatialDropout2D,
    keras.layers.Conv3D: keras.layers.SpatialDropout3D,
}


def regularized(core, recipe):
    """Return what a recipe builds, with the layers and penalties that its regularisation asks for.

    Layers and weights are the same; only what leads from one to the next is new.

    Args:
        core: `keras.Model`, as `build` gives it.
        recipe: `Recipe`.

    Raises:
        RecipeError: the regularisation has nothing to act on in this model.
    """
    wanted = recipe.regularization
    core = _with_layers(core, recipe) if _layers_wanted(wanted) else core
    if wanted.l1 or wanted.l2:
        _penalize(core, recipe)
    return core


def decaying(optimizer, model, regularization):
    """Give an optimizer the decoupled weight decay of a recipe, on kernels alone.

    Args:
        optimizer: `keras.optimizers.Optimizer` that is not built yet, changed in place.
        model: `keras.Model` whose variables it moves.
        regularization: `Regularization`.

    Returns:
        The optimizer.
    """
    if regularization.weight_decay:
        optimizer.weight_decay = regularization.weight_decay
        kept = [v for v in model.trainable_variables if not is_kernel(v)]
        if kept:
            optimizer.exclude_from_weight_decay(var_list=kept)
    return optimizer


def augmentations(recipe, splits):
    """Return the functions of a training batch, those of the regularisation behind the recipe's.

    Args:
        recipe: `Recipe`.
        splits: its `Splits`.

    Raises:
        RecipeError: targets are to be mixed or smoothed that are not one class an example.
    """
    wanted, found = recipe.regularization, list(recipe.augment)
    for name, make in (("mixup", mixup), ("label_smoothing", smoothing)):
        value = getattr(wanted, name)
        if value and not recipe.task.has_classes:
            raise RecipeError(
                f"`{name}` of a regularization must be 0 for recipe {recipe.name!r}, since its "
                f"targets are not one class for each example. Received: {name}={value!r}."
            )
        if value:
            found.append(make(value, num_classes=splits.num_classes))
    return tuple(found)


def callbacks(recipe):
    """Return makers of the callbacks of a recipe, those of the regularisation in front of them."""
    wanted, task = recipe.regularization, recipe.task
    found = []
    if wanted.max_norm is not None:
        found.append(partial(MaxNorm, wanted.max_norm))
    if wanted.early_stopping is not None:
        found.append(
            partial(
                EarlyStopping,
                monitor=task.monitor,
                mode=task.mode,
                patience=wanted.early_stopping,
                restore_best_weights=True,
            )
        )
    return (*found, *recipe.callbacks)


def is_kernel(variable):
    """Return whether a variable multiplies, and is no bias, scale, shift or table."""
    return variable.name.endswith("kernel")


def _layers_wanted(regularization):
    return regularization.dropout or regularization.spatial_dropout or regularization.noise


def _with_layers(core, recipe):
    wanted = recipe.regularization
    if isinstance(core, keras.Sequential):
        core = keras.Model(core.inputs[0], core.outputs[0], name=core.name)
    if functional_of(core) is None:
        raise RecipeError(
            f"Recipe {recipe.name!r} must build one chain or graph of layers for a regularization "
            f"to put others between them. Received: {type(core).__name__}."
        )
    first = next((layer for layer in core.layers if layer.trainable_weights), None)
    used = set()

    def call(layer, first_input, *others, **keywords):
        name, dropped = _dropped(layer, wanted) if layer is not first else (None, None)
        if dropped is not None:
            used.add(name)
            first_input = dropped(first_input)
        return layer(first_input, *others, **keywords)

    changed = keras.models.clone_model(core, clone_function=lambda layer: layer, call_function=call)
    for name, kind in (("dropout", "dense layer"), ("spatial_dropout", "convolution")):
        if getattr(wanted, name) and name not in used:
            raise RecipeError(
                f"`{name}` of a regularization must be 0 for recipe {recipe.name!r}, since its "
                f"model has no {kind} behind another layer. "
                f"Received: {name}={getattr(wanted, name)!r}."
            )
    return _noisy(changed, recipe) if wanted.noise else changed


def _dropped(layer, wanted):
    """Return what a layer's input is to pass, the name of the field and the layer, or two Nones."""
    if isinstance(layer, keras.layers.Dense) and wanted.dropout:
        return "dropout", keras.layers.Dropout(wanted.dropout, name=f"{layer.name}_dropout")
    for kind, drop in _DROPPED_BY_MAP.items():
        if isinstance(layer, kind) and wanted.spatial_dropout:
            made = drop(wanted.spatial_dropout, name=f"{layer.name}_spatial_dropout")
            return "spatial_dropout", made
    return None, None


def _noisy(core, recipe):
    """Put noise on every input of real numbers."""

    def disturbed(tensor):
        if not keras.backend.is_float_dtype(tensor.dtype):
            raise RecipeError(
                f"`noise` of a regularization must be 0 for recipe {recipe.name!r}, whose model "
                f"takes {tensor.dtype}. Received: noise={recipe.regularization.noise!r}."
            )
        name = f"{tensor.name}_noise"
        return keras.layers.GaussianNoise(recipe.regularization.noise, name=name)(tensor)

    noisy = keras.tree.map_structure(disturbed, core.input)
    return keras.Model(core.input, core.call(noisy), name=core.name)


def _penalize(core, recipe):
    wanted, task = recipe.regularization, recipe.task
    if not task.adds_penalties:
        raise RecipeError(
            f"`l1` and `l2` of a regularization must be 0 for recipe {recipe.name!r}, whose "
            "training step adds no penalties. Take `weight_decay`."
        )
    penalty = keras.regularizers.L1L2(l1=wanted.l1, l2=wanted.l2)
    owners = {
        id(weight): layer
        for layer in core._flatten_layers(include_self=False)
        for weight in getattr(layer, "_trainable_variables", ())
    }
    for weight in filter(is_kernel, core.trainable_variables):
        if weight.regularizer is not None:
            raise RecipeError(
                f"`l1` and `l2` of a regularization must be 0 for recipe {recipe.name!r}, whose "
                f"{weight.path} has a penalty already. Set that of its `build`."
            )
        weight.regularizer = penalty
        owner, name = owners.get(id(weight)), f"{weight.name}_regularizer"
        if hasattr(owner, name):
            setattr(owner, name, penalty)  # what a saved model is made anew with
