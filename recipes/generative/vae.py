"""The variational autoencoder: codes that images can be drawn from.

Kingma and Welling 2014, "Auto-encoding variational Bayes", ICLR, https://arxiv.org/abs/1312.6114.
The larger setting is that of Burda, Grosse and Salakhutdinov 2016, "Importance weighted
autoencoders", ICLR, https://arxiv.org/abs/1509.00519, table 1, VAE with one stochastic layer.

Each encoder takes raw images, bytes in [0, 255]; `scale` divides by 255. On 28x28x1 with `code=50`
and `hidden=(200, 200)`, Burda's:

    encoder         output     parameters        decoder     output     parameters
    flatten         784        0                 hidden3     200        10,200       tanh
    hidden1         200        157,000  tanh     hidden4     200        40,200       tanh
    hidden2         200        40,200   tanh     pixels      784        157,584
    mean            50         10,050            image       28x28x1    0
    log_variance    50         10,050
    total                      425,284

The prior is N(0, I), and q(z | x) a normal distribution with a diagonal covariance. The decoder's
is said by `pixels`:

- "drawn": Bernoulli, of black and white pixels that are white with the probability of their grey
  value, drawn anew at each step, as Burda et al. do (section 5). The decoder gives
  log-odds.
- "threshold": Bernoulli, of pixels that are white from 128 on.
- "grey": Gaussian, of the grey values on [0, 1]; the decoder gives means through a sigmoid (Kingma,
  appendix C.2), and one deviation is learned for all pixels, one parameter more. Its likelihood is
  a density: its nats are comparable with those of a Gaussian alone, and may be negative.

Departures from the papers:

1. Kingma's Gaussian decoder has a deviation for each pixel of each image. One for all is what keeps
   pixels that never change from an infinite density.
2. Kingma's networks have one hidden layer and Adagrad; Adam is what everybody has taken since.
3. Weights begin after Glorot and Bengio 2010, as Burda's; Kingma's at N(0, 0.01).
"""

from functools import partial

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..models.variational_autoencoder import VariationalAutoencoder
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine, piecewise
from ..tasks.variational import Variational


def build(input_shape, *, code=2, hidden=(500,), activation="tanh", pixels="drawn"):
    """Return a variational autoencoder of images.

    Args:
        input_shape: tuple, `(height, width, channels)`.
        code: int >= 1, values of a code. Defaults to 2.
        hidden: tuple of int >= 1, units of the encoder's hidden layers; the decoder has them in
            the order turned round. Defaults to (500,), the paper's.
        activation: str, a Keras activation, of the hidden layers. Defaults to "tanh", the paper's.
        pixels: "drawn", "threshold" or "grey", see above. Defaults to "drawn".

    Returns:
        An uncompiled `VariationalAutoencoder` from raw images `(batch, *input_shape)` in [0, 255]
        to the expected pixels of the same shape in [0, 1].

    Raises:
        RecipeError: an argument is out of its range.

    >>> build((28, 28, 1), code=50, hidden=(200, 200)).count_params()
    425284
    """
    if len(input_shape) != 3 or None in input_shape or min(input_shape) < 1:
        raise RecipeError(
            "`input_shape` of vae.build must be (height, width, channels). "
            f"Received: {input_shape=}."
        )
    check_at_least("vae.build", 1, code=code)
    if not hidden or min(hidden) < 1:
        raise RecipeError(
            "`hidden` of vae.build must be a tuple of at least one number of units, each at least "
            f"1. Received: {hidden=}."
        )
    image = keras.Input(input_shape, dtype="uint8", name="image")  # 28x28x1
    flat = layers.Rescaling(1 / 255, name="scale")(image)  # bytes to [0, 1]
    flat = layers.Flatten(name="flatten")(flat)  # 784
    inner = chain(flat, hidden, activation, first=1)  # 200
    posterior = {
        "mean": layers.Dense(code, name="mean")(inner),  # 50
        "log_variance": layers.Dense(code, name="log_variance")(inner),  # 50
    }
    drawn = keras.Input((code,), name="code")  # 50
    outputs = layers.Dense(
        flat.shape[-1], activation="sigmoid" if pixels == "grey" else None, name="pixels"
    )(chain(drawn, hidden[::-1], activation, first=len(hidden) + 1))  # 784
    outputs = layers.Reshape(input_shape, name="image")(outputs)  # 28x28x1
    return VariationalAutoencoder(
        keras.Model(image, posterior, name="encoder"),
        keras.Model(drawn, outputs, name="decoder"),
        pixels=pixels,
        name="vae",
    )


def chain(inner, hidden, activation, first):
    """Return the last of a chain of hidden layers: `(batch, units)` to `(batch, hidden[-1])`."""
    for number, units in enumerate(hidden, start=first):
        inner = layers.Dense(units, activation=activation, name=f"hidden{number}")(inner)
    return inner


RECIPES = (
    Recipe(
        name="vae_digits",
        summary="A variational autoencoder of handwritten digits with a code in the plane.",
        data="digits",
        task=Variational(),
        # Two values, so that all codes can be shown; grey, as 64 pixels of 17 greys are.
        build=partial(build, code=2, hidden=(200,), pixels="grey"),
        optimizer=keras.optimizers.Adam,  # departure 2
        learning_rate=0.002,  # twice Adam's default: a small network takes it
        schedule=cosine,  # so that the last epochs settle
        batch_size=64,  # 21 steps an epoch
        epochs=200,  # 20 seconds on two cores; the bound hardly moves any more
        # A density of pixels in [0, 1], so the nats may be below 0.
        expected=Figure("nll", -7.8, within=1.0, better="lower", source="measured here"),
        num_parameters=27_269,
    ),
    Recipe(
        name="vae_glyphs",
        summary="A variational autoencoder of digits of fonts, 20 values an image.",
        data="glyphs",
        task=Variational(),
        # White from 128 on: the glyphs' grey noise would cost more nats than their shapes.
        build=partial(build, code=20, hidden=(400,), pixels="threshold"),
        optimizer=keras.optimizers.Adam,  # departure 2
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epochs settle
        batch_size=128,  # Kingma's 100, rounded to what processors like
        epochs=20,  # about a minute on two cores
        ranges=(OneOf("build.code", (5, 10, 20, 40)),),  # figure 2 of the paper has 3 to 200
        expected=Figure("nll", 83.2, within=1.0, better="lower", source="measured here"),
        num_parameters=652_824,
    ),
    Recipe(
        name="vae_mnist",
        summary="The variational autoencoder of Burda et al. on MNIST, binarised anew each step.",
        data="mnist",
        task=Variational(num_samples=5000),  # section 5
        build=partial(build, code=50, hidden=(200, 200)),  # section 5, one stochastic layer
        optimizer=partial(keras.optimizers.Adam, epsilon=1e-4),  # section 5
        learning_rate=0.001,  # section 5
        # 3^i passes at 0.001 * 10^(-i / 7) for i from 0 to 7, section 5.
        schedule=partial(
            piecewise,
            boundaries=tuple((3**i - 1) // 2 for i in range(1, 8)),
            factors=tuple(10 ** (-i / 7) for i in range(8)),
        ),
        batch_size=20,  # section 5
        epochs=3280,  # 1 + 3 + 9 + ... + 3^7
        ranges=(OneOf("build.code", (25, 50, 100)),),  # round Burda's 50
        # Table 1, VAE, k = 1, one stochastic layer; a public reimplementation, nbip/IWAE,
        # has 87.75. Both train on 60,000 images; the validation split takes some of them here.
        expected=Figure("nll", 86.76, within=1.0, better="lower", source="Burda et al. 2016"),
        num_parameters=425_284,
    ),
)
