"""Logistic and softmax regression: one layer from features to classes.

Cox 1958, "The regression analysis of binary sequences",
https://doi.org/10.1111/j.2517-6161.1958.tb00292.x, and its extension to several classes: McFadden
1973, "Conditional logit analysis of qualitative choice behavior".

    layer      output        parameters
    flatten    features      0             images only
    dense      classes       (features + 1) * classes

MNIST has 784 features and 10 classes: 7,850 parameters.

Departures from the textbook:

1. Two classes have two logits where Cox has one, so that one task serves any number of classes.
   The odds are the same: the one logit is the difference of the two. A binary model has twice the
   parameters, of which half are redundant.
2. It is fitted by gradient descent on batches, and not by Newton's method on all of the data.
"""

from functools import partial

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..recipe import Figure, Recipe
from ..tasks.classification import Classification


def build(input_shape, num_classes):
    """Return a linear map from features, or from the pixels of an image, to logits.

    Args:
        input_shape: tuple, `(features,)` or `(height, width, channels)`.
        num_classes: int >= 2.

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to logits `(batch, num_classes)`.

    Raises:
        RecipeError: the input has another rank, or there are fewer than two classes.

    >>> build((28, 28, 1), 10).count_params()
    7850
    """
    if len(input_shape) not in (1, 3):
        raise RecipeError(
            "`input_shape` of logistic.build must be (features,) or (height, width, channels). "
            f"Received: {input_shape=}."
        )
    check_at_least("logistic.build", 2, num_classes=num_classes)
    is_image = len(input_shape) == 3
    return keras.Sequential(
        [
            keras.Input(input_shape, name="image" if is_image else "features"),
            *([layers.Flatten(name="flatten")] if is_image else []),
            # From nothing: the loss is convex, so any start will do, and this one begins at ln n.
            layers.Dense(num_classes, kernel_initializer="zeros", name="dense"),
        ],
        name="logistic",
    )


RECIPES = (
    Recipe(
        name="logistic_breast_cancer",
        summary="Logistic regression: malignant or benign from 30 measurements of cells.",
        data="breast_cancer",
        task=Classification(),
        build=build,
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # goes through narrow valleys
        normalize=partial(keras.layers.Normalization, axis=-1),  # areas and ratios differ by 1e5
        learning_rate=0.01,  # the 30 features are collinear: a curvature of about 13
        batch_size=32,  # 13 steps an epoch
        epochs=50,  # 680 steps; further ones only sharpen the odds
        expected=Figure(
            "accuracy", 0.965, within=0.02, source="measured here, mean of three seeds"
        ),
        num_parameters=62,  # two logits of 30 weights and a bias
    ),
    Recipe(
        name="softmax_wine",
        summary="Softmax regression: three growers from 13 chemical measurements.",
        data="wine",
        task=Classification(),
        build=build,
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # goes through narrow valleys
        normalize=partial(keras.layers.Normalization, axis=-1),  # proline is in the thousands
        learning_rate=0.05,  # the features are less collinear than those of cells
        batch_size=16,  # 8 steps an epoch of 136 examples
        epochs=50,  # 400 steps; the classes are separable
        expected=Figure("accuracy", 1.0, within=0.04, source="measured here, mean of three seeds"),
        num_parameters=42,
    ),
    Recipe(
        name="softmax_digits",
        summary="Softmax regression on handwritten digits of 8x8 pixels.",
        data="digits",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # pixels at the rim are rarely inked: steps of their own
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.01,  # ten times Adam's default: the problem is convex
        batch_size=32,  # 42 steps an epoch
        epochs=30,  # 1,260 steps; the validation loss is flat by then
        expected=Figure("accuracy", 0.97, within=0.01, source="measured here, mean of three seeds"),
        num_parameters=650,
    ),
    Recipe(
        name="softmax_mnist",
        summary="Softmax regression on MNIST, the linear baseline.",
        data="mnist",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.RMSprop,  # as the Keras examples on MNIST have it
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # RMSprop's default
        batch_size=128,  # as the Keras examples
        epochs=20,  # as the Keras examples
        expected=Figure("accuracy", 0.92, within=0.003, source="Lightning Bolts documentation"),
        num_parameters=7_850,
    ),
)
