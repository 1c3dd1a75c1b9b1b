"""DDPM: a U-Net that sees how far an image is drowned in noise, and says which noise it was.

Ho, Jain and Abbeel 2020, "Denoising diffusion probabilistic models",
https://arxiv.org/abs/2006.11239, appendix B, and the code that it names,
https://github.com/hojonathanho/diffusion. Sampling in few steps: Song, Meng and Ermon 2021,
"Denoising diffusion implicit models", https://arxiv.org/abs/2010.02502.

On 32x32x3 with a width of 128 (R: a residual block, A: attention of all pixels to all pixels):

    layers               output       parameters
    time1, time2         512          66,048 + 262,656    after sines and cosines, 128 numbers
    conv_in              32x32x128    3,584
    down1   R R          32x32x128    722,688
    down1_half           16x16x128    147,584             3x3, stride 2
    down2   RA RA        16x16x256    2,890,240
    down2_half           8x8x256      590,080
    down3   R R          8x8x256      2,625,024
    down3_half           4x4x256      590,080
    down4   R R          4x4x256      2,625,024
    middle  RAR          4x4x256      2,888,704
    up4     R R R        4x4x256      6,102,528
    up4_double           8x8x256      590,080             nearest pixels, then 3x3
    up3     R R R        8x8x256      6,102,528
    up3_double           16x16x256    590,080
    up2     RA RA RA     16x16x256    6,565,632
    up2_double           32x32x256    590,080
    up1     R R R        32x32x128    1,789,952
    norm_out, conv_out   32x32x3      256 + 3,459
    total                             35,746,307

A residual block is norm1, swish, conv1 (3x3), plus a linear map of the swish of the time, norm2,
swish, dropout, conv2 (3x3), plus the block's input, through a 1x1 convolution where the number of
channels changes. Each `up` block sees, beside what comes from below, what one layer of the way
down gave. On 256x256x3, with multipliers (1, 1, 2, 2, 4, 4), there are 113,673,219 parameters.

Departures from the paper:

1. Query, key and value are one linear map of three times the size: the same numbers in one product.
2. Weights that the code draws 1e10 times smaller than others begin as 0.
3. The code's sampler knows one variance at a time; see `recipes.models.denoising` for both.
4. `ddpm_digits` is a fifth of the width, normalises in fewer groups, and takes a hundredth of
   the training: a class hour and not a week.
5. `ddpm_cifar10` is trained as in the paper, and its samples are measured in 20 implicit steps, not
   1000 ancestral ones: a fiftieth of the work.
"""

from functools import partial

import keras
from keras import layers

from ..data.augment import flip
from ..errors import RecipeError, check_at_least
from ..layers import PixelAttention, TimeEmbedding
from ..ranges import Between, OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine, warmup
from ..tasks.diffusion import DenoisingDiffusion


def residual_block(hidden, time, num_channels, groups, dropout, name):
    """Return two 3x3 convolutions that are told the time, plus their input.

    Args:
        hidden: tensor `(batch, height, width, channels)`.
        time: tensor `(batch, 4 * width)`.
        num_channels: int, channels of the output.
        groups: int, of the normalisations.
        dropout: float in [0, 1).
        name: str, what the names of the layers begin with.

    Returns:
        A tensor `(batch, height, width, num_channels)`.
    """
    shortcut = hidden
    if hidden.shape[-1] != num_channels:
        shortcut = layers.Dense(num_channels, name=f"{name}_shortcut")(hidden)
    hidden = normalized(hidden, groups, f"{name}_norm1")
    hidden = layers.Conv2D(num_channels, 3, padding="same", name=f"{name}_conv1")(hidden)
    time = layers.Dense(num_channels, name=f"{name}_time")(time)
    time = layers.Reshape((1, 1, num_channels), name=f"{name}_reshape")(time)
    hidden = layers.Add(name=f"{name}_add_time")([hidden, time])
    hidden = normalized(hidden, groups, f"{name}_norm2")
    if dropout:
        hidden = layers.Dropout(dropout, name=f"{name}_dropout")(hidden)
    hidden = layers.Conv2D(
        num_channels,
        3,
        padding="same",
        kernel_initializer="zeros",  # a block begins as its shortcut
        name=f"{name}_conv2",
    )(hidden)
    return layers.Add(name=f"{name}_add")([hidden, shortcut])


def normalized(hidden, groups, name):
    """Return swish of the group-normalised tensor, of the same shape."""
    hidden = layers.GroupNormalization(groups, epsilon=1e-6, name=name)(hidden)
    return layers.Activation("swish", name=f"{name}_swish")(hidden)


def build(
    input_shape,
    *,
    width=128,
    multipliers=(1, 2, 2, 2),
    attention=(16,),
    num_blocks=2,
    dropout=0.1,
    groups=32,
):
    """Return the network that predicts noise.

    Args:
        input_shape: tuple, `(height, width, channels)`; sides that halve without a rest, once for
            each level but the first.
        width: int, a multiple of `groups`, of 4 at least: channels of the first level.
        multipliers: tuple of int >= 1, channels of each level in widths.
        attention: tuple of int, the heights of feature maps whose pixels attend to each other;
            those of the middle do anyway. Defaults to (16,).
        num_blocks: int >= 1, residual blocks of a level on the way down; one more on the way up.
            Defaults to 2.
        dropout: float in [0, 1). Defaults to 0.1.
        groups: int >= 1, of the normalisations. Defaults to 32.

    Returns:
        An uncompiled `keras.Model` from `{"image": (batch, *input_shape), "time": (batch,)}`, noisy
        images in [-1, 1] and steps from 0 on, to the noise in them, `(batch, *input_shape)`.

    Raises:
        RecipeError: an argument is out of its range.
    """
    check(input_shape, width, multipliers, num_blocks, dropout, groups)
    block = partial(residual_block, groups=groups, dropout=dropout)
    image = keras.Input(input_shape, name="image")  # 32x32x3
    step = keras.Input((), dtype="int32", name="time")
    time = TimeEmbedding(width, name="waves")(step)  # 128
    time = layers.Dense(4 * width, activation="swish", name="time1")(time)  # 512
    time = layers.Dense(4 * width, activation="swish", name="time2")(time)  # 512

    def level(hidden, number, what, name):
        hidden = block(hidden, time, multipliers[number - 1] * width, name=f"{what}{number}_{name}")
        if hidden.shape[1] in attention:
            hidden = PixelAttention(groups, name=f"{what}{number}_{name}_attention")(hidden)
        return hidden

    hidden = layers.Conv2D(width, 3, padding="same", name="conv_in")(image)  # 32x32x128
    passed = [hidden]
    num_levels = len(multipliers)
    for number in range(1, num_levels + 1):  # 32x32x128, 16x16x256, 8x8x256, 4x4x256
        for name in range(1, num_blocks + 1):
            hidden = level(hidden, number, "down", f"block{name}")
            passed.append(hidden)
        if number < num_levels:
            hidden = layers.Conv2D(
                hidden.shape[-1], 3, strides=2, padding="same", name=f"down{number}_half"
            )(hidden)
            passed.append(hidden)
    num_channels = hidden.shape[-1]
    hidden = block(hidden, time, num_channels, name="middle_block1")
    hidden = PixelAttention(groups, name="middle_attention")(hidden)
    hidden = block(hidden, time, num_channels, name="middle_block2")
    for number in range(num_levels, 0, -1):  # 4x4x256, 8x8x256, 16x16x256, 32x32x128
        for name in range(1, num_blocks + 2):
            joined = layers.Concatenate(name=f"up{number}_join{name}")([hidden, passed.pop()])
            hidden = level(joined, number, "up", f"block{name}")
        if number > 1:
            hidden = layers.UpSampling2D(name=f"up{number}_nearest")(hidden)
            hidden = layers.Conv2D(hidden.shape[-1], 3, padding="same", name=f"up{number}_double")(
                hidden
            )
    hidden = normalized(hidden, groups, "norm_out")
    noise = layers.Conv2D(
        input_shape[-1],
        3,
        padding="same",
        kernel_initializer="zeros",  # so that the loss begins at 1, the variance of the noise
        dtype="float32",
        name="conv_out",
    )(hidden)  # 32x32x3
    return keras.Model({"image": image, "time": step}, noise, name="unet")


def check(input_shape, width, multipliers, num_blocks, dropout, groups):
    """Raise a `RecipeError` where an argument of `build` is out of its range."""
    if not multipliers or min(multipliers) < 1:
        raise RecipeError(
            f"`multipliers` of ddpm.build must be whole numbers above 0. Received: {multipliers=}."
        )
    divisor = 2 ** (len(multipliers) - 1)
    if len(input_shape) != 3 or None in input_shape or min(input_shape) < 1:
        raise RecipeError(
            "`input_shape` of ddpm.build must be (height, width, channels). "
            f"Received: {input_shape=}."
        )
    if any(side % divisor for side in input_shape[:2]):
        near = tuple(max(1, round(side / divisor)) * divisor for side in input_shape[:2])
        raise RecipeError(
            f"`input_shape` of ddpm.build must have sides that {divisor} divides, for "
            f"{len(multipliers)} levels; the nearest are {near[0]} and {near[1]}. "
            f"Received: {input_shape=}."
        )
    if groups < 1 or width % groups or width % 2 or width < 4:
        raise RecipeError(
            f"`width` of ddpm.build must be even, at least 4, and a multiple of the {groups} "
            f"groups. Received: {width=}."
        )
    check_at_least("ddpm.build", 1, num_blocks=num_blocks)
    if not 0 <= dropout < 1:
        raise RecipeError(f"`dropout` of ddpm.build must be in [0, 1). Received: {dropout=}.")


RECIPES = (
    Recipe(
        name="ddpm_digits",
        summary="A small DDPM on 8x8 digits, in two minutes on a laptop.",
        data="digits",
        # The average looks back 100 steps, where the paper's looks back 10,000 of its 800,000.
        # Samples take seconds in 50 steps, and minutes in 1000.
        task=DenoisingDiffusion(
            schedule="cosine", decay=0.99, sampling_steps=50, compared_steps=(5, 10, 20, 50)
        ),
        # Two levels for 8 pixels, one block on each, a fifth of the width, and groups of three
        # channels. No dropout: what little is drawn wrong here is not learned by heart.
        build=partial(
            build,
            width=24,
            multipliers=(1, 2),
            attention=(4,),
            num_blocks=1,
            dropout=0.0,
            groups=8,
        ),
        optimizer=partial(keras.optimizers.Adam, global_clipnorm=1.0),  # the authors' code
        learning_rate=2e-3,  # ten times the paper's, for a network of a fifth of the width
        schedule=cosine,  # a short run must settle at its end
        batch_size=64,  # half the paper's: more steps of 1,374 images
        epochs=60,  # 1,260 steps
        # Multiples of the 8 groups; and dropout, of which appendix B tries 0.1 to 0.4.
        ranges=(
            OneOf("build.width", (16, 24, 32)),
            Between("build.dropout", 0.0, 0.4),
        ),
        expected=Figure(
            "frechet_distance", 0.6, within=0.2, better="lower", source="measured here"
        ),
        num_parameters=395_641,
    ),
    Recipe(
        name="ddpm_cifar10",
        summary="DDPM on CIFAR-10, the paper's own setting: weeks without accelerators.",
        data="cifar10",
        # Section 4: linear, 1e-4 to 0.02 in 1000 steps; decay 0.9999. Samples are measured with
        # DDIM in 20 steps (Song et al., table 1: FID 6.84, and 4.04 in 1000), departure 5.
        task=DenoisingDiffusion(sampler="implicit", sampling_steps=20),
        build=build,  # appendix B
        optimizer=partial(keras.optimizers.Adam, global_clipnorm=1.0),  # the authors' code
        augment=(flip(),),  # appendix B
        learning_rate=2e-4,  # appendix B
        schedule=partial(warmup, warmup_epochs=5000 / 351),  # 5,000 steps, the authors' code
        batch_size=128,  # appendix B
        epochs=2279,  # 800k steps, appendix B, over 45,000 images
        ranges=(Between("build.dropout", 0.0, 0.4),),  # appendix B tries 0.1 to 0.4
        # The paper's FID of 3.17 is in the features of another network; it prints no loss.
        expected=Figure(
            "loss", 0.03, within=0.005, better="lower", source="an estimate, not measured here"
        ),
        num_parameters=35_746_307,
    ),
)
