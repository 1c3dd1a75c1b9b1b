"""The signature `mc_dropout` of a SavedModel."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes import recipes
from kerasrecipes.cli.main import main
from kerasrecipes.recipes import RecipeError
from kerasrecipes.recipes.uncertainty import mc_dropout


@pytest.fixture(scope="module")
def exported(with_dropout, tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    run = shutil.copytree(with_dropout.run, root / "run")
    words = ["export", str(run), "--mc-dropout", "30", "--saved-models", str(root / "exports")]
    assert main(words) == 0
    (path,) = (root / "exports" / "mlp_digits").iterdir()
    return tf.saved_model.load(str(path))


def test_it_answers_as_python_does_for_the_same_seed(exported, with_dropout):
    images = with_dropout.splits.test.inputs[:40]
    signature = exported.signatures["mc_dropout"]
    assert {"serving_default", "mc_dropout"} <= set(exported.signatures)
    answer = signature(image=tf.constant(images), seed=tf.constant(7))
    passes = mc_dropout(with_dropout.model, images, num_passes=30, seed=7)
    mean = passes.mean(axis=0)
    np.testing.assert_allclose(answer["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(answer["deviation"], passes.std(axis=0), atol=1e-5)
    entropy = -np.sum(mean * np.log(mean), axis=1)
    np.testing.assert_allclose(answer["entropy"], entropy, atol=1e-4)
    other = signature(image=tf.constant(images), seed=tf.constant(8))
    assert np.abs(other["mean"] - answer["mean"]).max() > 1e-3


def test_serving_it_moves_nothing(tmp_path, with_dropout):
    # With batch normalisation, whose statistics are what would move.
    keras.utils.set_random_seed(0)
    splits = with_dropout.splits
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), dtype="uint8", name="image"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(10),
        ]
    )
    from kerasrecipes.recipes.serving import saved_model
    from kerasrecipes.recipes.tasks.classification import Classification
    from kerasrecipes.recipes.tasks.endpoint import of_dropout_passes

    more = {"mc_dropout": of_dropout_passes(model, splits, 10)}
    path = saved_model.export(model, Classification(), splits, "small", tmp_path, more=more)
    loaded = tf.saved_model.load(str(path))
    before = [variable.numpy() for variable in loaded.variables]
    assert len(before) >= 12
    images = tf.constant(splits.test.inputs[:20])
    first = loaded.signatures["mc_dropout"](image=images, seed=tf.constant(3))
    for _ in range(5):
        again = loaded.signatures["mc_dropout"](image=images, seed=tf.constant(3))
        np.testing.assert_array_equal(again["mean"], first["mean"])
    for variable, expected in zip(loaded.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), expected)


def test_what_cannot_be_exported(finished, tmp_path):
    for name, passes, words in (
        ("softmax_digits", 5, "must have a dropout layer"),
        ("softmax_digits", 0, "`mc_dropout` of export must be at least 1"),
        ("linear_diabetes", 5, "must give one class for each example"),
    ):
        with pytest.raises(RecipeError, match=words):
            recipes.export(finished(name).run, tmp_path / "exports", mc_dropout=passes)
    assert not (tmp_path / "exports").exists()
