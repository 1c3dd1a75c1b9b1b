"""What the cases share: timing our training path, a Keras `fit`, and any function."""

import statistics
import time


def our_step(recipe, splits, num_steps, num_epochs=3):
    """Return the seconds of a training step, as `recipes.train` takes it, without callbacks.

    Args:
        recipe: `Recipe`; its augmentation is left out, since nobody else here augments.
        splits: `Splits` with at least `num_steps` batches to train on.
        num_steps: int, steps of an epoch.
        num_epochs: int, epochs that are counted; one before them compiles.
    """
    from kerasrecipes.recipes import distribute
    from kerasrecipes.recipes.data.pipeline import training_batches
    from kerasrecipes.recipes.preparing import prepare
    from kerasrecipes.recipes.recipe import replace
    from kerasrecipes.recipes.steps import TrainingSteps

    recipe = replace(recipe, augment=())
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    model.train_function = TrainingSteps(model, num_steps)
    batches = training_batches(splits.train, recipe.batch_size, seed=0, pair=recipe.task.pair)
    seconds = fit(model, num_epochs + 1, x=batches, steps_per_epoch=num_steps, shuffle=False)
    return statistics.median(seconds[1:]) / num_steps


def few(name, num_examples):
    """Load a data set with the first examples alone to train on."""
    import dataclasses

    from kerasrecipes.recipes import data

    splits = data.load(name)
    return dataclasses.replace(splits, train=splits.train.first(num_examples))


def keras_step(model, inputs, targets, batch_size, num_epochs=3):
    """Return the seconds of a step of `model.fit(x, y)`."""
    num_steps = len(targets) // batch_size
    seconds = fit(model, num_epochs + 1, x=inputs, y=targets, batch_size=batch_size)
    return statistics.median(seconds[1:]) / num_steps


def fit(model, num_epochs, callbacks=(), **arguments):
    """Fit a Keras model, and return the seconds of each epoch, its callbacks' included."""
    import keras

    seconds = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.begin = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.begin)

    model.fit(**arguments, epochs=num_epochs, verbose=0, callbacks=[*callbacks, Clock()])
    return seconds


def repeated(function, num_times=5):
    """Return the median seconds of a call; one before them is not counted."""
    function()
    seconds = []
    for _ in range(num_times):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
