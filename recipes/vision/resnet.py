"""Residual networks for photographs: 18, 34, 50, 101 or 152 layers.

He, Zhang, Ren and Sun 2015, "Deep residual learning for image recognition",
https://arxiv.org/abs/1512.03385, table 1.

Depth 50 on 224x224x3 with 1000 classes:

    layer       output         blocks   parameters
    conv1       112x112x64              9,408 + 128 of bn1
    pool1       56x56x64                0            3x3 maximum
    conv2       56x56x256      3        215,808      1x1, 64; 3x3, 64; 1x1, 256
    conv3       28x28x512      4        1,219,584    1x1, 128; 3x3, 128; 1x1, 512
    conv4       14x14x1024     6        7,098,368    1x1, 256; 3x3, 256; 1x1, 1024
    conv5       7x7x2048       3        14,964,736   1x1, 512; 3x3, 512; 1x1, 2048
    pool5       2048                    0            average
    logits      1000                    2,049,000
    total                               25,557,032

The first block of a stage halves the sides, but in conv2, and its shortcut is a 1x1 convolution
("option B"). Depths 18 and 34 have blocks of two 3x3 convolutions and a quarter of the maps:

    depth       blocks of conv2 to conv5    trainable parameters
    18          2, 2, 2, 2                  11,689,512
    34          3, 4, 6, 3                  21,797,672
    50          3, 4, 6, 3                  25,557,032    25,583,592 with `conv_bias=True`
    101         3, 4, 23, 3                 44,549,160    44,601,832
    152         3, 8, 36, 3                 60,192,808    60,268,520

Two conventions are in use, and `conv_bias` chooses between them, since weights of one give other
answers in the other:

- False, that of torchvision: no biases behind convolutions, whose normalisation has one; a
  bottleneck halves the sides in its 3x3 convolution, which sees every pixel ("version 1.5").
- True, that of keras.applications: biases, and a bottleneck halves the sides in its first 1x1
  convolution. With the statistics of the normalisation, depth 50 has 25,636,712 numbers and depth
  152 has 60,419,944. `pretrained.load` fills this one.

Departures from the paper:

1. Its released bottlenecks halve the sides in the first 1x1 convolution, as `conv_bias=True` does,
   and have no biases; the text says neither. The default is what most results since refer to.
2. Borders are padded alike on both sides, as Caffe and PyTorch do; Keras's "same" pads an even
   image at the right and below only, where it is halved.
3. The normalisation adds 1.001e-5 to the variance, the least that cuDNN's kernel takes, and its
   moving statistics keep 0.9 a step; the paper gives neither.
4. Weight decay is on the kernels alone; see `resnet_cifar`, departure 2.
5. The last layer starts near zero, so that the loss begins at ln n at any depth.
6. The model ends in logits; the softmax is in the loss.
"""

from functools import partial

import keras
from keras import layers

from ..data.augment import crop, flip
from ..errors import RecipeError, check_at_least
from ..layers import BatchNormalization
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine, warmup
from ..tasks.classification import Classification
from .resnet_cifar import decay

# Table 1: blocks of conv2 to conv5, and whether they are bottlenecks.
BLOCKS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}
# The side of the first kernel: of a smaller image, it would see more border than picture.
SMALLEST_SIDE = 7


def basic_block(hidden, num_channels, stride, convolution, name):
    """Return two 3x3 convolutions plus their shortcut.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        num_channels: int, maps of the output.
        stride: int, 1 or 2.
        convolution: function `(hidden, num_channels, side, stride, name)`: see `normalized`.
        name: str, what the names of the layers begin with.

    Returns:
        A tensor `(batch, ceil(height / stride), ceil(width / stride), num_channels)`.
    """
    shortcut = hidden
    if stride != 1 or hidden.shape[-1] != num_channels:
        shortcut = convolution(hidden, num_channels, 1, stride, f"{name}_shortcut")
    hidden = convolution(hidden, num_channels, 3, stride, f"{name}_conv1")
    hidden = layers.ReLU(name=f"{name}_relu1")(hidden)
    hidden = convolution(hidden, num_channels, 3, 1, f"{name}_conv2")
    hidden = layers.Add(name=f"{name}_add")([hidden, shortcut])
    return layers.ReLU(name=f"{name}_relu2")(hidden)


def bottleneck(hidden, num_channels, stride, convolution, name, *, stride_first):
    """Return a 1x1, a 3x3 and a 1x1 convolution, the last four times as wide, plus their shortcut.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        num_channels: int, maps of the first two; the output has four times as many.
        stride: int, 1 or 2.
        convolution: function `(hidden, num_channels, side, stride, name)`: see `normalized`.
        name: str, what the names of the layers begin with.
        stride_first: bool, whether the first convolution takes the stride, and not the second.

    Returns:
        A tensor `(batch, ceil(height / stride), ceil(width / stride), 4 * num_channels)`.
    """
    strides = (stride, 1) if stride_first else (1, stride)
    shortcut = hidden
    if stride != 1 or hidden.shape[-1] != 4 * num_channels:
        shortcut = convolution(hidden, 4 * num_channels, 1, stride, f"{name}_shortcut")
    hidden = convolution(hidden, num_channels, 1, strides[0], f"{name}_conv1")
    hidden = layers.ReLU(name=f"{name}_relu1")(hidden)
    hidden = convolution(hidden, num_channels, 3, strides[1], f"{name}_conv2")
    hidden = layers.ReLU(name=f"{name}_relu2")(hidden)
    hidden = convolution(hidden, 4 * num_channels, 1, 1, f"{name}_conv3")
    hidden = layers.Add(name=f"{name}_add")([hidden, shortcut])
    return layers.ReLU(name=f"{name}_relu3")(hidden)


def normalized(hidden, num_channels, side, stride, name, *, conv_bias, weight_decay):
    """Return a convolution and the normalisation behind it, `conv1` and `bn1`.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        num_channels: int, maps of the output.
        side: int, odd, of the kernel.
        stride: int, 1 or 2.
        name: str, of the convolution.
        conv_bias: bool, see `build`.
        weight_decay: float >= 0, see `build`.

    Returns:
        A tensor `(batch, ceil(height / stride), ceil(width / stride), num_channels)`.
    """
    if stride > 1 and side > 1:
        hidden = layers.ZeroPadding2D(side // 2, name=f"{name}_pad")(hidden)  # departure 2
    hidden = layers.Conv2D(
        num_channels,
        side,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=conv_bias,
        kernel_initializer="he_normal",
        kernel_regularizer=decay(weight_decay),
        name=name,
    )(hidden)
    # Over the whole batch, several replicas compute what one device does; Keras knows that on
    # TensorFlow only.
    whole_batch = keras.backend.backend() == "tensorflow"
    bn_name = f"{name}_bn" if name.endswith("shortcut") else name.replace("_conv", "_bn")
    return BatchNormalization(
        momentum=0.9,
        epsilon=1.001e-5,  # departure 3
        synchronized=whole_batch,
        name="bn1" if name == "conv1" else bn_name,
    )(hidden)


def build(input_shape, num_classes, *, depth=50, conv_bias=False, weight_decay=1e-4):
    """Return a residual network of four stages.

    Args:
        input_shape: tuple, `(height, width, channels)` with sides of at least 7; the paper's are
            224, and below 33 nothing is left of the last stage but a pixel.
        num_classes: int >= 2.
        depth: int, 18, 34, 50, 101 or 152: layers with weights. Defaults to 50.
        conv_bias: bool, False for torchvision's convention, True for that of keras.applications;
            see above. Defaults to False.
        weight_decay: float >= 0, the gradient of the penalty in units of the weight. Defaults to
            1e-4, section 3.4.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    if depth not in BLOCKS:
        raise RecipeError(
            f"`depth` of resnet.build must be 18, 34, 50, 101 or 152. Received: {depth=}."
        )
    if len(input_shape) != 3 or None in input_shape or min(input_shape[:2]) < SMALLEST_SIDE:
        raise RecipeError(
            "`input_shape` of resnet.build must be (height, width, channels) with sides of at "
            f"least {SMALLEST_SIDE}. Received: {input_shape=}."
        )
    check_at_least("resnet.build", 2, num_classes=num_classes)
    check_at_least("resnet.build", 0, weight_decay=weight_decay)
    num_blocks, deep = BLOCKS[depth]
    block = partial(bottleneck, stride_first=conv_bias) if deep else basic_block
    convolution = partial(normalized, conv_bias=conv_bias, weight_decay=weight_decay)
    image = keras.Input(input_shape, name="image")  # 224x224x3
    hidden = convolution(image, 64, 7, 2, "conv1")  # 112x112x64
    hidden = layers.ReLU(name="relu1")(hidden)
    # The rectifier leaves nothing below zero, so zeros never win against a picture.
    hidden = layers.ZeroPadding2D(1, name="pool1_pad")(hidden)
    hidden = layers.MaxPooling2D(3, strides=2, name="pool1")(hidden)  # 56x56x64
    for stage, count in enumerate(num_blocks, start=2):  # 56x56, 28x28, 14x14, 7x7
        for number in range(1, count + 1):
            stride = 2 if stage > 2 and number == 1 else 1
            name = f"conv{stage}_block{number}"
            hidden = block(hidden, 64 * 2 ** (stage - 2), stride, convolution, name)
    hidden = layers.GlobalAveragePooling2D(name="pool5")(hidden)  # 512 or 2048
    logits = layers.Dense(
        num_classes,
        # Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 5.1.
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        kernel_regularizer=decay(weight_decay),
        name="logits",
    )(hidden)  # classes
    return keras.Model(image, logits, name=f"resnet{depth}")


RECIPES = (
    Recipe(
        name="resnet18_glyphs",
        summary="ResNet-18 at full width on digits of fonts it has not seen.",
        data="glyphs",
        task=Classification(),
        build=partial(build, depth=18),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 3.4
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel
        learning_rate=0.05,  # half of section 3.4's, for half of its batch
        schedule=cosine,  # one pass must settle at its end
        batch_size=128,  # half of section 3.4's
        epochs=1,  # 421 steps, about two minutes on two cores
        ranges=(OneOf("build.depth", (18, 34)),),  # table 1; deeper ones have bottlenecks
        expected=Figure("accuracy", 0.94, within=0.02, source="measured here"),
        num_parameters=11_175_370,
    ),
    Recipe(
        name="resnet50_imagenette",
        summary="ResNet-50 on photographs of ten easy classes of ImageNet.",
        data="imagenette/320px-v2#224",
        task=Classification(),
        build=partial(build, depth=50),
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # section 3.4
        normalize=partial(keras.layers.Normalization, axis=-1),  # by channel
        # Smaller crops than the paper's, which are cut from images of other sizes.
        augment=(crop(padding=28), flip()),
        learning_rate=0.025,  # 0.1 / 256 * batch_size, section 3.4
        schedule=partial(warmup, warmup_epochs=5, schedule=cosine),  # Goyal et al. 2017
        batch_size=64,  # a quarter of section 3.4's, which takes 20 GB of memory
        epochs=80,  # what the set's own table of results goes up to, about
        ranges=(OneOf("build.depth", (18, 34, 50)),),  # table 1; deeper ones ask for more memory
        expected=Figure("accuracy", 0.93, within=0.02, source="an estimate, not measured here"),
        num_parameters=23_528_522,
    ),
)
