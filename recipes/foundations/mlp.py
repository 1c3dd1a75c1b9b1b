"""Multilayer perceptron: dense layers with dropout between them.

Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors",
https://doi.org/10.1038/323533a0. Srivastava et al. 2014, "Dropout: a simple way to prevent neural
networks from overfitting", https://jmlr.org/papers/v15/srivastava14a.html.

On MNIST, with the hidden layers of the Keras example:

    layer      output    parameters
    flatten    784       0             images only
    dense1     512       401,920
    dropout1   512       0
    dense2     512       262,656
    dropout2   512       0
    logits     10        5,130
    total                669,706

Departures from the papers:

1. Rectifiers in place of the logistic function of 1986: deep stacks train faster with them.
2. Hidden units are dropped with the rate of the Keras example, 0.2, and inputs are not dropped;
   Srivastava et al. use 0.5 and 0.2, for layers four times as wide.
"""

from functools import partial

import keras
from keras import layers

from ...callbacks import EarlyStopping
from ..errors import RecipeError, check_at_least
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.classification import Classification
from ..tasks.regression import Regression


def build(input_shape, num_classes, *, hidden=(512, 512), dropout=0.2, activation="relu"):
    """Return a chain of dense layers from features, or from pixels, to logits.

    Args:
        input_shape: tuple, `(features,)` or `(height, width, channels)`.
        num_classes: int >= 1, logits or values an example; 1 for regression.
        hidden: tuple of int >= 1, the units of each hidden layer. Defaults to (512, 512).
        dropout: float in [0, 1), the share of hidden units dropped in training; 0 leaves the
            dropout layers out. Defaults to 0.2.
        activation: str, the name of a Keras activation. Defaults to "relu".

    Returns:
        An uncompiled `keras.Model` from `(batch, *input_shape)` to `(batch, num_classes)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build((28, 28, 1), 10).count_params()
    669706
    """
    if len(input_shape) not in (1, 3):
        raise RecipeError(
            "`input_shape` of mlp.build must be (features,) or (height, width, channels). "
            f"Received: {input_shape=}."
        )
    check_at_least("mlp.build", 1, num_classes=num_classes)
    if not hidden or min(hidden) < 1:
        raise RecipeError(
            f"`hidden` of mlp.build must be a tuple of units, each at least 1. Received: {hidden=}."
        )
    if not 0 <= dropout < 1:
        raise RecipeError(
            f"`dropout` of mlp.build must be at least 0 and below 1. Received: {dropout=}."
        )
    is_image = len(input_shape) == 3
    model = keras.Sequential(name="mlp")
    model.add(keras.Input(input_shape, name="image" if is_image else "features"))
    if is_image:
        model.add(layers.Flatten(name="flatten"))
    for number, units in enumerate(hidden, start=1):
        model.add(layers.Dense(units, activation=activation, name=f"dense{number}"))
        if dropout:
            model.add(layers.Dropout(dropout, name=f"dropout{number}"))
    model.add(layers.Dense(num_classes, name="logits"))
    return model


RECIPES = (
    Recipe(
        name="mlp_digits",
        summary="Two hidden layers on handwritten digits of 8x8 pixels.",
        data="digits",
        task=Classification(),
        build=partial(build, hidden=(128, 64)),  # 512 units for 64 pixels only take longer
        optimizer=keras.optimizers.Adam,  # no tuning needed at this size
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        batch_size=32,  # 42 steps an epoch
        epochs=40,  # 1,680 steps; the validation accuracy is flat by then
        expected=Figure("accuracy", 0.97, within=0.01, source="measured here, mean of three seeds"),
        num_parameters=17_226,
    ),
    Recipe(
        name="mlp_mnist",
        summary="The MLP of the Keras example: 784-512-512-10 with dropout.",
        data="mnist",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.RMSprop,  # the example's
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # RMSprop's default, the example's
        batch_size=128,  # the example's
        epochs=20,  # the example's
        expected=Figure("accuracy", 0.984, within=0.003, source="Keras example mnist_mlp"),
        num_parameters=669_706,
    ),
    Recipe(
        name="mlp_fashion_mnist",
        summary="Three hidden layers on Fashion-MNIST: 784-256-128-64-10.",
        data="fashion_mnist",
        task=Classification(),
        build=partial(build, hidden=(256, 128, 64)),  # of the data set's README
        optimizer=keras.optimizers.Adam,  # the README does not say
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        batch_size=128,  # as on MNIST
        epochs=40,  # clothes take longer than digits; early stopping ends it where it is enough
        callbacks=(
            # 40 epochs are more than it needs; the best of them is kept.
            partial(EarlyStopping, monitor="val_accuracy", patience=10, restore_best_weights=True),
        ),
        expected=Figure("accuracy", 0.9, within=0.005, source="README of Fashion-MNIST"),
        num_parameters=242_762,
    ),
    Recipe(
        name="mlp_glyphs",
        summary="The MLP of the Keras example on digits of fonts it has not seen.",
        data="glyphs",
        task=Classification(),
        build=build,
        optimizer=keras.optimizers.Adam,  # no tuning needed at this size
        normalize=partial(keras.layers.Rescaling, scale=1 / 255),  # bytes to [0, 1]
        learning_rate=0.001,  # Adam's default
        schedule=cosine,  # so that the last epoch settles
        batch_size=128,  # as on MNIST
        epochs=5,  # the training accuracy is above 99.9 % by then; what is left is new fonts
        expected=Figure("accuracy", 0.93, within=0.015, source="measured here, one seed"),
        num_parameters=669_706,
    ),
    Recipe(
        name="mlp_diabetes",
        summary="One hidden layer on 442 patients, which does not beat the plane.",
        data="diabetes",
        task=Regression(),
        # Half of the units dropped: without, R2 differs by 0.1 from seed to seed.
        build=partial(build, hidden=(64,), dropout=0.5),
        optimizer=keras.optimizers.Adam,  # the outputs are in the hundreds, the weights are not
        normalize=partial(keras.layers.Normalization, axis=-1),  # ages and blood values differ
        learning_rate=0.003,  # three times the default: outputs have 150 units to go
        batch_size=32,  # ten steps an epoch
        epochs=200,  # early stopping ends it
        callbacks=(
            # 338 patients are learnt by heart in the end.
            partial(EarlyStopping, monitor="val_mse", patience=20, restore_best_weights=True),
        ),
        expected=Figure("r2", 0.44, within=0.05, source="measured here, mean of three seeds"),
        num_parameters=769,
    ),
)
