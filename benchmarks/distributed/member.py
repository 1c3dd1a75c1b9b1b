"""A process that trains, and times its steps whenever it is told to.

    python member.py SPEC

SPEC is JSON, see `Side`. It takes the training path of `recipes.train`, without the callbacks of a
report. The first epoch compiles; then each line that comes in lets it train an epoch, of which it
says how long a step took. So several trainings wait for one another and are measured in turn, a
second apart, and not one after the other, minutes apart.
"""

import dataclasses
import json
import os
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from kerasrecipes.recipes import catalog, data, distribute
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


def train(recipe, batch_size, steps_per_call, calls_per_turn, strategy, num_devices=1):
    """Train a recipe for ever, an epoch a turn."""
    devices(num_devices)
    place = distribute.strategy(strategy)
    recipe = replace(catalog.get(recipe), batch_size=batch_size)
    splits = data.load(recipe.data)
    # Small epochs, so that as many steps as are asked for are taken in one call.
    train_split = splits.train.first(steps_per_call * batch_size)
    splits = dataclasses.replace(splits, train=train_split)
    model = prepare(recipe, splits, place, seed=0)
    num_steps = steps_per_call * (1 + calls_per_turn)
    model.train_function = TrainingSteps(model, num_steps)
    batches = distribute.training_data(
        place, batch_size, partial(batches_of, recipe, splits, 0, 0)
    )
    model.fit(
        batches,
        shuffle=False,
        steps_per_epoch=num_steps,
        epochs=2**30,
        callbacks=[Turns()],
        verbose=0,
    )


def all_reduce(sizes, num_times=50):
    """Say, at each turn, how long a reduction over all workers takes for each number of bytes."""
    place = distribute.strategy("multiworker")

    @tf.function
    def reduced(values):
        def on_replica(values):
            context = tf.distribute.get_replica_context()
            for _ in tf.range(num_times):
                values = context.all_reduce("MEAN", values)
            return values

        return place.run(on_replica, args=(values,))

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
    {"train": train, "all_reduce": all_reduce}[spec.pop("does")](**spec)
