"""A process that trains, and times its steps whenever it is told to.

    python member.py SPEC

SPEC is JSON: which function here, and its arguments. A training takes the path of `recipes.train`,
without the callbacks of a report. The first epoch compiles; then each line that comes in lets it
train an epoch, of which it says how long a step took. So several trainings wait for one another and
are measured in turn, seconds apart, and not one after the other, minutes apart.
"""

import dataclasses
import json
import os
import resource
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from kerasrecipes.recipes import catalog, data, distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.recipe_data import batches_of
from kerasrecipes.recipes.steps import TrainingSteps


class Turns(keras.callbacks.Callback):
    """Waits for its turn before each epoch, and says what it measured in it."""

    def on_epoch_begin(self, epoch, logs=None):
        """Forget the epoch before."""
        self.seconds, self.num_steps = 0.0, 0

    def on_train_batch_begin(self, batch, logs=None):
        """Start the clock, but not for what wakes caches and the pipeline up."""
        self.is_counted = batch > 0
        self.waiting = self.model.train_function.seconds_waiting
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Stop the clock."""
        if self.is_counted:
            self.seconds += time.perf_counter() - self.begin
            self.num_steps += self.model.steps_per_execution

    def on_epoch_end(self, epoch, logs=None):
        """Say how long a step took, and wait."""
        say(self.seconds / self.num_steps)
        if not sys.stdin.readline():
            self.model.stop_training = True


def say(value):
    """Answer the process that asks."""
    print(json.dumps(value), flush=True)


def devices(number):
    """Make as many logical CPUs."""
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * number
    )


def noise(shape, num_examples):
    """Return splits of random images in ten classes."""
    generator = np.random.default_rng(0)
    split = IndexedSplit(
        inputs=generator.integers(0, 256, (num_examples, *shape), np.uint8),
        targets=generator.integers(0, 10, num_examples),
    )
    return Splits(
        name="noise", inputs=Spec("image", tuple(shape), "uint8"), licence="", source="",
        class_names=tuple("0123456789"), train=split, validation=split, test=split, fingerprint="",
    )  # fmt: skip


def train(
    recipe, batch_size, steps_per_call, calls_per_turn, strategy="none", num_devices=1, image=None
):
    """Train a recipe for ever, an epoch a turn; on random images of a shape, where one is given."""
    devices(num_devices)
    place = distribute.strategy(strategy)
    recipe = replace(catalog.get(recipe), batch_size=batch_size)
    # Small epochs, so that as many steps as are asked for are taken in one call.
    num_examples = steps_per_call * batch_size
    if image is None:
        splits = data.load(recipe.data)
        splits = dataclasses.replace(splits, train=splits.train.first(num_examples))
    else:
        recipe, splits = replace(recipe, augment=()), noise(image, num_examples)
    model = prepare(recipe, splits, place, seed=0)
    num_steps = steps_per_call * (1 + calls_per_turn)
    model.train_function = TrainingSteps(model, num_steps)
    batches = distribute.training_data(place, batch_size, partial(batches_of, recipe, splits, 0, 0))
    model.fit(
        batches,
        shuffle=False,
        steps_per_epoch=num_steps,
        epochs=2**30,
        callbacks=[Turns()],
        verbose=0,
    )


def grow(name, data_dir, in_memory, recipe, epochs):
    """Say, at each turn, the seconds of training and evaluation passes, and the bytes at most."""
    import drawn_images  # noqa: F401, which registers it

    splits = data.load(f"tfds:{name}", data_dir=data_dir, memory_limit=2**31 if in_memory else 0)
    recipe = catalog.get(recipe)
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    model.train_function = TrainingSteps(model, num_steps)
    held_out, num_held_out = distribute.evaluation_data(
        model.distribute_strategy, splits.train, recipe.batch_size, recipe.task.pair
    )
    found = {"train": [], "evaluate": []}
    clock = Epochs(found["train"])

    def turn(number):
        for times in found.values():
            times.clear()
        # Behind an epoch of each that is not counted.
        model.fit(
            batches_of(recipe, splits, number),
            shuffle=False,
            steps_per_epoch=num_steps,
            epochs=1 + epochs,
            callbacks=[clock],
            verbose=0,
        )
        for _ in range(1 + epochs):
            begin = time.perf_counter()
            model.evaluate(held_out, steps=num_held_out, verbose=0)
            found["evaluate"].append(time.perf_counter() - begin)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say([*(sum(times[1:]) / epochs for times in found.values()), most])

    number = 0
    turn(number)
    while sys.stdin.readline():
        number += 1
        turn(number)


class Epochs(keras.callbacks.Callback):
    """Adds the seconds of each epoch to a list."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self.begin)


def all_reduce(sizes, num_times=100):
    """Say, at each turn, how long a reduction over all workers takes for each number of bytes."""
    place = distribute.strategy("multiworker")

    def on_replica(values):
        return tf.distribute.get_replica_context().all_reduce("MEAN", 1.0 * values)

    @tf.function
    def reduced(values):
        for _ in tf.range(num_times):
            values = place.run(on_replica, args=(values,))
        return values

    vectors = [tf.ones([size // 4]) for size in sizes]
    for vector in vectors:
        reduced(vector)
    while True:
        found = []
        for vector in vectors:
            begin = time.perf_counter()
            reduced(vector).numpy()
            found.append((time.perf_counter() - begin) / num_times)
        say(found)
        if not sys.stdin.readline():
            return


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    {"train": train, "grow": grow, "all_reduce": all_reduce}[spec.pop("does")](**spec)
