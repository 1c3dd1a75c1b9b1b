"""The matrix: what is trained under every strategy, and which numbers come of it.

Shared by the tests and by the workers that they start; a cell is a function that returns a `Cell`.
"""

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from kerasrecipes.recipes import distribute, losses, metrics
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.generative import dcgan, vae
from kerasrecipes.recipes.layers import BatchNormalization, MaskingNoise, SparsityPenalty
from kerasrecipes.recipes.models.diffusion import Diffusion
from kerasrecipes.recipes.models.noise_schedules import linear
from kerasrecipes.recipes.optimizers import clipped_after_reduction, fused
from kerasrecipes.recipes.steps import TrainingSteps

BATCH, NUM_TRAINING, NUM_CLASSES, EPOCHS = 12, 50, 3, 2


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is trained: a maker of the compiled model, its data, and how.

    One that is `thorough` is validated after each epoch and not only at the end, and is asked by
    `predict`. These are traced anew for each model, and are alike for models of one kind.
    """

    make: object
    split: object
    pair: object = None
    augment: tuple = ()
    epochs: int = EPOCHS
    num_held_out: int = 31  # 12, 12 and 7: the last batch is shared unevenly
    policy: str = "float32"
    thorough: bool = False


def table(num_inputs=6, seed=0):
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(NUM_TRAINING, num_inputs)).astype("float32")
    targets = np.argmax(inputs[:, :NUM_CLASSES] ** 2, axis=1).astype("int64")
    return IndexedSplit(inputs=inputs, targets=targets)


def images(seed=0, side=8):
    generator = np.random.default_rng(seed)
    inputs = generator.integers(0, 256, (NUM_TRAINING, side, side, 1)).astype("uint8")
    targets = (inputs.mean(axis=(1, 2, 3)) > 127).astype("int64")
    return IndexedSplit(inputs=inputs, targets=targets)


def sequences(seed=0):
    """Rows of very different numbers of targets that count."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(NUM_TRAINING, 5, 4)).astype("float32")
    targets = np.argmax(inputs[..., :NUM_CLASSES], axis=-1).astype("int64")
    lengths = generator.integers(0, 6, NUM_TRAINING)
    targets[np.arange(5) >= lengths[:, None]] = -1
    return IndexedSplit(inputs=inputs, targets=targets)


def functional(*between, inputs=(6,), units=NUM_CLASSES):
    tensor = given = keras.Input(inputs)
    tensor = layers.Dense(8, activation="tanh")(tensor)
    for layer in between:
        tensor = layer(tensor)
    return keras.Model(given, layers.Dense(units, dtype="float32")(tensor))


def sequential():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(NUM_CLASSES)]
    )


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(8, activation="tanh")
        self.logits = layers.Dense(NUM_CLASSES)

    def call(self, inputs):
        return self.logits(self.hidden(inputs))


def compiled(model, optimizer=None, loss=None, measured=("accuracy",), **settings):
    optimizer = optimizer or keras.optimizers.SGD(0.1)
    model.compile(
        fused(clipped_after_reduction(optimizer)),
        loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=list(measured),
        **{"steps_per_execution": 3, **settings},
    )
    return model


def plain(model=functional, optimizer=None, **settings):
    """A classifier of a table; `optimizer` is a factory."""
    keep = {k: settings.pop(k) for k in list(settings) if k in Cell.__dataclass_fields__}
    return Cell(lambda: compiled(model(), optimizer and optimizer(), **settings), table(), **keep)


def by(kind, *arguments, **keywords):
    return functools.partial(getattr(keras.optimizers, kind), *arguments, **keywords)


def with_layers(*makers, **settings):
    return plain(lambda: functional(*(make() for make in makers)), **settings)


def convolution():
    given = keras.Input((8, 8, 1), dtype="uint8")
    tensor = layers.Rescaling(1 / 255)(given)
    tensor = layers.Conv2D(4, 3, use_bias=False)(tensor)
    tensor = BatchNormalization(synchronized=True, momentum=0.9)(tensor)
    tensor = layers.GlobalAveragePooling2D()(layers.Activation("relu")(tensor))
    return keras.Model(given, layers.Dense(2)(tensor))


def by_token(loss, measured=()):
    def make():
        model = functional(inputs=(5, 4))
        return compiled(model, by("Adam", 0.01)(), loss(), [make() for make in measured])

    return Cell(make, sequences())


def _weighted(inputs, targets):
    return inputs, targets, 0.1 + tf.cast(targets, tf.float32)


def _mixed(inputs, targets, seed):
    """Mix each example with its neighbour in the batch, by as much as is drawn for the batch."""
    share = tf.random.stateless_uniform((tf.shape(inputs)[0], 1), seed)
    return inputs * share + tf.roll(inputs, 1, axis=0) * (1 - share), targets


def _schedule():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.2, 2, 0.5))


def variational(pixels, optimizer):
    def make():
        model = vae.build((8, 8, 1), code=2, hidden=(8,), pixels=pixels)
        model.compile(fused(optimizer()), steps_per_execution=3)
        return model

    return Cell(make, images(), epochs=1)


def adversarial():
    """Players that move far enough for scores to differ from image to image.

    Near their start all scores are 0.5, and a mean over them is right however it is weighted.
    """
    model = dcgan.build((8, 8, 1), latent=5, width=3)
    model.compile(
        fused(keras.optimizers.SGD(2.0)), fused(keras.optimizers.SGD(2.0)), steps_per_execution=3
    )
    return model


def diffusion():
    image, time = keras.Input((8, 8, 1), name="image"), keras.Input((), dtype="int32", name="time")
    moment = layers.Dense(4, activation="tanh")(
        layers.Reshape((1, 1, 1))(layers.Rescaling(0.1)(time))
    )
    tensor = layers.Conv2D(4, 3, padding="same", activation="tanh")(image) + moment
    network = keras.Model(
        {"image": image, "time": time}, layers.Conv2D(1, 3, padding="same")(tensor)
    )
    model = Diffusion(network, linear(20), decay=0.5)
    model.compile(fused(keras.optimizers.Adam(0.01)), steps_per_execution=3)
    return model


CELLS = {
    "gradient": lambda: plain(optimizer=by("SGD", 1.0), epochs=1),
    "sgd, functional": lambda: plain(thorough=True),
    "momentum, sequential": lambda: plain(sequential, by("SGD", 0.1, momentum=0.9), thorough=True),
    "adam, subclass": lambda: plain(Subclass, by("Adam", 0.01), thorough=True),
    "adamw": lambda: plain(optimizer=by("AdamW", 0.01, weight_decay=0.1)),
    "rmsprop": lambda: plain(optimizer=by("RMSprop", 0.01)),
    "nesterov, written out by Keras": lambda: plain(
        optimizer=by("SGD", 0.1, momentum=0.9, nesterov=True)
    ),
    "schedule": lambda: plain(optimizer=_schedule),
    "steps_per_execution 1": lambda: plain(steps_per_execution=1),
    "steps_per_execution 32": lambda: plain(steps_per_execution=32),
    "two metrics": lambda: plain(measured=("accuracy", "sparse_categorical_crossentropy")),
    "one example left over in evaluation": lambda: plain(num_held_out=25, thorough=True),
    "weighted losses": lambda: plain(pair=_weighted, weighted_metrics=["accuracy"]),
    "examples mixed": lambda: plain(augment=(_mixed,)),
    "L2 penalty": lambda: with_layers(
        lambda: layers.Dense(8, kernel_regularizer=keras.regularizers.L2(0.05))
    ),
    "sparsity penalty": lambda: with_layers(
        lambda: layers.Activation("sigmoid"), lambda: SparsityPenalty(0.1, 1.0)
    ),
    "batch normalization": lambda: Cell(lambda: compiled(convolution()), images(), thorough=True),
    "masks, cross-entropy": lambda: by_token(
        losses.CrossEntropy, (metrics.TokenAccuracy, metrics.ExactMatch)
    ),
    "masks, smoothed": lambda: by_token(losses.SmoothedCrossEntropy),
    "masks, Dice": lambda: by_token(losses.Dice, (lambda: metrics.MeanIoU(NUM_CLASSES),)),
    "masks, cross-entropy and Dice": lambda: by_token(losses.CrossEntropyDice),
    "global_clipnorm": lambda: plain(optimizer=by("SGD", 0.5, global_clipnorm=0.1)),
    "clipnorm": lambda: plain(optimizer=by("Adam", 0.01, clipnorm=0.05)),
    "clipvalue": lambda: plain(optimizer=by("SGD", 0.5, clipvalue=0.01)),
    "accumulation": lambda: plain(optimizer=by("Adam", 0.01, gradient_accumulation_steps=3)),
    "accumulation, clipped": lambda: plain(
        optimizer=by("SGD", 0.5, global_clipnorm=0.1, gradient_accumulation_steps=2)
    ),
    "average of weights": lambda: plain(optimizer=by("SGD", 0.1, use_ema=True, ema_momentum=0.5)),
    "average of weights, written back": lambda: plain(
        optimizer=by("SGD", 0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
    ),
    "dropout": lambda: with_layers(lambda: layers.Dropout(0.5)),
    "Gaussian noise": lambda: with_layers(lambda: layers.GaussianNoise(0.5)),
    "Gaussian dropout": lambda: with_layers(lambda: layers.GaussianDropout(0.5)),
    "masking noise": lambda: with_layers(lambda: MaskingNoise(0.5)),
    "mixed_bfloat16": lambda: plain(policy="mixed_bfloat16"),
    "mixed_float16": lambda: plain(policy="mixed_float16"),
    "mixed_float16, accumulation": lambda: plain(
        optimizer=by("SGD", 0.1, gradient_accumulation_steps=2), policy="mixed_float16"
    ),
    "VAE, grey": lambda: variational("grey", by("Adam", 0.001)),
    "VAE, drawn pixels": lambda: variational("drawn", by("SGD", 0.001)),
    "GAN": lambda: Cell(adversarial, images(), epochs=1, thorough=True),
    "diffusion": lambda: Cell(diffusion, images()),
}


def numbers(place, name):
    """Return the numbers of a cell under a strategy, by what they are.

    `weights` and `state` after training (moments of optimizers, averages), `losses` and `metrics`
    of the epochs, validation included, and `calls`, the logs that a callback sees after each call.
    """
    cell = CELLS[name]()
    keras.config.set_dtype_policy(cell.policy)
    try:
        keras.utils.set_random_seed(7)
        with place.scope():
            model = cell.make()
            optimizers = _built_optimizers(model)
            distribute.adapt(model, optimizers)
        return _trained(place, cell, model, optimizers)
    finally:
        keras.config.set_dtype_policy("float32")


def _built_optimizers(model):
    """Return the optimizers with their variables, which would have a step traced twice."""
    alone = [(model.optimizer, model.trainable_variables)]
    pairs = model.optimizers() if hasattr(model, "optimizers") else alone
    for optimizer, variables in pairs:
        if variables:  # a subclass makes its own once it sees data
            optimizer.build(variables)
    return [optimizer for optimizer, _ in pairs]


def _trained(place, cell, model, optimizers):
    num_steps = cell.split.steps_per_epoch(BATCH)
    model.train_function = TrainingSteps(model, num_steps)
    pair = cell.pair or (lambda *batch: batch)

    def batches(rows):
        return training_batches(
            cell.split, BATCH, seed=5, augment=cell.augment, pair=pair, rows=rows
        )

    held_out, num_held = distribute.evaluation_data(
        place, cell.split.first(cell.num_held_out), BATCH, pair
    )
    calls = []
    listening = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: calls.append([float(log) for log in logs.values()])
    )
    with distribute.passes_of(model, num_held):
        history = model.fit(
            distribute.training_data(place, BATCH, batches),
            steps_per_epoch=num_steps,
            epochs=cell.epochs,
            shuffle=False,
            verbose=0,
            validation_data=held_out,
            validation_steps=num_held,
            validation_freq=1 if cell.thorough else cell.epochs,
            callbacks=[listening],
        ).history
    of_optimizers = [v.numpy() for optimizer in optimizers for v in optimizer.variables]
    kept = {"losses": [], "metrics": []}
    for log, values in history.items():
        kept["losses" if "loss" in log else "metrics"] += values
    asked = cell.split.first(17).inputs
    answers = model.predict(asked, verbose=0, batch_size=5) if cell.thorough else model(asked)
    return {
        "weights": _flat(variable.numpy() for variable in model.trainable_variables),
        "state": _flat([v.numpy() for v in model.non_trainable_variables] + of_optimizers),
        "losses": np.array(kept["losses"]),
        "metrics": np.array(kept["metrics"]),
        "calls": np.array(calls).ravel(),
        "predictions": np.asarray(answers, "float64").ravel(),
    }


def _flat(arrays):
    return np.concatenate([np.asarray(array, "float64").ravel() for array in arrays])


def difference(ours, expected):
    """Return the largest difference of two sets of numbers: relative above 1, absolute below."""
    if not len(expected):
        return 0.0
    assert ours.shape == expected.shape, (ours.shape, expected.shape)
    return float(np.max(np.abs(ours - expected) / np.maximum(1.0, np.abs(expected))))
