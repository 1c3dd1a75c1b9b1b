"""The U-Net: a contracting path for what, an expanding one for where, and copies between them.

Ronneberger, Fischer and Brox 2015, "U-Net: convolutional networks for biomedical image
segmentation", https://arxiv.org/abs/1505.04597, figure 1 and section 2.

`padding="valid"` on 572x572x1 with two classes, the network of figure 1:

    layer       output        parameters
    down1       568x568x64    37,568         two 3x3 convolutions with rectifiers, here and below
    down2       280x280x128   221,440        behind 2x2 maximum pooling, here and below
    down3       136x136x256   885,248
    down4       64x64x512     3,539,968      dropout behind it
    bottom      28x28x1024    14,157,824     dropout behind it
    up4         52x52x512     9,176,576      2x2 up-convolution to half the maps, the cropped copy
    up3         100x100x256   2,294,528      of the path down beside it, two 3x3 convolutions
    up2         196x196x128   573,824
    up1         388x388x64    143,552
    logits      388x388x2     130            1x1
    total                     31,030,658     23 convolutions

Departures from the paper:

1. `padding="same"`, the default, keeps the size of the image: no border is lost and no copy is
   cropped. The paper predicts the inner part only, and mirrors the image at its borders.
2. `batch_normalization=True` puts a normalisation behind each 3x3 convolution, which then has no
   bias (Ioffe and Szegedy 2015 came out in the same spring). Without it a narrow network on small
   images often stays with one class for many epochs.
3. `dropout` is a rate; the paper has dropout "at the end of the contracting path" and no number.
4. The up-convolution has no rectifier. The paper does not say; its figure has none.
5. No loss weights at the borders between touching cells (equation 2): our masks are of classes, and
   objects of one class that touch may grow together.
"""

from functools import partial

import keras
from keras import layers

from ..data.augment import affine, flip
from ..errors import RecipeError, check_at_least
from ..layers import BatchNormalization
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.segmentation import Segmentation


def double_convolution(hidden, num_channels, padding, batch_normalization, name):
    """Return two 3x3 convolutions, each with its rectifier.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        num_channels: int, maps of both.
        padding: "same" or "valid"; "valid" takes 4 pixels off each side.
        batch_normalization: bool, departure 2.
        name: str, what the names of the layers begin with.

    Returns:
        A tensor `(batch, height, width, num_channels)`, or four pixels smaller each way.
    """
    for number in (1, 2):
        hidden = layers.Conv2D(
            num_channels,
            3,
            padding=padding,
            use_bias=not batch_normalization,
            # A deviation of sqrt(2 / N), section 3.
            kernel_initializer="he_normal",
            name=f"{name}_conv{number}",
        )(hidden)
        if batch_normalization:
            hidden = normalization(f"{name}_bn{number}")(hidden)
        hidden = layers.ReLU(name=f"{name}_relu{number}")(hidden)
    return hidden


def normalization(name):
    """Return a batch normalisation whose statistics are right after some tens of steps."""
    # Over the whole batch, several replicas compute what one device does; Keras knows that on
    # TensorFlow only.
    whole_batch = keras.backend.backend() == "tensorflow"
    return BatchNormalization(momentum=0.9, synchronized=whole_batch, name=name)


def cropped_copy(copy, like, name):
    """Return the middle of the path down's output, as large as the path up has become."""
    height, width = ((c - t) // 2 for c, t in zip(copy.shape[1:3], like.shape[1:3], strict=True))
    return layers.Cropping2D((height, width), name=name)(copy) if height or width else copy


def build(
    input_shape,
    num_classes,
    *,
    padding="same",
    width=64,
    depth=4,
    dropout=0.0,
    batch_normalization=False,
):
    """Return a U-Net.

    Args:
        input_shape: tuple, `(height, width, channels)`. For "same" the sides are divisible by
            2**depth; for "valid" they are such that every pooled map has an even side, as 572.
        num_classes: int >= 2.
        padding: "same" or "valid", of the 3x3 convolutions. Defaults to "same".
        width: int >= 1, maps of the first level; each level down doubles them. Defaults to 64.
        depth: int >= 1, how often the image is halved. Defaults to 4.
        dropout: float in [0, 1), behind the two lowest levels. Defaults to 0.
        batch_normalization: bool, behind each 3x3 convolution. Defaults to False.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits
        `(batch, height, width, num_classes)`; for "valid" of the middle of the image, as 388 of
        572.

    Raises:
        RecipeError: an argument is out of its range; a size that does not fit is told with the
            nearest that do.

    >>> build((572, 572, 1), 2, padding="valid").count_params()
    31030658
    """
    _check(input_shape, num_classes, padding, width, depth, dropout)
    convolutions = partial(
        double_convolution, padding=padding, batch_normalization=batch_normalization
    )
    image = keras.Input(input_shape, name="image")  # 572x572x1
    hidden, copies = image, []
    for level in range(1, depth + 1):  # 568x568x64, 280x280x128, 136x136x256, 64x64x512
        hidden = convolutions(hidden, width * 2 ** (level - 1), name=f"down{level}")
        if level == depth and dropout:
            hidden = layers.Dropout(dropout, name=f"down{level}_dropout")(hidden)
        copies.append(hidden)
        hidden = layers.MaxPooling2D(name=f"down{level}_pool")(hidden)
    hidden = convolutions(hidden, width * 2**depth, name="bottom")  # 28x28x1024
    if dropout:
        hidden = layers.Dropout(dropout, name="bottom_dropout")(hidden)
    for level in range(depth, 0, -1):  # 52x52x512, 100x100x256, 196x196x128, 388x388x64
        num_channels = width * 2 ** (level - 1)
        hidden = layers.Conv2DTranspose(
            num_channels, 2, strides=2, kernel_initializer="he_normal", name=f"up{level}_upconv"
        )(hidden)
        copy = cropped_copy(copies[level - 1], hidden, f"up{level}_crop")
        hidden = layers.Concatenate(name=f"up{level}_concatenate")([copy, hidden])
        hidden = convolutions(hidden, num_channels, name=f"up{level}")
    logits = layers.Conv2D(num_classes, 1, name="logits")(hidden)  # 388x388x2
    return keras.Model(image, logits, name="unet")


def output_side(side, padding, depth):
    """Return the side of the logits for a side of the image, or None where it does not fit.

    >>> output_side(572, "valid", 4)
    388
    >>> output_side(570, "valid", 4) is None
    True
    """
    lost = 4 if padding == "valid" else 0  # by the two convolutions of a level
    for _ in range(depth):
        side -= lost
        if side < 2 or side % 2:
            return None
        side //= 2
    side -= lost
    for _ in range(depth):
        side = 2 * side - lost
    return side if side > 0 else None


def nearest_sides(side, padding, depth):
    """Return the nearest sides that fit, one below (where there is one) and one above.

    >>> nearest_sides(100, "same", 4)
    (96, 112)
    """
    smaller = next((s for s in range(side - 1, 0, -1) if output_side(s, padding, depth)), None)
    larger = side + 1
    while not output_side(larger, padding, depth):
        larger += 1
    return (larger,) if smaller is None else (smaller, larger)


def _check(input_shape, num_classes, padding, width, depth, dropout):
    if padding not in ("same", "valid"):
        raise RecipeError(
            f"`padding` of unet.build must be 'same' or 'valid'. Received: {padding=}."
        )
    check_at_least("unet.build", 2, num_classes=num_classes)
    check_at_least("unet.build", 1, width=width)
    if not 1 <= depth <= 10:
        raise RecipeError(f"`depth` of unet.build must lie in [1, 10]. Received: {depth=}.")
    if not 0 <= dropout < 1:
        raise RecipeError(f"`dropout` of unet.build must lie in [0, 1). Received: {dropout=}.")
    if len(input_shape) != 3 or None in input_shape:
        raise RecipeError(
            "`input_shape` of unet.build must be (height, width, channels). "
            f"Received: {input_shape=}."
        )
    for name, side in zip(("height", "width"), input_shape, strict=False):
        if output_side(side, padding, depth) is None:
            nearest = " and ".join(map(str, nearest_sides(side, padding, depth)))
            rule = (
                f"be divisible by {2**depth}"
                if padding == "same"
                else "leave an even side at every pooling"
            )
            raise RecipeError(
                f"The {name} of an image must {rule} for {padding=} and {depth=} of unet.build; "
                f"the nearest that fit are {nearest}. Received: {name}={side}."
            )


RECIPES = (
    Recipe(
        name="unet_shapes",
        summary="A narrow U-Net on figures drawn over textured grounds.",
        data="shapes",
        task=Segmentation(),
        # Narrow and normalised (departure 2), for two cores; three poolings leave 8x8 pixels.
        build=partial(build, width=16, depth=3, batch_normalization=True),
        optimizer=keras.optimizers.Adam,  # needs no search for a rate; the paper has SGD
        normalize=partial(keras.layers.Rescaling, scale=1 / 127.5, offset=-1),  # bytes to [-1, 1]
        augment=(flip(),),  # a figure in a mirror is of the same class
        learning_rate=0.002,  # twice Adam's default, which the normalisation bears
        schedule=cosine,  # so that the last epochs settle
        batch_size=8,  # 225 steps an epoch: many small steps, since every pixel is an example
        epochs=10,  # about two minutes on two idle cores
        expected=Figure("mean_iou", 0.90, source="the least that this project asks for"),
        num_parameters=482_805,
    ),
    Recipe(
        name="unet_pet",
        summary="A U-Net on photographs of cats and dogs.",
        data="oxford_iiit_pet",
        task=Segmentation(loss="cross_entropy_dice"),  # the outline is a small class
        build=partial(build, width=32, batch_normalization=True),  # departure 2
        optimizer=keras.optimizers.Adam,  # needs no search for a rate; the paper has SGD
        normalize=partial(keras.layers.Rescaling, scale=1 / 127.5, offset=-1),  # bytes to [-1, 1]
        # An animal may look left or right; where nothing was, no pixel is counted.
        augment=(flip(), affine(rotation=15, zoom=0.2, shift=0.1)),
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epochs settle
        batch_size=32,  # 103 steps an epoch
        epochs=40,  # 4,120 steps
        expected=Figure("mean_iou", 0.75, within=0.03, source="an estimate, not measured here"),
        num_parameters=7_763_107,
    ),
)
