"""LeNet-5: the convolutional network that read cheques.

LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition",
https://doi.org/10.1109/5.726791, section II.B and figure 2.

`variant="1998"`, the paper's, on 32x32x1; 60,000 trainable parameters, as the paper says:

    layer        output       parameters
    pad          32x32x1      0             smaller images only
    scale        32x32x1      0             white is -0.1, ink is 1.175
    c1           28x28x6      156           5x5; c1_tanh and so on behind each layer up to f6
    s2           14x14x6      12            trainable sub-sampling
    c3           10x10x16     1,516         5x5, connected by table I
    s4           5x5x16       32            trainable sub-sampling
    c5           1x1x120      48,120        5x5
    f6           84           10,164
    logits       10           0             distances to fixed bitmaps; 840 numbers not trained

`variant="modern"`, what is meant by LeNet-5 today, on 28x28x1; 61,706 parameters:

    layer        output       parameters
    c1           28x28x6      156           5x5, same padding; rectifier
    s2           14x14x6      0             maximum
    c3           10x10x16     2,416         5x5, connected to all maps; rectifier
    s4           5x5x16       0             maximum
    flatten      400          0
    c5           120          48,120        rectifier
    f6           84           10,164        rectifier
    logits       10           850

Departures of "1998" from the paper:

1. Adam in place of the stochastic diagonal Levenberg-Marquardt method, which Keras lacks; both
   give each weight a step of its own. The weights start from Glorot's limits, 2.4 / fan-in being
   made for that method; those of f6 alone start from the paper's.
2. The bitmaps are drawn after figure 3, not copied; classes other than ten get random codes of +1
   and -1, since there is no bitmap for them.
3. The loss is the cross-entropy of the negative distances: the paper's equation 9 without the
   constant `exp(-j)` of its rubbish class, so the penalties of far classes do not fade.
4. Images smaller than 32x32 are padded with white, as the paper pads MNIST; larger ones are
   refused.

Departures of "modern": rectifiers, maxima, a dense C3 and a softmax in place of what the paper
has; this is the common form, to compare the paper's with.

Of both: `resize_to` enlarges the image first. LeNet needs sides of 12, and small scans such as 8x8
digits have fewer pixels than that; by bilinear interpolation they get the strokes of a few pixels'
width that 5x5 kernels are made for, and no information that they did not have.
"""

from functools import partial

import keras
from keras import layers
from keras.initializers import RandomUniform

from ..data.augment import affine
from ..errors import RecipeError, check_at_least
from ..layers import RadialBasisOutput, ScaledTanh, SparseConv2D, SubSampling
from ..ranges import Between
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.classification import Classification

# The columns of table I: which maps of S2 each map of C3 sees.
TABLE_1 = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)


def paper_layers(height, width, num_classes):
    """Return the layers of 1998 for an image in [0, 1], 0 white, with sides of at most 32."""
    rows, columns = 32 - height, 32 - width
    margins = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    return [
        *([layers.ZeroPadding2D(margins, name="pad")] if rows or columns else []),  # 32x32
        layers.Rescaling(1.275, offset=-0.1, name="scale"),
        layers.Conv2D(6, 5, name="c1"),  # 28x28x6
        ScaledTanh(name="c1_tanh"),
        SubSampling(name="s2"),  # 14x14x6
        ScaledTanh(name="s2_tanh"),
        SparseConv2D(TABLE_1, 5, name="c3"),  # 10x10x16
        ScaledTanh(name="c3_tanh"),
        SubSampling(name="s4"),  # 5x5x16
        ScaledTanh(name="s4_tanh"),
        layers.Conv2D(120, 5, name="c5"),  # 1x1x120
        ScaledTanh(name="c5_tanh"),
        layers.Flatten(name="flatten"),  # 120
        # Within 2.4 / fan-in, appendix A; a wider start is far from every code, and from ln n.
        layers.Dense(84, kernel_initializer=RandomUniform(-0.02, 0.02), name="f6"),  # 84
        ScaledTanh(name="f6_tanh"),
        RadialBasisOutput(num_classes, name="logits"),  # classes
    ]


def modern_layers(num_classes):
    """Return the layers of today's form; the shapes are those of a 28x28 image."""
    return [
        layers.Conv2D(6, 5, padding="same", activation="relu", name="c1"),  # 28x28x6
        layers.MaxPooling2D(name="s2"),  # 14x14x6
        layers.Conv2D(16, 5, activation="relu", name="c3"),  # 10x10x16
        layers.MaxPooling2D(name="s4"),  # 5x5x16
        layers.Flatten(name="flatten"),  # 400
        layers.Dense(120, activation="relu", name="c5"),  # 120
        layers.Dense(84, activation="relu", name="f6"),  # 84
        layers.Dense(num_classes, name="logits"),  # classes
    ]


def build(input_shape, num_classes, *, variant="modern", resize_to=None):
    """Return LeNet-5.

    Args:
        input_shape: tuple, `(height, width, channels)` of an image in [0, 1], the background 0.
        num_classes: int >= 2.
        variant: "modern", or "1998" for the paper's own. Defaults to "modern".
        resize_to: int >= 12 or None, the side of the square that images are resized to first.
            Defaults to None, no resizing.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range, or the image has sides below 12, or above 32
            in the variant of 1998.

    >>> build((28, 28, 1), 10).count_params()
    61706
    """
    if variant not in ("modern", "1998"):
        raise RecipeError(
            f"`variant` of lenet.build must be 'modern' or '1998'. Received: {variant=}."
        )
    if resize_to is not None and resize_to < 12:
        raise RecipeError(
            f"`resize_to` of lenet.build must be at least 12. Received: {resize_to=}."
        )
    check_at_least("lenet.build", 2, num_classes=num_classes)
    sides = (resize_to, resize_to) if resize_to else tuple(input_shape[:2])
    if len(input_shape) != 3 or None in sides or min(sides) < 12:
        raise RecipeError(
            "`input_shape` of lenet.build must be (height, width, channels) with sides of at "
            f"least 12. Received: {input_shape=}."
        )
    if variant == "1998" and max(sides) > 32:
        raise RecipeError(
            "`input_shape` of lenet.build must have sides of at most 32 with variant='1998'; "
            f"resize_to=28 makes them so. Received: {input_shape=}."
        )
    modern = variant == "modern"
    return keras.Sequential(
        [
            keras.Input(input_shape, name="image"),
            *([layers.Resizing(*sides, name="resize")] if resize_to else []),
            *(modern_layers(num_classes) if modern else paper_layers(*sides, num_classes)),
        ],
        name="lenet5" if modern else "lenet5_1998",
    )


RECIPES = (
    Recipe(
        name="lenet5_digits",
        summary="LeNet-5 on handwritten digits of 8x8 pixels.",
        data="digits",
        task=Classification(),
        build=partial(build, resize_to=28),  # 8 pixels leave nothing behind 5x5 kernels
        optimizer=keras.optimizers.Adam,  # no tuning needed at this size
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        augment=(
            # Without it 97.0 %: 1,374 digits are learnt by heart. A shift of 0.1 is 0.8 pixels.
            affine(rotation=10, zoom=0.1, shift=0.1),
        ),
        learning_rate=0.002,  # twice the default, since it falls to 0
        schedule=cosine,  # so that the last epochs settle
        batch_size=32,  # 42 steps an epoch
        epochs=40,  # 11 seconds on two cores
        # In front of the dense layers, which have 59,134 of the 61,706 parameters.
        ranges=(Between("regularization.dropout", 0.0, 0.5),),
        expected=Figure(
            "accuracy", 0.996, within=0.01, source="measured here, mean of three seeds"
        ),
        num_parameters=61_706,
    ),
    Recipe(
        name="lenet5_glyphs",
        summary="LeNet-5 on digits of fonts it has not seen.",
        data="glyphs",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # no tuning needed at this size
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epoch settles
        batch_size=128,  # as on MNIST
        epochs=5,  # the training accuracy is above 99.9 % by then; what is left is new fonts
        # In front of the dense layers, which have 59,134 of the 61,706 parameters.
        ranges=(Between("regularization.dropout", 0.0, 0.5),),
        expected=Figure("accuracy", 0.935, within=0.015, source="measured here, one seed"),
        num_parameters=61_706,
    ),
    Recipe(
        name="lenet5_mnist",
        summary="LeNet-5 on MNIST, as it is built today.",
        data="mnist",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # that of the baseline
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epochs settle
        batch_size=128,  # 421 steps an epoch
        epochs=20,  # as many passes as in the paper, section III.B
        # In front of the dense layers, which have 59,134 of the 61,706 parameters.
        ranges=(Between("regularization.dropout", 0.0, 0.5),),
        expected=Figure("accuracy", 0.991, within=0.002, source="uncertainty-baselines, MNIST"),
        num_parameters=61_706,
    ),
    Recipe(
        name="lenet5_fashion_mnist",
        summary="LeNet-5 on Fashion-MNIST.",
        data="fashion_mnist",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # that of the baseline
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epochs settle
        batch_size=128,  # 421 steps an epoch
        epochs=20,  # as on MNIST
        # In front of the dense layers, which have 59,134 of the 61,706 parameters.
        ranges=(Between("regularization.dropout", 0.0, 0.5),),
        expected=Figure(
            "accuracy", 0.91, within=0.005, source="uncertainty-baselines, Fashion-MNIST"
        ),
        num_parameters=61_706,
    ),
    Recipe(
        name="lenet5_1998_mnist",
        summary="LeNet-5 as the paper has it, on MNIST.",
        data="mnist",
        task=Classification(),
        build=partial(build, variant="1998"),  # 28x28 is padded to the paper's 32x32
        optimizer=keras.optimizers.Adam,  # in place of the paper's method, departure 1
        normalize=partial(
            keras.layers.Rescaling, scale=1 / 255
        ),  # the model scales on to [-0.1, 1.175]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # the paper lowers its global rate too, from 5e-4 to 1e-5
        batch_size=128,  # the paper takes single examples; this is for speed
        epochs=20,  # section III.B
        # The paper's 0.95 % error, without distortions.
        expected=Figure("accuracy", 0.9905, within=0.003, source="LeCun et al. 1998, figure 9"),
        num_parameters=60_000,
    ),
    Recipe(
        name="lenet5_1998_glyphs",
        summary="LeNet-5 as the paper has it, on digits of fonts it has not seen.",
        data="glyphs",
        task=Classification(),
        build=partial(build, variant="1998"),  # 28x28 is padded to the paper's 32x32
        optimizer=keras.optimizers.Adam,  # in place of the paper's method, departure 1
        normalize=partial(
            keras.layers.Rescaling, scale=1 / 255
        ),  # the model scales on to [-0.1, 1.175]
        learning_rate=0.002,  # twice the default: it learns more slowly than the modern form
        schedule=cosine,  # so that the last epoch settles
        batch_size=64,  # twice the steps of the modern form, for the same reason
        epochs=6,  # about a minute on two cores
        expected=Figure("accuracy", 0.88, within=0.03, source="measured here, one seed"),
        num_parameters=60_000,
    ),
)
