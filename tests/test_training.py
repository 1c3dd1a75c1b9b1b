"""The same seed, the same run; a stream trains as an array does, in flat memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes import recipes
from kerasrecipes.recipes import distribute, get, replace, training
from kerasrecipes.recipes.data.splits import Spec, Splits
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.runs.run import Run
from kerasrecipes.recipes.training import _fit


def weights(seed, data_dir, **settings):
    settings = {"epochs": 1, "saved_models": None, "progress": False, **settings}
    result = recipes.train("softmax_digits", seed=seed, data_dir=data_dir, **settings)
    return np.concatenate([weight.ravel() for weight in result.model.get_weights()])


def test_one_seed_gives_one_run_and_another_seed_another(data_dir):
    first = weights(1, data_dir)
    np.testing.assert_array_equal(weights(1, data_dir), first)
    assert not np.array_equal(weights(2, data_dir), first)


def test_replicas_train_twice_in_a_process(data_dir):
    first = weights(1, data_dir, strategy="mirrored")
    np.testing.assert_array_equal(weights(1, data_dir, strategy="mirrored"), first)


def test_a_batch_for_each_replica_is_a_larger_batch_and_rate(data_dir):
    recipe = get("softmax_digits")
    more = {"batch_size": 2 * recipe.batch_size, "learning_rate": 2 * recipe.learning_rate}
    expected = weights(1, data_dir, strategy="mirrored", **more)
    settings = {"strategy": "mirrored", "scale": "linear", "folder": "scaled"}
    np.testing.assert_array_equal(weights(1, data_dir, **settings), expected)
    np.testing.assert_array_equal(weights(1, data_dir, **settings), expected)  # of the folder
    # What goes on keeps its batch, on whatever it goes on.
    assert Run.open("scaled").recipe().batch_size == more["batch_size"]
    with pytest.raises(recipes.RecipeError, match=r"scale .* as it was. Received: None, which was"):
        weights(1, data_dir, strategy="mirrored", folder="scaled")


def test_the_line_is_found(data_dir):
    result = recipes.train("linear_line", data_dir=data_dir, saved_models=None, progress=False)
    slope, intercept = (float(weight.ravel()[0]) for weight in result.model.get_weights())
    assert slope == pytest.approx(2, abs=0.01)
    assert intercept == pytest.approx(-1, abs=0.01)
    assert result.reached


def test_names_with_a_dot_reach_an_argument():
    recipe = replace(get("mlp_digits"), **{"build.hidden": (16,), "expected.value": 0.5})
    assert recipe.build((8, 8, 1), 10).count_params() == 64 * 16 + 16 + 16 * 10 + 10
    assert recipe.expected.value == 0.5
    assert get("mlp_digits").build.keywords["hidden"] == (128, 64)


def test_a_value_goes_on_with_itself(data_dir):
    recipe = replace(get("softmax_digits"), epochs=1)
    result = recipes.train(recipe, data_dir=data_dir, saved_models=None, progress=False)
    run = Run.open(result.run)
    run.update(status="training")
    with pytest.raises(recipes.RecipeError, match=r"recipes.resume\(folder, recipe=...\)"):
        recipes.resume(result.run, progress=False)
    again = recipes.resume(result.run, recipe=recipe, progress=False)
    assert again.figures == result.figures


def test_a_folder_of_ones_own_is_begun_gone_on_with_and_left_alone(data_dir, monkeypatch):
    settings = {"folder": "mine", "data_dir": data_dir, "saved_models": None, "progress": False}
    first = recipes.train("softmax_digits", epochs=2, seed=4, **settings)
    assert first.run == Path("mine")
    with monkeypatch.context() as patched:
        patched.setattr(training, "fit", None)  # a finished run is not trained again
        again = recipes.train("softmax_digits", epochs=2, seed=4, **settings)
    assert (again.figures, again.seconds) == (first.figures, first.seconds)
    assert again.history["loss"] == pytest.approx(first.history["loss"])
    for ours, expected in zip(again.model.get_weights(), first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
    Run.open("mine").update(status="training")
    (first.run / "report.html").unlink()
    assert recipes.train("softmax_digits", epochs=2, seed=4, **settings).figures == first.figures
    assert (first.run / "report.html").is_file()
    with pytest.raises(recipes.RecipeError, match=r"must be as it was\. Received: epochs=3"):
        recipes.train("softmax_digits", epochs=3, seed=4, **settings)
    with pytest.raises(recipes.RecipeError, match=r"must be as it was\. Received: 5, which"):
        recipes.train("softmax_digits", epochs=2, seed=5, **settings)


def stream(num_examples, seed):
    inputs = np.random.default_rng(seed).normal(size=(num_examples, 4)).astype("float32")
    labels = (inputs.sum(axis=1) > 0).astype("int64")
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels))
    return StreamedSplit(dataset=dataset, num_examples=num_examples)


def test_a_stream_trains_to_the_end():
    splits = Splits(
        name="made",
        inputs=Spec("features", (4,), "float32"),
        class_names=("below", "above"),
        train=stream(600, 1),
        validation=stream(50, 2),
        test=stream(70, 3),
        licence="",
        source="",
        fingerprint="",
    )
    recipe = replace(get("softmax_wine"), epochs=3)
    run = Run.create(
        "runs",
        recipe.name,
        status="training",
        overrides={"data": "made"},
        recipe=recipe.describe(),
        seed=0,
        saved_models="exports",
        checkpoint_seconds=60.0,
        data=splits.describe(),
        seconds=0.0,
    )
    model = prepare(recipe, splits, distribute.strategy("none"), 0)
    result = _fit(run, recipe, splits, model, False)
    assert result.figures["accuracy"] > 0.9
    assert (result.saved_model / "saved_model.pb").is_file()
    assert (result.run / "report.html").is_file()


PEAK = """
import resource, sys
import keras, numpy as np, tensorflow as tf
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.steps import TrainingSteps

path, copies = sys.argv[1], int(sys.argv[2])
def read(record):
    pixels = tf.reshape(tf.io.decode_raw(record, tf.uint8), (32, 32, 3))
    return pixels, tf.cast(pixels[0, 0, 0] % 10, tf.int64)
dataset = tf.data.TFRecordDataset([path] * copies).map(read)
split = StreamedSplit(dataset=dataset, num_examples=12_000 * copies)
model = keras.Sequential([keras.Input((32, 32, 3), dtype="uint8"), keras.layers.Rescaling(1 / 255),
                          keras.layers.Flatten(), keras.layers.Dense(10)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              steps_per_execution=32)
num_steps = split.num_examples // 500
model.train_function = TrainingSteps(model, num_steps)
model.fit(training_batches(split, 500, seed=0), steps_per_epoch=num_steps, epochs=1, verbose=0,
          shuffle=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_stream_ten_times_as_long_needs_no_more_memory(tmp_path):
    path = tmp_path / "images.tfrecord"
    generator = np.random.default_rng(0)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(12_000):
            writer.write(generator.bytes(32 * 32 * 3))

    def peak(copies):
        process = subprocess.run(
            [sys.executable, "-c", PEAK, str(path), str(copies)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        return int(process.stdout)

    # In memory, ten times as much would be 330 MB more.
    assert peak(10) < 1.1 * peak(1)
