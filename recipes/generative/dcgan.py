"""DCGAN: a generator and a discriminator of strided convolutions that play against each other.

Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville and Bengio 2014, "Generative
adversarial nets", https://arxiv.org/abs/1406.2661; Radford, Metz and Chintala 2016, "Unsupervised
representation learning with deep convolutional generative adversarial networks",
https://arxiv.org/abs/1511.06434, section 3 and figure 1.

On 64x64x3, with noise of 100 numbers and a width of 64. Kernels are 4x4 and convolutions have no
bias; behind each stands a batch normalisation with gamma and beta, but for the generator's last and
the discriminator's first and last:

    generator     output       convolution    normalisation
    noise         100
    stage1        4x4x512      819,200        1,024           projection and reshape; rectifier
    stage2        8x8x256      2,097,152      512             stride 1/2; rectifier, here and below
    stage3        16x16x128    524,288        256
    stage4        32x32x64     131,072        128
    image         64x64x3      3,072          0               tanh
    total                      3,576,704

    discriminator output       convolution    normalisation
    image         64x64x3
    stage1        32x32x64     3,072          0               stride 2; leaky rectifier, 0.2
    stage2        16x16x128    131,072        256
    stage3        8x8x256      524,288        512
    stage4        4x4x512      2,097,152      1,024
    logit         1            8,192          0               4x4, valid
    total                      2,765,568

The names of layers begin with that of their network, `generator_stage1_conv`.

Other sides are 4, 5, 6 or 7 pixels doubled k times, and have k stages: 28 pixels go 7, 14, 28 and
64 pixels 4, 8, 16, 32, 64. The last doubling gives the image; the stage before it has `width`
channels, and each one before that twice as many.

Departures from the paper:

1. Kernels are 4x4, as in the authors' own code; the paper's figure has 5x5. With 4 the two counts
   are those that most implementations share, and a stride of 2 divides the kernel evenly.
2. The generator's first layer and the discriminator's last are convolutions over the whole map,
   which are the paper's projection and its single sigmoid, without a bias.
3. The discriminator gives a logit; the sigmoid is in the loss, where it is exact.
4. The gammas begin at 1 and the betas at 0, where the authors' code draws gammas around 1.
5. One batch of samples serves both players in a step, where algorithm 1 of 2014 draws a second one
   for the generator: a forward pass less.
6. The moving statistics keep 0.9 a step, which the paper does not give.
7. The rate of `dcgan_glyphs` falls to nothing; the paper's is constant.
"""

from functools import partial

import keras
from keras import layers

from ...callbacks import AdversarialBalance
from ..errors import RecipeError, check_whole
from ..layers import BatchNormalization
from ..models.adversarial import Adversarial
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.adversarial import AdversarialGeneration

SMALLEST_SIDE = 8


def initial():
    """Return what kernels are drawn from, a normal distribution of deviation 0.02: section 4."""
    return keras.initializers.RandomNormal(stddev=0.02)


def normalization(name):
    """Return a batch normalisation whose statistics follow the other player's moves."""
    # Over the whole batch, several replicas compute what one device does; on TensorFlow only.
    whole_batch = keras.backend.backend() == "tensorflow"
    return BatchNormalization(momentum=0.9, epsilon=1.001e-5, synchronized=whole_batch, name=name)


def doubling(num_channels, name):
    """Return a convolution with stride 1/2: `(height, width)` to twice as much."""
    return layers.Conv2DTranspose(
        num_channels,
        4,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=initial(),
        name=name,
    )


def halving(num_channels, name):
    """Return a convolution with stride 2: `(height, width)` to half as much."""
    return layers.Conv2D(
        num_channels,
        4,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=initial(),
        name=name,
    )


def generator(input_shape, *, latent=100, width=64):
    """Return the network from noise to images in (-1, 1).

    Args:
        input_shape: tuple, `(height, width, channels)` of an image; see `build`.
        latent: int >= 1, numbers of noise. Defaults to 100, section 4.
        width: int >= 1, channels of the stage in front of the image. Defaults to 64.

    Returns:
        An uncompiled `keras.Model` from `(batch, latent)` to `(batch, *input_shape)`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    num_stages = check(input_shape, latent, width)
    smallest = tuple(side >> num_stages for side in input_shape[:2])
    channels = [width << stage for stage in reversed(range(num_stages))]
    noise = keras.Input((latent,), name="noise")
    hidden = layers.Reshape((1, 1, latent), name="generator_reshape")(noise)  # 1x1x100
    hidden = layers.Conv2DTranspose(
        channels[0],
        smallest,
        use_bias=False,
        kernel_initializer=initial(),
        name="generator_stage1_conv",
    )(hidden)  # 4x4x512
    hidden = normalization("generator_stage1_bn")(hidden)
    hidden = layers.ReLU(name="generator_stage1_relu")(hidden)
    for stage, num_channels in enumerate(channels[1:], start=2):  # 8x8x256, 16x16x128, 32x32x64
        hidden = doubling(num_channels, f"generator_stage{stage}_conv")(hidden)
        hidden = normalization(f"generator_stage{stage}_bn")(hidden)
        hidden = layers.ReLU(name=f"generator_stage{stage}_relu")(hidden)
    hidden = doubling(input_shape[2], "generator_image_conv")(hidden)  # 64x64x3
    # In 32 bits whatever the policy: 16 are too few for 256 greys around 0.
    image = layers.Activation("tanh", dtype="float32", name="generator_image")(hidden)
    return keras.Model(noise, image, name="generator")


def discriminator(input_shape, *, width=64):
    """Return the network from images in [-1, 1] to the logit of being a real one.

    Args:
        input_shape: tuple, `(height, width, channels)` of an image; see `build`.
        width: int >= 1, channels of the first stage. Defaults to 64.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to `(batch, 1)`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    num_stages = check(input_shape, 1, width)
    smallest = tuple(side >> num_stages for side in input_shape[:2])
    image = keras.Input(input_shape, name="image")  # 64x64x3
    hidden = halving(width, "discriminator_stage1_conv")(image)  # 32x32x64
    hidden = layers.LeakyReLU(0.2, name="discriminator_stage1_relu")(hidden)
    for stage in range(2, num_stages + 1):  # 16x16x128, 8x8x256, 4x4x512
        hidden = halving(width << (stage - 1), f"discriminator_stage{stage}_conv")(hidden)
        hidden = normalization(f"discriminator_stage{stage}_bn")(hidden)
        hidden = layers.LeakyReLU(0.2, name=f"discriminator_stage{stage}_relu")(hidden)
    hidden = layers.Conv2D(
        1, smallest, use_bias=False, kernel_initializer=initial(), name="discriminator_logit_conv"
    )(hidden)  # 1x1x1
    logit = layers.Flatten(dtype="float32", name="discriminator_logit")(hidden)  # 1
    return keras.Model(image, logit, name="discriminator")


def build(input_shape, *, latent=100, width=64):
    """Return both players.

    Args:
        input_shape: tuple, `(height, width, channels)` of an image. The smaller side is 4, 5, 6 or
            7 times a power of two, at least 8, and the larger one a multiple of that power.
        latent: int >= 1, numbers of noise. Defaults to 100, section 4.
        width: int >= 1, channels next to the image; it doubles with every stage away from it.
            Defaults to 64.

    Returns:
        An uncompiled `Adversarial` model, from raw images `(batch, *input_shape)` in [0, 255] to
        the discriminator's logits `(batch, 1)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> model = build((64, 64, 3))
    >>> model.generator.count_params(), model.discriminator.count_params()
    (3578624, 2767360)
    """
    return Adversarial(
        generator(input_shape, latent=latent, width=width),
        discriminator(input_shape, width=width),
        name="dcgan",
    )


def check(input_shape, latent, width):
    """Return how many stages the networks for an image have.

    Raises:
        RecipeError: an argument is out of its range.
    """
    check_whole("dcgan.build", 1, latent=latent, width=width)
    if len(input_shape) != 3 or None in input_shape:
        raise RecipeError(
            "`input_shape` of dcgan.build must be (height, width, channels). "
            f"Received: {input_shape=}."
        )
    sides = tuple(input_shape[:2])
    if not _fits(sides):
        nearest = " or ".join(f"{h}x{w}" for h, w in dict.fromkeys((_below(sides), _above(sides))))
        raise RecipeError(
            "`input_shape` of dcgan.build must have a smaller side of 4, 5, 6 or 7 times a power "
            "of two, at least 8, and a larger one that the same power divides. "
            f"Received: {input_shape=}; resize the images to {nearest}."
        )
    return _num_stages(sides)


def _num_stages(sides):
    return (min(sides) // 4).bit_length() - 1


def _fits(sides):
    return min(sides) >= SMALLEST_SIDE and all(s % (1 << _num_stages(sides)) == 0 for s in sides)


def _below(sides):
    sides = tuple(max(side, SMALLEST_SIDE) for side in sides)
    step = 1 << _num_stages(sides)
    return tuple(side // step * step for side in sides)


def _above(sides):
    sides = tuple(max(side, SMALLEST_SIDE) for side in sides)
    while not _fits(sides):
        step = 1 << _num_stages(sides)
        # Rounding up may reach the next power, which then divides both sides.
        sides = tuple(-(-side // step) * step for side in sides)
    return sides


RECIPES = (
    Recipe(
        name="dcgan_glyphs",
        summary="Draw digits as of many fonts with a small DCGAN, in minutes on a laptop.",
        data="glyphs",
        task=AdversarialGeneration(),
        build=partial(build, width=32),  # a third of the step that the paper's 64 take
        optimizer=partial(keras.optimizers.Adam, beta_1=0.5),  # section 4
        learning_rate=2e-4,  # section 4
        # The paper's rate is constant. Then what is tested is where the game happens to stand at
        # the last move: three seeds came to 4.3, 5.5 and 6.5.
        schedule=cosine,
        callbacks=(AdversarialBalance,),
        batch_size=64,  # half the paper's: more moves for each image
        epochs=3,  # 2,529 moves of each player, about a minute and a half on two cores
        ranges=(OneOf("optimizer.beta_1", (0.0, 0.5, 0.9)),),  # section 4: Adam's 0.9 oscillates
        # Of fonts it has not seen, from which the training images themselves are 3.1 away; of
        # fonts it has seen, 0.7.
        expected=Figure(
            "frechet_distance", 4.6, within=0.6, better="lower", source="measured here"
        ),
        num_parameters=383_616,
    ),
    Recipe(
        name="dcgan_mnist",
        summary="Draw handwritten digits with a DCGAN of the paper's width.",
        data="mnist",
        task=AdversarialGeneration(),
        build=build,
        optimizer=partial(keras.optimizers.Adam, beta_1=0.5),  # section 4
        learning_rate=2e-4,  # section 4
        callbacks=(AdversarialBalance,),
        batch_size=128,  # section 4
        epochs=25,  # the authors' code
        ranges=(OneOf("optimizer.beta_1", (0.0, 0.5, 0.9)),),  # section 4: Adam's 0.9 oscillates
        # The paper measures no distance, and this one is taken in features of our own.
        expected=Figure(
            "frechet_distance",
            1.0,
            within=0.5,
            better="lower",
            source="an estimate, not measured here",
        ),
        num_parameters=898_304,
    ),
    Recipe(
        name="dcgan_cifar10",
        summary="Draw small photographs with a DCGAN of the paper's width.",
        data="cifar10",
        task=AdversarialGeneration(),
        build=build,
        optimizer=partial(keras.optimizers.Adam, beta_1=0.5),  # section 4
        learning_rate=2e-4,  # section 4
        callbacks=(AdversarialBalance,),
        batch_size=128,  # section 4
        epochs=25,  # the authors' code
        ranges=(OneOf("optimizer.beta_1", (0.0, 0.5, 0.9)),),  # section 4: Adam's 0.9 oscillates
        # The paper measures no distance, and this one is taken in features of our own.
        expected=Figure(
            "frechet_distance",
            3.0,
            within=1.0,
            better="lower",
            source="an estimate, not measured here",
        ),
        num_parameters=1_732_224,
    ),
)
