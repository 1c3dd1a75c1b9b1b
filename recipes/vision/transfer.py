"""Transfer: a network that was trained on other classes learns new ones from a few examples.

Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features in deep neural networks?",
https://arxiv.org/abs/1411.1792, section 2; the two phases are those of Keras's guide "Transfer
learning and fine-tuning", https://keras.io/guides/transfer_learning/.

With the base "resnet8_letters" on 28x28x1, for 10 classes:

    layer           output      parameters
    normalization   28x28x1     0           the base's own, as adapted to its data
    conv1           28x28x16    144         frozen
    stage1          28x28x16    4,608       frozen
    stage2          14x14x32    13,824      frozen
    stage3          7x7x64      55,296      moves in the second phase, at a low rate
    pool            64          0
    gate            64          0           shut in the first phase
    logits          10          650         new; trained from the beginning
    total                       74,522      55,946 of them trainable; normalisations not counted

The base is a model that was trained by another recipe: its last layer is taken off and a new one
put on. Both phases are one `fit`:

1. The gate between base and head is shut. Answers pass, gradients do not, so the head alone learns.
2. `callbacks.Unfreeze` opens the gate a little. The top of the base moves with the gradient times
   the opening, which under SGD is the opening's part of the learning rate.

The gate is a variable of the model, so opening it needs no second `compile`, and a run that is
killed goes on to the bit. Weights below the top never move.

The same recipe serves a user's own images:

    kerasrecipes train transfer_glyphs_few --data folder:PATH
    kerasrecipes train transfer_glyphs_few --data folder:PATH#224 --set build.base=imagenet

Departures from the guide:

1. One fit and a gate in place of two calls of `compile` and `fit` with `trainable` changed between
   them.
2. Batch normalisation of the base is frozen whole, its scale and shift too. The guide calls the
   base with `training=False`, which a functional model forgets as soon as it is called with
   `training=True` itself; `trainable=False` holds, in a saved model as well.
3. In the second phase the head goes on at its own rate; the guide lowers both.
4. Penalties on the weights of the base are dropped: a frozen weight must not decay.
"""

from functools import partial
from pathlib import Path

import keras
from keras import layers, ops

from ...callbacks import Unfreeze
from ..data.augment import crop
from ..errors import RecipeError, check_at_least
from ..layers import GradientGate, SubtractImageNetMean
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.classification import Classification
from . import pretrained, resnet, resnet_cifar

# What runs of recipes left behind, for everybody to begin with; see weights/README.md.
WEIGHTS = Path(__file__).parent / "weights"
# What stands around a base in the models of this module.
_OWN_NAMES = ("image", "resize", "subtract_mean", "gate", "logits")


def build(input_shape, num_classes, *, base, unfrozen=2):
    """Return a trained network with a new head behind a gate that is shut.

    Images of another size are brought to the size that the base was trained on, and of other
    colours to its channels; "imagenet" takes the size as it is.

    Args:
        input_shape: tuple, `(height, width, channels)` with 1 or 3 channels, of raw images as the
            base took them: the base brings its own normalisation.
        num_classes: int >= 2.
        base: str or path, what was trained: the folder of a finished run, a `.keras` file that
            ends in a dense layer, "resnet8_letters", whose weights come with the package, or
            "imagenet", a ResNet-50 with the weights of `pretrained.load`.
        unfrozen: int >= 0, how many of the base's layers with weights, counted from its top and
            without normalisations, move once the gate is open. Defaults to 2.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range, or the base is not to be had or is of
            another kind.
    """
    if len(input_shape) != 3 or None in input_shape or input_shape[-1] not in (1, 3):
        raise RecipeError(
            "`input_shape` of transfer.build must be (height, width, channels) with 1 or 3 "
            f"channels. Received: {input_shape=}."
        )
    check_at_least("transfer.build", 2, num_classes=num_classes)
    image = keras.Input(input_shape, name="image")
    if base == "imagenet":
        features, hidden = _imagenet(input_shape), _fitted(image, (*input_shape[:2], 3))
        hidden = SubtractImageNetMean(name="subtract_mean")(hidden)
    else:
        features = _features(base)
        hidden = _fitted(image, features.inputs[0].shape[1:])
        if features.inputs[0].dtype.startswith("uint"):
            hidden = ops.round(hidden)  # or the grey levels between two would be cut off
    _freeze(features, unfrozen)
    # Called as a function and not as a layer: the summary shows the base's own layers.
    hidden = features.call(hidden)
    hidden = GradientGate(name="gate")(hidden)
    logits = layers.Dense(
        num_classes, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01), name="logits"
    )(hidden)  # classes
    return keras.Model(image, logits, name="transfer")


def _features(base):
    """Return a trained model without its last layer."""
    path = _file(base)
    try:
        # A file may come from a stranger: nothing in it is run that Keras does not know as safe.
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged file may make Keras, HDF5 and zip raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"Base {str(path)!r} could not be read: {reason} Train it again with its recipe."
        ) from error
    last = model.layers[-1]
    takes_images = len(model.inputs) == 1 and len(model.inputs[0].shape) == 4
    if not takes_images or not isinstance(last, layers.Dense) or len(last.input.shape) != 2:
        raise RecipeError(
            f"Base {str(path)!r} must take one image and end in a dense layer of its classes. "
            f"Received: {len(model.inputs)} inputs, the first {tuple(model.inputs[0].shape)}, and "
            f"at the end {type(last).__name__} {last.name!r}. Choose the run of a classifier."
        )
    for operation in model.operations:
        # Operations are numbered anew in each process, and a base of transfer has layers like ours.
        if operation.name in _OWN_NAMES or not isinstance(operation, layers.Layer):
            operation.name = f"base_{operation.name}"
    gate = model.layers[-2]  # there is one where the base has been moved itself
    features = gate.input if isinstance(gate, GradientGate) else last.input
    return keras.Model(model.inputs[0], features, name=model.name)


def _file(base):
    """Return the file of a base: of a run, of one that comes with the package, or itself."""
    path, own = Path(base), WEIGHTS / f"{base}.keras"
    if path.is_dir():
        path = path / "model.keras"
    elif own.is_file():
        path = own
    if path.is_file():
        return path
    known = ", ".join(repr(file.stem) for file in sorted(WEIGHTS.glob("*.keras")))
    raise RecipeError(
        "`base` of transfer.build must be the folder of a finished run, a .keras file, "
        f"'imagenet' or {known}. Received: base={str(base)!r}, where there is no {path.name}. "
        "Train one first with `kerasrecipes train resnet8_letters`."
    )


def _imagenet(input_shape):
    """Return a ResNet-50 without its last layer, with the weights of ImageNet."""
    model = resnet.build((*input_shape[:2], 3), 2, depth=50, conv_bias=True, weight_decay=0)
    pretrained.load(model, "imagenet", head=False)
    return keras.Model(model.inputs[0], model.get_layer("pool5").output, name=model.name)


def _fitted(image, shape):
    """Bring images to the channels and the size that the base takes."""
    height, width, num_channels = shape
    if num_channels == 1 and image.shape[-1] == 3:
        image = ops.image.rgb_to_grayscale(image)
    elif num_channels == 3 and image.shape[-1] == 1:
        image = ops.repeat(image, 3, axis=-1)
    if None not in (height, width) and image.shape[1:3] != (height, width):
        image = layers.Resizing(
            height, width, crop_to_aspect_ratio=True, antialias=True, name="resize"
        )(image)
    return image


def _freeze(features, unfrozen):
    """Freeze a base but for its top layers, and normalisations wherever they are."""
    found = list(_leaves(features))
    movable = [
        layer
        for layer in found
        if layer.trainable_weights and not isinstance(layer, layers.BatchNormalization)
    ]
    if not 0 <= unfrozen <= len(movable):
        raise RecipeError(
            f"`unfrozen` of transfer.build must lie between 0 and {len(movable)}, the layers with "
            f"weights of the base. Received: {unfrozen=}."
        )
    top = {id(layer) for layer in movable[len(movable) - unfrozen :]}
    for layer in found:
        layer.trainable = id(layer) in top
        for setting in [name for name in vars(layer) if name.endswith("_regularizer")]:
            setattr(layer, setting, None)
        for weight in layer.weights:
            weight.regularizer = None


def _leaves(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


RECIPES = (
    Recipe(
        name="resnet8_letters",
        summary="A small residual network on letters, for others to begin with.",
        data="glyphs/letters",
        task=Classification(),
        build=partial(resnet_cifar.build, depth=8),  # the least depth that has all three stages
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # He et al. 2015, section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel
        augment=(crop(padding=2),),  # as resnet20_glyphs
        learning_rate=0.1,  # He et al. 2015, section 4.2
        schedule=cosine,  # two passes must settle at their end
        batch_size=128,  # He et al. 2015, section 4.2
        epochs=2,  # a minute and a half on two cores
        ranges=(OneOf("build.depth", (8, 14, 20)),),  # 6n + 2
        expected=Figure("accuracy", 0.985, within=0.01, source="measured here"),
        num_parameters=76_042,
    ),
    Recipe(
        name="transfer_glyphs_few",
        summary="Digits from ten examples each, by a network that knows letters.",
        data="glyphs/digits_few",
        task=Classification(),
        # The last block. With nothing moved at all it reaches as much, and with three blocks too.
        build=partial(build, base="resnet8_letters", unfrozen=2),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # a gate is a rate under SGD
        augment=(crop(padding=2),),  # as the base had
        # A third of the base's, since a frozen normalisation holds nothing in bounds.
        learning_rate=0.03,
        schedule=cosine,  # so that the last epochs settle
        batch_size=20,  # five steps an epoch
        epochs=60,  # twenty seconds on two cores; from nothing, more epochs bring no more
        # The head has settled by then. At an opening of 0.1 a hundred images are learned by heart,
        # 0.87; at 0.3 the loss ran away.
        callbacks=(partial(Unfreeze, epoch=20, opening=0.01),),
        # Whole blocks; and forms of SGD, since a gate is a rate under SGD alone.
        ranges=(
            OneOf("build.unfrozen", (0, 2, 4, 6)),
            OneOf(
                "optimizer",
                (
                    partial(keras.optimizers.SGD, momentum=0.9),
                    partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
                ),
                labels=("sgd_momentum", "sgd_nesterov"),
            ),
        ),
        expected=Figure("accuracy", 0.89, within=0.02, source="measured here"),
        num_parameters=55_946,
    ),
    Recipe(
        name="resnet8_glyphs_few",
        summary="Digits from ten examples each, from nothing: what transfer is compared with.",
        data="glyphs/digits_few",
        task=Classification(),
        build=partial(resnet_cifar.build, depth=8),  # the same network
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # as transfer_glyphs_few
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel
        augment=(crop(padding=2),),  # as transfer_glyphs_few
        learning_rate=0.1,  # at 0.03, that of transfer_glyphs_few, 0.65; at 0.2, 0.84
        schedule=cosine,  # as transfer_glyphs_few
        batch_size=20,  # as transfer_glyphs_few
        epochs=60,  # as transfer_glyphs_few
        ranges=(OneOf("build.depth", (8, 14, 20)),),  # 6n + 2
        expected=Figure("accuracy", 0.853, within=0.02, source="measured here"),
        num_parameters=75_002,
    ),
)
