"""What every recipe of the catalogue keeps to."""

import dataclasses
import functools
import math

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import catalog, distribute
from kerasrecipes.recipes.architecture import num_parameters
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.pictures import png
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.serving import saved_model
from kerasrecipes.recipes.serving.saved_model_check import differences
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.recipes.tasks.classification import Classification

BATCH_SIZE = 8


@dataclasses.dataclass
class Case:
    recipe: object
    splits: object
    model: keras.Model

    @functools.cached_property
    def endpoints(self):
        return self.recipe.task.endpoints(self.model, self.splits)


# Tracing or writing these takes a minute each; a smaller one of the same architecture is tested.
SLOW = (
    "resnet20_cifar100",
    "resnet56_cifar10",
    "resnet110_cifar10",
    "resnet50_imagenette",
    "unet_pet",
    "dcgan_cifar10",
    "ddpm_cifar10",
    "transformer_pt_en",
)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in catalog.names()
    ],
)
def case(request, load_few):
    recipe = catalog.get(request.param)
    recipe = replace(recipe, batch_size=min(BATCH_SIZE, recipe.batch_size))
    splits = load_few(recipe.data)
    yield Case(recipe, splits, prepare(recipe, splits, distribute.strategy("none"), seed=0))
    keras.backend.clear_session()


def one_step(case, model):
    steps = model.train_function = TrainingSteps(model, 1)
    recipe = case.recipe
    batches = training_batches(
        case.splits.train,
        recipe.batch_size,
        seed=0,
        augment=recipe.augment,
        pair=recipe.task.pair,
    )
    return model.fit(batches, steps_per_epoch=1, verbose=0, shuffle=False).history, steps


def test_the_parameters_are_those_of_the_table(case):
    assert case.recipe.num_parameters is not None
    assert num_parameters(case.model)["trainable"] == case.recipe.num_parameters


def test_its_endpoints_take_named_inputs_and_answer_finite_numbers(case):
    assert "serving_default" in case.endpoints
    for endpoint in case.endpoints.values():
        assert all(spec.name for spec in endpoint.inputs)
        for value in endpoint.answer().values():
            assert value.dtype.kind not in "fc" or np.isfinite(value).all()


def test_a_classifier_begins_near_ln_n(case):
    if not isinstance(case.recipe.task, Classification):
        pytest.skip("not a classifier")
    inputs, targets = case.splits.train.examples(range(64))
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
    case.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    again = case.recipe.task.endpoints(loaded, case.splits)["serving_default"].answer()
    for name, value in case.endpoints["serving_default"].answer().items():
        np.testing.assert_array_equal(again[name], value)


def test_exported_it_answers_the_same(case, tmp_path):
    saved_model.write(case.model, case.endpoints, tmp_path / "1")
    assert differences(tmp_path / "1", saved_model.expected(case.endpoints)) == []


def test_it_evaluates_to_the_figures_it_names(case):
    task, splits = case.recipe.task, case.splits
    figures, outcome = task.evaluate(case.model, splits, splits.test.ordered(256))
    assert set(figures) == set(task.figures)
    assert all(np.isfinite(list(figures.values())))
    assert f"baseline_{case.recipe.expected.metric}" in figures and task.baseline
    for title, caption, figure in task.pictures(splits, splits.test, outcome):
        assert title and caption and png(figure).startswith(b"\x89PNG")
    for title, header, rows in task.tables(case.model, splits, outcome):
        assert title and all(len(row) == len(header) for row in rows)
