"""Linear regression: a line, or a plane, by gradient descent.

Legendre 1805, "Nouvelles méthodes pour la détermination des orbites des comètes", appendix: least
squares. Huber 1964, "Robust estimation of a location parameter",
https://doi.org/10.1214/aoms/1177703732: the loss between squares and absolute values.

    layer    output    parameters
    dense    1         features + 1

The task reports the coefficients found beside those of the closed form.

Departures from the textbook:

1. The coefficients are found by gradient descent and not in closed form, which serves squares
   alone: all three losses share this file.
2. Features are standardised in front of the plane (not for the line), since gradient descent is
   slow along directions of small variance.
"""

from functools import partial

import keras
from keras import layers

from ..errors import RecipeError, check_at_least
from ..recipe import Figure, Recipe
from ..schedules import exponential
from ..tasks.linear_regression import LinearRegression


def build(input_shape, num_outputs):
    """Return a linear map of the features.

    Args:
        input_shape: tuple, `(features,)`.
        num_outputs: int >= 1, values an example.

    Returns:
        An uncompiled `keras.Model` from `(batch, features)` to `(batch, num_outputs)`.

    Raises:
        RecipeError: the input is not a row of features, or `num_outputs` is below 1.

    >>> build((10,), 1).count_params()
    11
    """
    if len(input_shape) != 1:
        raise RecipeError(
            f"`input_shape` of linear.build must be (features,). Received: {input_shape=}."
        )
    check_at_least("linear.build", 1, num_outputs=num_outputs)
    return keras.Sequential(
        [
            keras.Input(input_shape, name="features"),
            layers.Dense(num_outputs, name="dense"),
        ],
        name="linear",
    )


RECIPES = (
    Recipe(
        name="linear_line",
        summary="A line through noisy points: finds slope 2 and intercept -1.",
        data="line",
        task=LinearRegression(),
        build=build,
        optimizer=keras.optimizers.SGD,
        learning_rate=0.1,  # stable below 1, the inverse of the largest curvature over 2
        batch_size=32,  # the noise of the batches stays below that of the points
        epochs=20,  # 560 steps shrink the slope's first error by (1 - 0.2 / 3)^560, to nothing
        # The variance of the points' noise, 0.02^2, which no line can explain.
        expected=Figure("mse", 4e-4, within=1e-4, better="lower", source="the noise of the data"),
        num_parameters=2,
    ),
    Recipe(
        name="linear_diabetes",
        summary="Least squares (L2) on 442 patients, beside the closed form.",
        data="diabetes",
        task=LinearRegression(loss="mse"),
        build=build,
        # s1 to s5 are nearly collinear: the smallest eigenvalue of the features is 0.009, and the
        # coefficients in its direction would take 20,000 steps without momentum.
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),
        normalize=partial(keras.layers.Normalization, axis=-1),  # ages and blood values differ
        learning_rate=0.05,  # stable below 0.25, the inverse of the largest eigenvalue, 4.0
        schedule=partial(exponential, decay_rate=0.985),  # ends at 0.011 of it: the noise dies out
        batch_size=32,  # ten steps an epoch
        epochs=300,  # 3,000 steps bring the slowest direction to half a hundredth
        expected=Figure("r2", 0.53, within=0.01, source="least squares on the same split"),
        num_parameters=11,
    ),
    Recipe(
        name="linear_diabetes_l1",
        summary="Least absolute deviations (L1) on 442 patients.",
        data="diabetes",
        task=LinearRegression(loss="mae"),
        build=build,
        optimizer=keras.optimizers.SGD,  # signs need no momentum
        normalize=partial(keras.layers.Normalization, axis=-1),  # ages and blood values differ
        learning_rate=2.0,  # a gradient of L1 is a sign: the intercept has 150 units to go
        schedule=partial(exponential, decay_rate=0.98),  # or the signs keep it shaking
        batch_size=32,  # ten steps an epoch
        epochs=200,  # further ones move no prediction by more than the noise
        expected=Figure(
            "mae", 45.5, within=0.5, better="lower", source="measured here, mean of two seeds"
        ),
        num_parameters=11,
    ),
    Recipe(
        name="linear_diabetes_huber",
        summary="Huber's loss on 442 patients: squares near the plane, absolute values far off.",
        data="diabetes",
        # 1.345 deviations of the residuals, 54: 95 % as efficient as squares on normal noise.
        task=LinearRegression(loss="huber", delta=73.0),
        build=build,
        optimizer=partial(keras.optimizers.SGD, momentum=0.9),  # as for L2
        normalize=partial(keras.layers.Normalization, axis=-1),  # ages and blood values differ
        learning_rate=0.1,  # Keras's Huber is half the square, so twice that of L2
        schedule=partial(exponential, decay_rate=0.985),  # as for L2
        batch_size=32,  # ten steps an epoch
        epochs=300,  # as for L2, to compare
        expected=Figure(
            "mae", 44.8, within=0.5, better="lower", source="measured here, mean of two seeds"
        ),
        num_parameters=11,
    ),
)
