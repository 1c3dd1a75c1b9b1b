"""What is sound passes, and each fault that is planted is found."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes import recipes
from kerasrecipes.recipes.checks.finding import VERDICTS, worst


def classes(num_examples=256, seed=0):
    """Return features `(examples, 8)` and which of three directions each lies along."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(num_examples, 8)).astype("float32")
    y = (x @ np.random.default_rng(7).normal(size=(8, 3))).argmax(axis=1)
    return x, y


def sound_model(
    *behind,
    activation=None,
    from_logits=True,
    learning_rate=0.01,
    hidden="relu",
    optimizer=keras.optimizers.Adam,
    **settings,
):
    """Return a compiled classifier; `behind` are layers after the hidden one."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((8,), name="features"),
            keras.layers.Dense(32, activation=hidden, name="hidden", **settings),
            *behind,
            keras.layers.Dense(3, activation=activation, name="answer", **settings),
        ],
        name="small",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(optimizer(learning_rate), loss, metrics=["accuracy"])
    return model


def verdicts(found):
    """Return the verdicts by check; the worst where a check says several things."""
    names = {finding.check for finding in found}
    return {name: worst([f for f in found if f.check == name]) for name in names}


@pytest.fixture(scope="module")
def sound():
    """What is found about the sound classifier, with test data of its own."""
    return recipes.check(
        model=sound_model(), data=classes(), test=classes(64, seed=1), batch_size=32, epochs=10
    )


def check(model, data=None, **settings):
    return recipes.check(model=model, data=data or classes(), **settings)


def said(found, name):
    return next(finding for finding in found if finding.check == name)


def test_a_sound_model_passes_everything(sound):
    assert verdicts(sound) == {
        "first loss": "pass",
        "logits or probabilities": "pass",
        "input scale": "pass",
        "examples apart in evaluation": "pass",
        "examples apart in training": "pass",
        "dead units": "pass",
        "saturated activations": "not applicable",
        "update to weight": "pass",
        "every layer moves": "pass",
        "test in training": "pass",
        "learns one example by heart": "pass",
        "learns four examples by heart": "pass",
        "better than on blank input": "pass",
        "better than on shuffled labels": "pass",
        "time": "pass",
        "memory": "pass",
    }
    assert all(finding.found and isinstance(finding, recipes.Finding) for finding in sound)
    assert "80 steps" in said(sound, "time").found  # 256 // 32 steps, ten times


def mixing():
    return keras.layers.Lambda(lambda x: x - keras.ops.mean(x, axis=0), name="centred")


def with_weights(change, **settings):
    model = sound_model(**settings)
    change(model)
    return model


def frozen():
    model = sound_model()
    model.get_layer("hidden").trainable = False
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def scaled(name, factor):
    def change(model):
        kernel = model.get_layer(name).kernel
        kernel.assign(factor * kernel)

    return change


def slow(x, y):
    """Return batches that come later than a step takes."""

    def wait(x, y):
        time.sleep(0.02)
        return x, y

    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
    return batches.map(
        lambda x, y: tf.numpy_function(wait, [x, y], [tf.float32, tf.int64], stateful=True)
    ).map(lambda x, y: (tf.ensure_shape(x, (32, 8)), tf.ensure_shape(y, (32,))))


def scaled_to_bytes(x, y):
    return (60 * x + 128).clip(0, 255), y


def shuffled(x, y):
    return x, np.random.default_rng(0).permutation(y)


def dead():
    return with_weights(lambda m: m.get_layer("hidden").bias.assign(np.full(32, -100.0)))


# What is planted: the model, its data and how it is looked at; and who finds it, and how bad it is.
TEN = {
    "softmaxed logits": (
        lambda: check(sound_model(activation="softmax"), quick=True),
        "logits or probabilities",
        "fail",
    ),
    "shuffled labels": (
        lambda: check(sound_model(), shuffled(*classes(seed=3))),
        "better than on shuffled labels",
        "warn",
    ),
    "a rate of 10": (
        lambda: check(sound_model(learning_rate=10.0), quick=True),
        "update to weight",
        "fail",
    ),
    "all-zero initialisation": (
        lambda: check(sound_model(kernel_initializer="zeros"), quick=True),
        "every layer moves",
        "fail",
    ),
    "unscaled input": (
        lambda: check(sound_model(), scaled_to_bytes(*classes()), quick=True),
        "input scale",
        "fail",
    ),
    "test inside training": (
        lambda: check(sound_model(), quick=True, test=tuple(a[:50] for a in classes())),
        "test in training",
        "fail",
    ),
    "a frozen layer": (lambda: check(frozen(), quick=True), "every layer moves", "warn"),
    "BatchNormalization at batch 1": (
        lambda: check(sound_model(keras.layers.BatchNormalization()), quick=True, batch_size=1),
        "examples apart in training",
        "fail",
    ),
    "a dead ReLU layer": (lambda: check(dead(), quick=True), "dead units", "fail"),
    "a slow pipeline": (
        lambda: check(sound_model(), slow(*classes()), quick=True),
        "time",
        "fail",
    ),
}
OTHERS = {
    "logits before a loss of probabilities": (
        lambda: check(sound_model(from_logits=False), quick=True),
        "logits or probabilities",
        "fail",
    ),
    "a layer that mixes": (
        lambda: check(sound_model(mixing()), quick=True),
        "examples apart in evaluation",
        "fail",
    ),
    "saturated": (
        lambda: check(with_weights(scaled("hidden", 100), hidden="tanh"), quick=True),
        "saturated activations",
        "fail",
    ),
    "sure of wrong answers": (
        lambda: check(with_weights(scaled("answer", 100)), quick=True),
        "first loss",
        "fail",
    ),
    "a rate of a thousand": (
        lambda: check(sound_model(learning_rate=1e3), quick=True),
        "update to weight",
        "fail",
    ),
    "a rate of nothing": (
        lambda: check(sound_model(learning_rate=1e-9), quick=True),
        "update to weight",
        "warn",
    ),
}
FAULTS = TEN | OTHERS


# Keras warns of a softmax in front of logits as well, where it can see it.
@pytest.mark.filterwarnings("ignore:.*from_logits:UserWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault):
    look, name, least = FAULTS[fault]
    told = [finding for finding in look() if finding.check == name]
    assert VERDICTS.index(worst(told)) >= VERDICTS.index(least)
    assert all(finding.advice for finding in told if finding.verdict in ("warn", "fail"))


def test_the_layer_that_mixes_is_named():
    found = check(sound_model(mixing()), quick=True)
    assert "'centred'" in said(found, "examples apart in evaluation").found


def test_batch_normalisation_may_mix_in_training_alone():
    found = check(sound_model(keras.layers.BatchNormalization(name="norm")), quick=True)
    assert said(found, "examples apart in evaluation").verdict == "pass"
    finding = said(found, "examples apart in training")
    assert (finding.verdict, "'norm'" in finding.found) == ("pass", True)
    model = sound_model(keras.layers.BatchNormalization(name="norm"))
    finding = said(check(model, quick=True, batch_size=4), "examples apart in training")
    assert finding.verdict == "warn"
    finding = said(check(model, quick=True, batch_size=1), "examples apart in training")
    assert (finding.verdict, "'norm'" in finding.found) == ("fail", True)


def test_dropout_does_not_mix():
    found = check(sound_model(keras.layers.Dropout(0.5)), quick=True)
    assert said(found, "examples apart in training").verdict == "pass"


def test_the_scale_is_that_of_a_batch():
    received = said(check(sound_model(), classes(), quick=True), "input scale").found
    x = classes()[0][np.random.default_rng(0).permutation(256)[:32]]
    assert f"mean {x.mean():.3g}, deviation {x.std():.3g}" in received


def test_test_rows_among_the_training_rows():
    x, _ = classes()
    x_test, y_test = classes(200, seed=1)
    x_test[11], x_test[12] = x[5], x[6]
    found = check(sound_model(), quick=True, test=(x_test, y_test))
    finding = said(found, "test in training")
    assert finding.verdict == "warn"
    assert finding.found.startswith(
        "2 of the inputs are in both, first test example 11 as training example 5"
    )


def test_waiting_for_data_is_told_apart_from_computing():
    assert "waiting" in said(check(sound_model(), slow(*classes()), quick=True), "time").found


def test_any_labels_are_learned_by_heart():
    found = check(sound_model(), shuffled(*classes(seed=3)))
    assert said(found, "learns one example by heart").verdict == "pass"


def test_a_model_that_does_not_look():
    blind = sound_model(keras.layers.Lambda(lambda x: 0.0 * x))
    found = check(blind)
    assert said(found, "better than on blank input").verdict in ("warn", "fail")
    assert said(found, "better than on shuffled labels").verdict in ("warn", "fail")
    assert said(found, "every layer moves").verdict in ("warn", "fail")


def test_a_rate_of_nothing_learns_nothing_by_heart():
    found = check(sound_model(learning_rate=1e-9))
    assert said(found, "learns one example by heart").verdict == "fail"
    assert said(found, "learns four examples by heart").verdict == "fail"


def test_squared_errors_begin_at_the_variance_around_the_answers():
    x, _ = classes(32)
    y = (x[:, 0] + 3).astype("float32")
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.layers[-1].bias.assign([1.0])
    model.compile("sgd", "mse")
    finding = said(check(model, (x, y), quick=True), "first loss")
    expected = np.mean((y - 1.0) ** 2)
    assert finding.verdict == "pass"
    assert finding.found.startswith(f"{expected:.4g}; theory: {expected:.4g}, the variance")


def test_a_loss_without_a_theory_is_not_known():
    x, _ = classes()
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile("sgd", keras.losses.CosineSimilarity())
    found = check(model, (x, x[:, :1]), quick=True)
    assert said(found, "first loss").verdict == "not known"
    assert said(found, "logits or probabilities").verdict == "not applicable"
    model.compile("sgd", "hinge")
    found = check(model, (x, np.sign(x[:, :1])))
    assert said(found, "learns one example by heart").verdict == "not applicable"


def test_a_pipeline_of_a_dataset_and_weights_of_examples():
    x, y = classes()
    weights = np.ones(256, "float32")
    batches = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(32)
    found = check(sound_model(), batches)
    assert "fail" not in verdicts(found).values()
    assert "8 steps" in said(found, "time").found
