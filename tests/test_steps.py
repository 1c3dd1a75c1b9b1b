import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.steps import NonFiniteLoss, TrainingSteps

NUM, BATCH = 70, 10


def make_split(seed=0):
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(NUM, 4)).astype("float32")
    return IndexedSplit(inputs=inputs, targets=inputs.sum(axis=1))


def make_model(steps_per_execution=1, rate=0.05):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9), "mse", steps_per_execution=steps_per_execution
    )
    return model


def fit(model, split, epochs=2, **settings):
    num_steps = split.steps_per_epoch(BATCH)
    model.train_function = TrainingSteps(model, num_steps, **settings)
    batches = training_batches(split, BATCH, seed=5, first_step=settings.get("first_step", 0))
    return model.fit(batches, steps_per_epoch=num_steps, epochs=epochs, verbose=0, shuffle=False)


def weights(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


@pytest.mark.parametrize("steps_per_execution", [1, 3, 7, 32])
def test_any_number_of_steps_a_call_gives_what_keras_gives_one_by_one(steps_per_execution):
    split = make_split()
    ours = make_model(steps_per_execution)
    history = fit(ours, split).history
    plain = make_model()
    expected = plain.fit(
        training_batches(split, BATCH, seed=5),
        steps_per_epoch=7,
        epochs=2,
        verbose=0,
        shuffle=False,
    ).history
    np.testing.assert_array_equal(weights(ours), weights(plain))
    assert history["loss"] == expected["loss"]
    assert ours.optimizer.iterations.numpy() == 14


def test_steps_that_were_taken_are_passed_over_and_draw_no_data():
    split = make_split()
    whole = make_model(2)
    fit(whole, split, epochs=1)
    half = make_model(2)
    num_steps = split.steps_per_epoch(BATCH)
    steps = half.train_function = TrainingSteps(half, num_steps)
    iterator = iter(training_batches(split, BATCH, seed=5))
    steps(iterator)
    steps(iterator)
    assert steps.num_steps_done == 4
    fit(half, split, epochs=1, first_step=4)
    np.testing.assert_array_equal(weights(half), weights(whole))


def test_a_loss_that_is_not_finite_names_its_step_and_stops_there():
    split = make_split()
    inputs = split.inputs.copy()
    model = make_model(4)
    order = [
        t for _, t in enumerate(training_batches(split, BATCH, seed=5).take(7).as_numpy_iterator())
    ]
    poisoned = np.flatnonzero(np.isin(split.targets, order[2][1]))[:1]
    inputs[poisoned] = np.inf
    with pytest.raises(
        NonFiniteLoss, match=r"epoch 1 at step 3 of 7 \(step 3 of the run\)"
    ) as caught:
        fit(model, IndexedSplit(inputs=inputs, targets=split.targets))
    assert caught.value.step == 2
    assert model.optimizer.iterations.numpy() == 3


def test_waiting_for_data_is_counted():
    split = make_split()
    model = make_model(1)
    steps = model.train_function = TrainingSteps(model, 7)
    slow = training_batches(split, BATCH, seed=5).map(
        lambda x, y: (tf.py_function(_wait, [x], tf.float32), y), num_parallel_calls=1
    )
    slow = slow.map(lambda x, y: (tf.ensure_shape(x, (BATCH, 4)), y))
    model.fit(slow, steps_per_epoch=7, verbose=0, shuffle=False)
    assert 7 * 0.02 * 0.5 < steps.seconds_waiting < 7 * 0.02 * 3


def _wait(x):
    import time

    time.sleep(0.02)
    return x


def test_two_replicas_give_what_one_gives():
    split = make_split()
    one = make_model(1)
    fit(one, split)
    with distribute.strategy("mirrored").scope():
        two = make_model(1)
    fit(two, split)
    np.testing.assert_allclose(weights(two), weights(one), rtol=1e-5)
