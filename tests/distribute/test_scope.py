"""What is made where: the strategy before anything else, and every variable in its scope."""

import keras
import pytest
import tensorflow as tf

from kerasrecipes.recipes import catalog, distribute, training
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.recipe_data import batches_of
from kerasrecipes.recipes.steps import TrainingSteps


class Stop(Exception):
    pass


def test_the_workers_meet_then_the_strategy_is_made_then_the_data_are_read(monkeypatch, tmp_path):
    """TensorFlow can neither join workers nor set a TPU up once anything else has used it."""
    order = []

    def noted(name, answer=None):
        def call(*arguments, **keywords):
            order.append(name)
            if name == "prepare":
                raise Stop
            return answer

        return call

    place = distribute.strategy("none")
    monkeypatch.setattr(training, "meet", noted("meet"))
    monkeypatch.setattr(training.distribute, "strategy", noted("strategy", place))
    monkeypatch.setattr(training, "splits_of", noted("splits"))
    monkeypatch.setattr(training, "prepare", noted("prepare"))
    with pytest.raises(Stop):
        training.train("softmax_digits", runs=tmp_path, saved_models=None)
    assert order == ["meet", "strategy", "splits", "prepare"]


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_every_variable_of_a_recipe_is_made_in_the_scope(load_few, precision):
    """One that is not would be the same on all replicas, and moved by each of them."""
    place = distribute.strategy("mirrored")
    recipe = replace(catalog.get("mlp_digits"), batch_size=8, precision=precision)
    splits = load_few(recipe.data)
    model = prepare(recipe, splits, place, seed=0)
    steps = model.train_function = TrainingSteps(model, 1)
    data = distribute.training_data(
        place, 8, lambda rows: batches_of(recipe, splits, 0, 0, rows=rows)
    )
    model.fit(data, steps_per_epoch=1, verbose=0, shuffle=False)
    assert steps.num_steps_done == 1
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    variables = [*model.variables, *model.optimizer.variables, *metrics]
    assert len(variables) > 10
    kinds = tf.distribute.DistributedValues
    assert [v.path for v in variables if not isinstance(v.value, kinds)] == []
    is_scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert is_scaled == (precision == "mixed_float16")
