"""A small convolutional network with dropout, as the Keras examples have it.

Chollet and others 2015, "mnist_cnn.py", and 2020, "Simple MNIST convnet",
https://keras.io/examples/vision/mnist_convnet/. Dropout: Srivastava et al. 2014, "Dropout: a simple
way to prevent neural networks from overfitting",
https://jmlr.org/papers/v15/srivastava14a.html.

`variant="2020"`, on 28x28x1:

    layer       output        parameters
    conv1       26x26x32      320           3x3; rectifier, here and behind conv2
    pool1       13x13x32      0             maximum
    conv2       11x11x64      18,496        3x3
    pool2       5x5x64        0             maximum
    flatten     1600          0
    dropout     1600          0             0.5
    logits      10            16,010
    total                     34,826

`variant="2015"`, on 28x28x1, of which the figure of 99.25 % on MNIST is:

    layer       output        parameters
    conv1       26x26x32      320           3x3; rectifier, here and behind conv2 and dense
    conv2       24x24x64      18,496        3x3
    pool2       12x12x64      0             maximum
    dropout1    12x12x64      0             0.25
    flatten     9216          0
    dense       128           1,179,776
    dropout2    128           0             0.5
    logits      10            1,290
    total                     1,199,882

Departures from the examples:

1. The model ends in logits; the softmax is in the loss, where it is exact for large logits.
2. `padding="same"` is offered, since images below 10x10 leave nothing behind two valid
   convolutions and two poolings.
"""

from functools import partial

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.classification import Classification

# The smallest side that leaves a pixel in front of `flatten`.
SMALLEST_SIDE = {
    ("2015", "valid"): 6,
    ("2015", "same"): 2,
    ("2020", "valid"): 10,
    ("2020", "same"): 4,
}


def layers_2015(num_classes, padding):
    """Return the layers of the first example; the shapes are those of a 28x28 image."""
    return [
        layers.Conv2D(32, 3, padding=padding, activation="relu", name="conv1"),  # 26x26x32
        layers.Conv2D(64, 3, padding=padding, activation="relu", name="conv2"),  # 24x24x64
        layers.MaxPooling2D(name="pool2"),  # 12x12x64
        layers.Dropout(0.25, name="dropout1"),
        layers.Flatten(name="flatten"),  # 9216
        layers.Dense(128, activation="relu", name="dense"),  # 128
        layers.Dropout(0.5, name="dropout2"),
        layers.Dense(num_classes, name="logits"),  # classes
    ]


def layers_2020(num_classes, padding):
    """Return the layers of today's example; the shapes are those of a 28x28 image."""
    return [
        layers.Conv2D(32, 3, padding=padding, activation="relu", name="conv1"),  # 26x26x32
        layers.MaxPooling2D(name="pool1"),  # 13x13x32
        layers.Conv2D(64, 3, padding=padding, activation="relu", name="conv2"),  # 11x11x64
        layers.MaxPooling2D(name="pool2"),  # 5x5x64
        layers.Flatten(name="flatten"),  # 1600
        layers.Dropout(0.5, name="dropout"),
        layers.Dense(num_classes, name="logits"),  # classes
    ]


def build(input_shape, num_classes, *, variant="2020", padding="valid"):
    """Return a small convolutional network.

    Args:
        input_shape: tuple, `(height, width, channels)`.
        num_classes: int >= 2.
        variant: "2020", or "2015" for the wider one. Defaults to "2020".
        padding: "valid" or "same", of both convolutions. Defaults to "valid".

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range, or the image is too small for the variant.

    >>> build((28, 28, 1), 10).count_params()
    34826
    """
    if variant not in ("2015", "2020"):
        raise RecipeError(f"`variant` of cnn.build must be '2015' or '2020'. Received: {variant=}.")
    if padding not in ("valid", "same"):
        raise RecipeError(
            f"`padding` of cnn.build must be 'valid' or 'same'. Received: {padding=}."
        )
    check_at_least("cnn.build", 2, num_classes=num_classes)
    smallest = SMALLEST_SIDE[variant, padding]
    if len(input_shape) != 3 or None in input_shape or min(input_shape[:2]) < smallest:
        raise RecipeError(
            "`input_shape` of cnn.build must be (height, width, channels) with sides of at least "
            f"{smallest} for variant={variant!r} and padding={padding!r}. "
            f"Received: {input_shape=}."
        )
    chain = layers_2015 if variant == "2015" else layers_2020
    return keras.Sequential(
        [keras.Input(input_shape, name="image"), *chain(num_classes, padding)], name="cnn"
    )


RECIPES = (
    Recipe(
        name="cnn_digits",
        summary="Two convolutions with dropout on handwritten digits of 8x8 pixels.",
        data="digits",
        task=Classification(),
        build=partial(build, padding="same"),  # 8 pixels are too few for valid convolutions
        optimizer=keras.optimizers.Adam,  # the example's
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        batch_size=32,  # 42 steps an epoch
        epochs=30,  # 6 seconds on two cores; the validation accuracy is flat by then
        ranges=(OneOf("build.variant", ("2015", "2020")),),  # both examples
        expected=Figure(
            "accuracy", 0.981, within=0.01, source="measured here, mean of three seeds"
        ),
        num_parameters=21_386,
    ),
    Recipe(
        name="cnn_glyphs",
        summary="Two convolutions with dropout on digits of fonts it has not seen.",
        data="glyphs",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # the example's
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epoch settles
        batch_size=128,  # the example's
        epochs=4,  # the training accuracy is above 99 % by then; what is left is new fonts
        ranges=(OneOf("build.variant", ("2015", "2020")),),  # both examples
        expected=Figure("accuracy", 0.94, within=0.015, source="measured here, one seed"),
        num_parameters=34_826,
    ),
    Recipe(
        name="cnn_mnist",
        summary="The convolutional network of the first Keras example on MNIST.",
        data="mnist",
        task=Classification(),
        build=partial(build, variant="2015"),  # the figure is of this one
        optimizer=keras.optimizers.Adadelta,  # the example's
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        # Adadelta's own unit, which was Keras's default when the example was written; 0.001, the
        # default today, leaves it untrained.
        learning_rate=1.0,
        batch_size=128,  # the example's
        epochs=12,  # the example's
        ranges=(OneOf("build.variant", ("2015", "2020")),),  # both examples
        expected=Figure("accuracy", 0.9925, within=0.002, source="Keras example mnist_cnn"),
        num_parameters=1_199_882,
    ),
    Recipe(
        name="cnn_fashion_mnist",
        summary="Two convolutions with dropout on Fashion-MNIST.",
        data="fashion_mnist",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # the example's
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epochs settle
        batch_size=128,  # the example's
        epochs=15,  # the example's
        ranges=(OneOf("build.variant", ("2015", "2020")),),  # both examples
        # The README lists networks with two convolutions from 0.876 to 0.925.
        expected=Figure("accuracy", 0.90, within=0.01, source="README of Fashion-MNIST"),
        num_parameters=34_826,
    ),
)
