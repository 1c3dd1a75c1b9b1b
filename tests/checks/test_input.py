"""Bad input is one sentence, on the command line too; a failure is exit code 1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes import recipes
from kerasrecipes.cli.main import main

X, Y = np.zeros((8, 4), "float32"), np.zeros(8, "int64")


def model(*, compiled=True, built=True):
    layers = [keras.Input((4,))] if built else []
    model = keras.Sequential([*layers, keras.layers.Dense(2)], name="two")
    if compiled:
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


CASES = {
    "`check` must be given a recipe, or `model=` and `data=`. Received: neither.": dict,
    "Received: both.": lambda: {"recipe": "lenet5_digits", "model": model(), "data": (X, Y)},
    "with a model, and no field of a recipe. Received: no data.": lambda: {"model": model()},
    "Received: learning_rate beside a model.": lambda: {
        "model": model(),
        "data": (X, Y),
        "learning_rate": 1,
    },
    "must be a compiled keras.Model. Received: one that is not compiled.": lambda: {
        "model": model(compiled=False),
        "data": (X, Y),
    },
    "must be a compiled keras.Model. Received: a str.": lambda: {"model": "two", "data": (X, Y)},
    "Model 'two' must have its weights already.": lambda: {
        "model": model(built=False),
        "data": (X, Y),
    },
    "must have the shape (4,) that model 'two' takes. Received: (3,).": lambda: {
        "model": model(),
        "data": (X[:, :3], Y),
    },
    "must hold equally many examples, at least one. Received: [7, 8].": lambda: {
        "model": model(),
        "data": (X, Y[:7]),
    },
    "Received: an endless data set. Give one epoch": lambda: {
        "model": model(),
        "data": tf.data.Dataset.from_tensors((X, Y)).repeat(),
    },
    "must be (x, y), (x, y, sample_weight) or a tf.data.Dataset of such batches.": lambda: {
        "model": model(),
        "data": X,
    },
    "of a rehearsal must be a whole number of at least 1. Received: batch_size=0.": lambda: {
        "model": model(),
        "data": (X, Y),
        "batch_size": 0,
    },
    "Did you mean 'lenet5_digits'": lambda: {"recipe": "lenet5_digit"},
    "Received: data= of examples.": lambda: {"recipe": "lenet5_digits", "data": (X, Y)},
    "cannot take a training step on these data": lambda: {
        "model": model(),
        "data": (X, np.zeros((8, 3, 5))),
    },
}


@pytest.mark.parametrize("sentence", CASES)
def test_bad_input_is_one_sentence(sentence):
    with pytest.raises(recipes.RecipeError) as caught:
        recipes.check(**CASES[sentence]())
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_tells_and_exits_by_what_it_found(capsys, data_dir):
    words = ["check", "softmax_digits", "--quick", "--data-dir", str(data_dir)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "ln 10 of 10 equal classes" in out
    assert "better than on blank input" not in out
    assert main([*words, "--set", "learning_rate=1000.0"]) == 1
    assert "learning rate is too high" in capsys.readouterr().out


def test_the_command_refuses_what_is_not_there(capsys):
    assert main(["check", "lenet5_digit"]) == 2
    assert "Did you mean 'lenet5_digits'" in capsys.readouterr().err


def test_a_finding_has_a_verdict_that_exists():
    with pytest.raises(ValueError, match="`verdict` of a Finding must be one of"):
        recipes.Finding("a", "good", "")
