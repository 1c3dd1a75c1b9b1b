"""Residual networks for small images: 6n + 2 layers in three stages.

He, Zhang, Ren and Sun 2015, "Deep residual learning for image recognition",
https://arxiv.org/abs/1512.03385, section 4.2.

On 32x32x3 with n blocks a stage and shortcuts without parameters ("option A"):

    layer       output       layers      parameters for n = 3
    conv1       32x32x16     1           432 + 32 of bn1
    stage1      32x32x16     2n          13,824 + 192 of 6 normalisations
    stage2      16x16x32     2n          50,688 + 384
    stage3      8x8x64       2n          202,752 + 768
    pool        64           0           0
    logits      10           1           650
    total                    6n + 2      269,722

A block is conv1, bn1, relu1, conv2, bn2, the sum with its shortcut, relu2. Depths 56 and 110 have
853,018 and 1,727,962 trainable parameters.

Departures from the paper:

1. Convolutions have no bias: the normalisation behind them has one. The paper does not say; its
   0.27M, 0.85M and 1.7M parameters fit both.
2. Weight decay is on the kernels, and not on biases and normalisations, which it does not help. It
   is an L2 term in the loss, as in the paper's Caffe, and so passes through the momentum: Keras's
   `weight_decay` of an optimizer shrinks the weights beside the momentum, which at 0.9 is ten times
   weaker for the same number.
3. The pixels are standardised by channel; the paper subtracts the mean of each pixel. Crops are cut
   before that, so that their margin is black, and the mean in the paper.
4. ResNet-110 warms up for one epoch; the paper goes on until the training error is below 80 %,
   "about 400 iterations", which is about one epoch too.
5. The moving statistics of the normalisation keep 0.9 a step, which the paper does not give.
"""

from functools import partial

import keras
from keras import layers

from ..data.augment import crop, flip
from ..errors import RecipeError, check_at_least
from ..layers import BatchNormalization, SubsampleAndPad
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine, piecewise
from ..tasks.classification import Classification


def block(hidden, num_channels, stride, weight_decay, name):
    """Return two 3x3 convolutions plus their shortcut.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        num_channels: int >= channels, maps of the output.
        stride: int, 1 or 2.
        weight_decay: float >= 0, see `build`.
        name: str, what the names of the layers begin with.

    Returns:
        A tensor `(batch, ceil(height / stride), ceil(width / stride), num_channels)`.
    """
    shortcut = hidden
    if stride != 1 or hidden.shape[-1] != num_channels:
        shortcut = SubsampleAndPad(num_channels, stride, name=f"{name}_shortcut")(hidden)
    hidden = convolution(num_channels, stride, weight_decay, f"{name}_conv1")(hidden)
    hidden = normalization(f"{name}_bn1")(hidden)
    hidden = layers.ReLU(name=f"{name}_relu1")(hidden)
    hidden = convolution(num_channels, 1, weight_decay, f"{name}_conv2")(hidden)
    hidden = normalization(f"{name}_bn2")(hidden)
    hidden = layers.Add(name=f"{name}_add")([hidden, shortcut])
    return layers.ReLU(name=f"{name}_relu2")(hidden)


def convolution(num_channels, stride, weight_decay, name):
    """Return a 3x3 convolution without a bias, initialised after He et al. 2015."""
    return layers.Conv2D(
        num_channels,
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=decay(weight_decay),
        name=name,
    )


def normalization(name):
    """Return a batch normalisation whose statistics are right after some tens of steps."""
    # Keras's 0.99 asks for hundreds of steps before an evaluation can be trusted. Over the whole
    # batch, several replicas compute what one device does; Keras knows that on TensorFlow only.
    whole_batch = keras.backend.backend() == "tensorflow"
    return BatchNormalization(momentum=0.9, synchronized=whole_batch, name=name)


def decay(weight_decay):
    """Return the term whose gradient is `weight_decay * weight`, or None where it is 0."""
    # Keras's L2 has no factor of 1/2 before the square.
    return keras.regularizers.L2(weight_decay / 2) if weight_decay else None


def build(input_shape, num_classes, *, depth=20, weight_decay=1e-4):
    """Return a residual network of three stages.

    Args:
        input_shape: tuple, `(height, width, channels)` with sides of at least 4.
        num_classes: int >= 2.
        depth: int, 6n + 2 with n >= 1: layers with weights. Defaults to 20.
        weight_decay: float >= 0, the gradient of the penalty in units of the weight. Defaults to
            1e-4, section 4.2.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    if depth < 8 or depth % 6 != 2:
        raise RecipeError(
            f"`depth` of resnet_cifar.build must be 6n + 2 with n >= 1. Received: {depth=}."
        )
    if len(input_shape) != 3 or None in input_shape or min(input_shape[:2]) < 4:
        raise RecipeError(
            "`input_shape` of resnet_cifar.build must be (height, width, channels) with sides of "
            f"at least 4. Received: {input_shape=}."
        )
    check_at_least("resnet_cifar.build", 2, num_classes=num_classes)
    check_at_least("resnet_cifar.build", 0, weight_decay=weight_decay)
    image = keras.Input(input_shape, name="image")  # 32x32x3
    hidden = convolution(16, 1, weight_decay, "conv1")(image)  # 32x32x16
    hidden = normalization("bn1")(hidden)
    hidden = layers.ReLU(name="relu1")(hidden)
    for stage, num_channels in enumerate((16, 32, 64), start=1):  # 32x32x16, 16x16x32, 8x8x64
        for number in range(1, (depth - 2) // 6 + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            name = f"stage{stage}_block{number}"
            hidden = block(hidden, num_channels, stride, weight_decay, name)
    hidden = layers.GlobalAveragePooling2D(name="pool")(hidden)  # 64
    logits = layers.Dense(
        num_classes,
        # So that the loss begins at ln n at any depth (Goyal et al. 2017, section 5.1).
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        kernel_regularizer=decay(weight_decay),
        name="logits",
    )(hidden)  # classes
    return keras.Model(image, logits, name=f"resnet{depth}")


RECIPES = (
    Recipe(
        name="resnet20_cifar10",
        summary="ResNet-20 on CIFAR-10, the paper's own setting.",
        data="cifar10",
        task=Classification(),
        build=partial(build, depth=20),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel, departure 3
        augment=(crop(padding=4), flip()),  # section 4.2
        learning_rate=0.1,  # section 4.2
        # 32k and 48k of 64k iterations, section 4.2, in epochs of 352.
        schedule=partial(piecewise, boundaries=(91, 136.5), factors=(1, 0.1, 0.01)),
        batch_size=128,  # section 4.2
        epochs=182,  # 64k iterations over 45,000 images, section 4.2
        ranges=(OneOf("build.depth", (14, 20, 26, 32)),),  # 6n + 2
        expected=Figure("accuracy", 0.9125, within=0.005, source="He et al. 2015, table 6"),
        num_parameters=269_722,
    ),
    Recipe(
        name="resnet56_cifar10",
        summary="ResNet-56 on CIFAR-10, the paper's own setting.",
        data="cifar10",
        task=Classification(),
        build=partial(build, depth=56),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel, departure 3
        augment=(crop(padding=4), flip()),  # section 4.2
        learning_rate=0.1,  # section 4.2
        # 32k and 48k of 64k iterations, section 4.2, in epochs of 352.
        schedule=partial(piecewise, boundaries=(91, 136.5), factors=(1, 0.1, 0.01)),
        batch_size=128,  # section 4.2
        epochs=182,  # 64k iterations over 45,000 images, section 4.2
        ranges=(OneOf("build.depth", (44, 56, 68)),),  # 6n + 2
        expected=Figure("accuracy", 0.9303, within=0.005, source="He et al. 2015, table 6"),
        num_parameters=853_018,
    ),
    Recipe(
        name="resnet110_cifar10",
        summary="ResNet-110 on CIFAR-10, with the paper's warm-up.",
        data="cifar10",
        task=Classification(),
        build=partial(build, depth=110),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel, departure 3
        augment=(crop(padding=4), flip()),  # section 4.2
        learning_rate=0.1,  # section 4.2, behind the warm-up
        # 0.01 for the first 352 iterations, departure 4; then as the others.
        schedule=partial(piecewise, boundaries=(1, 91, 136.5), factors=(0.1, 1, 0.1, 0.01)),
        batch_size=128,  # section 4.2
        epochs=182,  # 64k iterations over 45,000 images, section 4.2
        ranges=(OneOf("build.depth", (92, 110, 128)),),  # 6n + 2
        # The mean of five runs; the best of them has 93.57 %.
        expected=Figure("accuracy", 0.9339, within=0.005, source="He et al. 2015, table 6"),
        num_parameters=1_727_962,
    ),
    Recipe(
        name="resnet20_cifar100",
        summary="ResNet-20 on CIFAR-100, in the paper's setting for CIFAR-10.",
        data="cifar100",
        task=Classification(),
        build=partial(build, depth=20),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel, departure 3
        augment=(crop(padding=4), flip()),  # section 4.2
        learning_rate=0.1,  # section 4.2
        # 32k and 48k of 64k iterations, section 4.2, in epochs of 352.
        schedule=partial(piecewise, boundaries=(91, 136.5), factors=(1, 0.1, 0.01)),
        batch_size=128,  # section 4.2
        epochs=182,  # 64k iterations over 45,000 images, section 4.2
        ranges=(OneOf("build.depth", (14, 20, 26, 32)),),  # 6n + 2
        # Not in the paper: what others report lies between 0.67 and 0.69.
        expected=Figure("accuracy", 0.68, within=0.02, source="an estimate, not measured here"),
        num_parameters=275_572,
    ),
    Recipe(
        name="resnet20_glyphs",
        summary="ResNet-20 on digits of fonts it has not seen, in minutes on a laptop.",
        data="glyphs",
        task=Classification(),
        build=partial(build, depth=20),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 4.2
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel, departure 3
        # Small crops, since the glyphs lie loose in 28 pixels; no flip: digits have a handedness.
        augment=(crop(padding=2),),
        learning_rate=0.1,  # section 4.2
        schedule=cosine,  # one pass must settle at its end
        batch_size=128,  # section 4.2
        epochs=1,  # 421 steps, two and a half minutes on two cores
        ranges=(OneOf("build.depth", (8, 14, 20)),),  # 6n + 2; more are slow
        expected=Figure("accuracy", 0.937, within=0.03, source="measured here, one seed"),
        num_parameters=269_434,
    ),
)
