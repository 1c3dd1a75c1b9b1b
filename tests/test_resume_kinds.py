"""A run of every kind that is broken off in an epoch ends as if it had not been, to the bit."""

import functools

import numpy as np
import pytest

from kerasrecipes.callbacks import Unfreeze
from kerasrecipes.recipes import catalog, distribute, preparing, training
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.runs import checkpoint
from kerasrecipes.recipes.runs.run import Run

# The first recipe of each task, and those whose callbacks or layers have a state of their own.
FIRST = {type(catalog.get(name).task): name for name in reversed(catalog.names())}
# Tracing these twice takes up to a minute each; a small language model has a test of its own.
SLOW = (
    "lstm_pydoc",
    "ddpm_digits",
    "resnet20_glyphs",
    "transfer_glyphs_few",
    "transformer_dates",
    "unet_shapes",
)
NAMES = dict.fromkeys([*FIRST.values(), "resnet20_glyphs", "transfer_glyphs_few"])


@pytest.fixture(
    params=[
        *(pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in NAMES),
        # The scale of its loss is a state of the optimizer.
        "softmax_digits in mixed_float16",
    ]
)
def recipe(request):
    name, _, precision = request.param.partition(" in ")
    found = catalog.get(name)
    changes = {"epochs": 3, "batch_size": min(8, found.batch_size)}
    if precision:
        changes["precision"] = precision
    if "transfer" in found.name:
        # Its gate is shut in the first epoch, and open where the run is broken off.
        changes["callbacks"] = (functools.partial(Unfreeze, epoch=1),)
    return replace(found, **changes)


def test_a_run_that_goes_on_ends_with_the_same_bits(recipe, load_few, tmp_path, monkeypatch):
    # What is left after the last step is not what is asked here.
    monkeypatch.setattr(training, "finish", lambda run, recipe, splits, model, history: history)
    monkeypatch.setattr(preparing, "STEPS_PER_EXECUTION", 2)
    monkeypatch.setattr(checkpoint, "NUM_KEPT", 1_000)
    splits = load_few(recipe.data)
    run = Run.create(
        tmp_path,
        recipe.name,
        status="training",
        overrides={},
        recipe=recipe.describe(),
        seed=3,
        saved_models=None,
        checkpoint_seconds=0.0,
        data=splits.describe(),
        seconds=0.0,
    )

    def fit(restored=None):
        model = preparing.prepare(recipe, splits, distribute.strategy("none"), seed=3)
        history = training._fit(run, recipe, splits, model, False, restored)
        optimizers = [optimizer for optimizer, _ in recipe.task.optimizers(model)]
        variables = [v for owner in (model, *optimizers) for v in owner.variables]
        return [variable.numpy() for variable in variables], history

    straight, straight_history = fit()
    num_steps = splits.train.steps_per_epoch(recipe.batch_size)
    saved = sorted((run.folder / "checkpoint").glob("step-*.npz"))
    # A kill within the second epoch, or where an epoch is one step, behind the second.
    later = [path for path in saved if int(path.stem.partition("-")[2]) > num_steps]
    for path in later[1:]:
        path.unlink()
    restored = checkpoint.latest(run.folder / "checkpoint")
    assert num_steps < restored.step < 3 * num_steps
    assert restored.step % num_steps or num_steps <= 2
    resumed, history = fit(restored)
    assert len(resumed) == len(straight)
    for ours, expected in zip(resumed, straight, strict=True):
        np.testing.assert_array_equal(ours, expected)
    clock = ("milliseconds_per_step", "waiting_for_data", "seconds")
    for name in set(straight_history) - set(clock):
        assert history[name] == straight_history[name], name
