"""What every recipe of the catalogue keeps to."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasrecipes.recipes import catalog, data, distribute, saved_model
from kerasrecipes.recipes.architecture import num_parameters
from kerasrecipes.recipes.data.pipeline import examples, training_batches
from kerasrecipes.recipes.data.splits import IndexedSplit
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.saved_model_check import differences
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.recipes.training import prepare

BATCH_SIZE = 8


def few(splits):
    """Return the splits with a few examples each, so that a step costs milliseconds."""
    parts = {}
    for name in ("train", "validation", "test"):
        split = getattr(splits, name)
        assert isinstance(split, IndexedSplit)
        parts[name] = split.take(np.arange(min(64, split.num_examples)))
    return dataclasses.replace(splits, **parts)


@dataclasses.dataclass
class Case:
    recipe: object
    splits: object
    model: keras.Model


@pytest.fixture(scope="module")
def load(data_dir):
    """Load a data set: an embedded one as it is, a public one as mock data of its form."""
    loaded = {}

    def load_once(name):
        if name not in loaded:
            row = next(row for row in data.names() if row.name == name)
            if row.needs_network:
                with tfds.testing.mock_data(num_examples=400):
                    loaded[name] = few(data.load(name, data_dir=data_dir))
            else:
                loaded[name] = few(data.load(name, data_dir=data_dir))
        return loaded[name]

    return load_once


# Tracing these takes a minute each; they are what resnet20_cifar10 is, only deeper.
DEEP = ("resnet56_cifar10", "resnet110_cifar10")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in DEEP else [])
        for name in catalog.names()
    ],
)
def case(request, load):
    recipe = replace(catalog.get(request.param), batch_size=BATCH_SIZE)
    splits = load(recipe.data)
    yield Case(recipe, splits, prepare(recipe, splits, distribute.strategy("none"), seed=0))
    keras.backend.clear_session()


def one_step(case, model):
    steps = model.train_function = TrainingSteps(model, 1)
    batches = training_batches(case.splits.train, BATCH_SIZE, seed=0, augment=case.recipe.augment)
    return model.fit(batches, steps_per_epoch=1, verbose=0, shuffle=False).history, steps


def test_the_parameters_are_those_of_the_table(case):
    assert case.recipe.num_parameters is not None
    assert num_parameters(case.model)["trainable"] == case.recipe.num_parameters


def test_the_model_takes_raw_input_by_name_and_gives_one_row_an_example(case):
    (given,) = case.model.inputs
    assert given.name == case.splits.input_name
    assert given.dtype == case.splits.input_dtype
    num_outputs = case.recipe.task.num_outputs(case.splits)
    assert case.model.output_shape == (None, num_outputs)
    inputs, _ = examples(case.splits.train, range(3))
    assert case.model(inputs).shape == (3, num_outputs)


def test_a_classifier_begins_near_ln_n(case):
    if case.splits.class_names is None:
        pytest.skip("not a classifier")
    inputs, targets = examples(case.splits.train, range(64))
    # As in training: normalised by the batch, since no statistics have been gathered yet.
    logits = case.model(inputs, training=True)
    nll = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(targets, logits)
    assert float(nll) == pytest.approx(math.log(case.splits.num_classes), rel=0.25)


def test_a_step_is_finite_and_moves_the_weights(case):
    before = [w.numpy() for w in case.model.trainable_weights]
    history, _ = one_step(case, case.model)
    assert all(np.isfinite(values).all() for values in history.values())
    after = [w.numpy() for w in case.model.trainable_weights]
    assert any((b != a).any() for b, a in zip(before, after, strict=True))


def test_saved_and_loaded_it_answers_the_same(case, tmp_path):
    inputs, _ = examples(case.splits.test, range(4))
    case.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(inputs), case.model(inputs))


def test_exported_it_answers_the_same(case, tmp_path):
    inputs, _ = examples(case.splits.test, range(4))
    endpoints = case.recipe.task.endpoints(case.model, case.splits)
    saved_model.write(case.model, endpoints, case.splits, tmp_path / "1")
    expected = {
        f"{name}/{output}": value.numpy()
        for name, endpoint in endpoints.items()
        for output, value in endpoint(tf.constant(inputs)).items()
    }
    expected[f"input/{case.splits.input_name}"] = inputs
    assert differences(tmp_path / "1", expected) == []


def test_it_steps_under_two_replicas(case):
    place = distribute.strategy("mirrored")
    assert place.num_replicas_in_sync == 2
    model = prepare(case.recipe, case.splits, place, seed=0)
    history, _ = one_step(case, model)
    assert all(np.isfinite(values).all() for values in history.values())
