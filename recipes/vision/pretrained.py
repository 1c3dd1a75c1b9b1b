"""Weights that were trained elsewhere, for the residual networks of `resnet`.

The real ones are those that keras.applications serves, trained on the 1,281,167 images of ImageNet
(ILSVRC 2012) by He et al. 2015, https://arxiv.org/abs/1512.03385, and converted from Caffe. They
expect pixels from 0 to 255 in the order blue, green, red, with the mean pixel taken off, and no
other scaling: `recipes.layers.SubtractImageNetMean` in front of the model does that to raw images.
They reach 74.9 % (ResNet-50) and 76.6 % (ResNet-152) on the validation images, by the table of
Keras.

    model = resnet.build((224, 224, 3), 1000, depth=50, conv_bias=True)
    pretrained.load(model, "imagenet")
"""

import os
import re
from pathlib import Path

import keras

from ..data import reach
from ..errors import RecipeError
from .resnet import BLOCKS

_HOST = "https://storage.googleapis.com"
# What keras.applications has weights for.
_APPLICATIONS = {50: "ResNet50", 101: "ResNet101", 152: "ResNet152"}
# What two layers must have in common beside the shapes of their weights, to compute the same.
_SETTINGS = ("strides", "dilation_rate", "groups", "axis", "epsilon")


def copy(source, target, *, head=True):
    """Copy the weights of a residual network into another, layer by layer.

    Either all of them are copied or none.

    Args:
        source: `keras.Model`: a ResNet-50, 101 or 152 of keras.applications, or one of
            `resnet.build`. Its last layer may have a softmax; ours gives the logits in front of it.
        target: `keras.Model` of `resnet.build`, of the same depth, with `conv_bias=True` where the
            source is of keras.applications. A normalisation in front of it is left as it is.
        head: bool, whether the last layer is copied too; False where the classes are others.
            Defaults to True.

    Returns:
        The target.

    Raises:
        RecipeError: a layer has no like on the other side, or the two do not fit one another; the
            sentence says which and how.
    """
    theirs = {layer.name: layer for layer in source.layers if layer.weights}
    ours = {
        layer.name: layer
        for layer in target.layers
        if layer.weights and not _is_preprocessing(layer)
    }
    if not head:
        ours.pop("logits", None)
        for name in ("logits", "predictions"):
            theirs.pop(name, None)
    pairs = []
    for name, layer in ours.items():
        there = name if name in theirs else _name_in_applications(name)
        if there not in theirs:
            raise RecipeError(
                f"Layer {name!r} of model {target.name!r} must have its like in the source. "
                f"Received: {source.name!r}, which has no layer {there!r}. Build the target with "
                f"the depth of the source{', or leave the head out' if name == 'logits' else ''}."
            )
        _check_pair(layer, theirs[there])
        pairs.append((layer, theirs.pop(there)))
    left = [name for name in theirs if not _is_preprocessing(theirs[name])]
    if not pairs or left:
        received = f"{left[0]!r}, which nothing takes" if left else "a target without such layers"
        raise RecipeError(
            f"The layers of {source.name!r} must all have their like in model {target.name!r}. "
            f"Received: {received}. Build the target with `resnet.build` and the depth of the "
            "source."
        )
    for layer, other in pairs:
        layer.set_weights(other.get_weights())
    return target


def load(model, weights="imagenet", *, head=True):
    """Give a model the weights of keras.applications, downloading them the first time.

    The model then expects what this module says above.

    Args:
        model: `keras.Model` of `resnet.build` with depth 50, 101 or 152, `conv_bias=True` and
            three channels.
        weights: str, "imagenet". Defaults to "imagenet".
        head: bool, whether the last layer is filled too, which asks for the 1000 classes of
            ImageNet. Defaults to True.

    Returns:
        The model.

    Raises:
        RecipeError: there are no such weights, they do not fit the model, or they are not on this
            machine and their host cannot be reached.
    """
    if weights != "imagenet":
        raise RecipeError(f"`weights` of pretrained.load must be 'imagenet'. Received: {weights=}.")
    depth = depth_of(model)
    if depth not in _APPLICATIONS:
        raise RecipeError(
            "ImageNet weights are there for residual networks of depth 50, 101 and 152. "
            f"Received: model {model.name!r}, "
            + (f"of depth {depth}." if depth else "which `resnet.build` did not make.")
        )
    _check_takes_imagenet(model, depth, head)
    file = _file(depth, head)
    if not file.is_file() and reach.unreachable([_HOST]):
        raise RecipeError(
            f"The ImageNet weights of ResNet-{depth} are not on this machine and their host "
            f"storage.googleapis.com cannot be reached. Load them once where there is a network, "
            f"and copy {str(file)!r} from there to here."
        )
    try:
        source = getattr(keras.applications, _APPLICATIONS[depth])(
            weights="imagenet",
            include_top=head,
            input_shape=(224, 224, 3),
            classifier_activation=None,
        )
    except Exception as error:  # a broken download may look like anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"The ImageNet weights of ResNet-{depth} could not be loaded: {reason} Remove "
            f"{str(file)!r} and try again."
        ) from error
    return copy(source, model, head=head)


def depth_of(model):
    """Return the depth of a residual network of `resnet.build`, or None where it is not one."""
    names = [layer.name for layer in model.layers]
    blocks = tuple(
        sum(re.fullmatch(rf"conv{stage}_block\d+_add", name) is not None for name in names)
        for stage in (2, 3, 4, 5)
    )
    found = (blocks, "conv2_block1_conv3" in names)
    return next((depth for depth, known in BLOCKS.items() if known == found), None)


def _check_takes_imagenet(model, depth, head):
    """Check in an instant, before anything is downloaded, what `copy` would find out."""
    first, last = model.get_layer("conv1"), model.get_layer("logits")
    if not first.use_bias or first.kernel.shape[2] != 3 or (head and last.units != 1000):
        raise RecipeError(
            f"A model that takes the ImageNet weights of ResNet-{depth} must have biases "
            f"(`conv_bias=True`), three channels{' and 1000 classes' if head else ''}. Received: "
            f"conv_bias={first.use_bias}, {first.kernel.shape[2]} channels, {last.units} classes. "
            "With `head=False` other classes are left as they are."
        )


def _check_pair(layer, other):
    shapes, other_shapes = (
        {weight.name: tuple(weight.shape) for weight in each.weights} for each in (layer, other)
    )
    settings, other_settings = (
        {name: getattr(each, name) for name in _SETTINGS if hasattr(each, name)}
        for each in (layer, other)
    )
    # An axis may be counted from either end.
    for each in (settings, other_settings):
        if "axis" in each:
            each["axis"] %= 4
    if shapes != other_shapes or settings != other_settings:
        ours, theirs = shapes | settings, other_shapes | other_settings
        names = [n for n in {**ours, **theirs} if ours.get(n) != theirs.get(n)]
        remedy = (
            "Build the target with `conv_bias=True`"
            if shapes.keys() < other_shapes.keys()
            else "Build the target like the source"
        )
        raise RecipeError(
            f"Layer {layer.name!r} must be like the source's {other.name!r}, with "
            f"{_listed(theirs, names)}. Received: {_listed(ours, names)}. {remedy}."
        )


def _listed(values, names):
    return ", ".join(f"{name} {values.get(name, 'none')}" for name in names)


def _name_in_applications(name):
    """Return what keras.applications calls a layer of ours.

    >>> _name_in_applications("conv2_block1_shortcut_bn")
    'conv2_block1_0_bn'
    """
    whole = {"conv1": "conv1_conv", "bn1": "conv1_bn", "logits": "predictions"}
    name = whole.get(name, name)
    name = re.sub(r"_shortcut_bn$", "_0_bn", name)
    name = re.sub(r"_shortcut$", "_0_conv", name)
    return re.sub(r"_(conv|bn)(\d)$", r"_\2_\1", name)


def _is_preprocessing(layer):
    return isinstance(layer, keras.layers.Normalization)


def _file(depth, head):
    """Return where Keras keeps the weights of a depth on this machine."""
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    ending = "" if head else "_notop"
    return folder / f"resnet{depth}_weights_tf_dim_ordering_tf_kernels{ending}.h5"
