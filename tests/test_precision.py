import keras
import numpy as np
import pytest

from kerasrecipes.callbacks.dropout_switch import stochastic_layers
from kerasrecipes.recipes import catalog, distribute, precision, train
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.recipe_data import batches_of
from kerasrecipes.recipes.rehearsals.rehearsed_steps import _copied
from kerasrecipes.recipes.runs import checkpoint
from kerasrecipes.recipes.runs.run import Run
from kerasrecipes.recipes.steps import TrainingSteps

NARROW = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
# A step of bfloat16 has 8 binary digits, one of float16 11.
WITHIN = {"mixed_bfloat16": 0.05, "mixed_float16": 0.01}
# One of each task, but for the large images of segmentation, which 16 bits of a CPU take minutes
# for. Tracing some of them takes long.
FIRST = {type(catalog.get(name).task): name for name in reversed(catalog.names())}
QUICK = ("softmax_digits", "linear_diabetes", "vae_digits", "linear_autoencoder_digits")
NAMES = dict.fromkeys([*QUICK, *FIRST.values(), "resnet8_letters", "transfer_glyphs_few"])
NAMES.pop("unet_shapes")


def after(num_steps, recipe, splits):
    """Return the model after some steps, and the losses of the first of them."""
    model = prepare(recipe, splits, distribute.strategy("none"), seed=0)
    model.train_function = TrainingSteps(model, 1)
    batches = batches_of(recipe, splits, 0, 0)
    history = model.fit(
        batches, steps_per_epoch=1, epochs=num_steps, verbose=0, shuffle=False
    ).history
    assert all(np.isfinite(values).all() for values in history.values())
    return model, {name: values[0] for name, values in history.items() if "loss" in name}


@pytest.mark.parametrize("policy", NARROW)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in NAMES]
)
def test_a_recipe_of_each_kind_takes_the_step_in_16_bits_and_answers_in_32(name, policy, load_few):
    recipe = catalog.get(name)
    recipe = replace(recipe, batch_size=min(8, recipe.batch_size), precision=policy)
    splits = load_few(recipe.data)
    model, losses = after(20, recipe, splits)
    assert keras.config.dtype_policy().name == "float32"
    computed = {layer.compute_dtype for layer in model._flatten_layers()}
    assert NARROW[policy] in computed
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    for optimizer, _ in recipe.task.optimizers(model):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == (
            policy == "mixed_float16"
        )
        # The first are left out where the loss was multiplied by too much.
        assert 3 <= int(optimizer.iterations.numpy()) <= 20
    # Dropout draws other units in 16 bits, and another rounding may play another game.
    if not stochastic_layers(model) and not name.endswith("_cartpole"):
        _, expected = after(1, replace(recipe, precision="float32"), splits)
        assert losses == pytest.approx(expected, rel=WITHIN[policy]) and losses
    inputs, _ = splits.validation.examples([0])
    for answer in keras.tree.flatten(model(inputs, training=False)):
        assert answer.dtype == "float32" and np.isfinite(answer).all()


def test_a_whole_run_keeps_its_precision(data_dir, tmp_path):
    result = train(
        "lenet5_digits",
        epochs=2,
        precision="mixed_float16",
        runs=tmp_path / "runs",
        saved_models=tmp_path / "saved",
        data_dir=data_dir,
        progress=False,
    )
    run = Run.open(result.run)
    assert run.record["recipe"]["precision"] == "mixed_float16"
    assert run.recipe().precision == "mixed_float16"
    assert "mixed_float16" in (result.run / "report.html").read_text("utf-8")
    assert result.saved_model is not None  # its answers were compared in another process
    assert result.model.output.dtype == "float32"
    # What was trained in 16 bits goes on in 32, with its weights and the moments of its optimizer.
    assert {layer.compute_dtype for layer in result.model.layers[1:]} == {"float32"}
    last = checkpoint.latest(result.run / "checkpoint")
    for kept in (result.model.weights, result.model.optimizer.variables):
        for variable in kept[:2]:
            assert any(np.array_equal(variable, array) for array in last.arrays.values())
    assert int(result.model.optimizer.iterations.numpy()) > 0
    again = keras.models.load_model(result.run / "model.keras")
    np.testing.assert_array_equal(again.get_weights()[-1], result.model.get_weights()[-1])
    assert result.figures["accuracy"] > 0.5


def test_answers_are_widened_where_they_are_narrow_alone():
    with precision.in_force("mixed_bfloat16"):
        given = keras.Input((3,), name="given")
        hidden = keras.layers.Dense(2, name="narrow")(given)
        wide = keras.layers.Dense(2, dtype="float32", name="wide")(hidden)
        counted = keras.ops.argmax(wide, axis=-1)
        network = keras.Model({"given": given}, {"a": hidden, "b": wide, "c": counted})
    answers = precision.answering_in_32_bits(network)
    assert {name: tensor.dtype for name, tensor in answers.output.items()} == {
        "a": "float32",
        "b": "float32",
        "c": "int32",
    }
    assert answers.output["b"] is network.output["b"]
    assert precision.answering_in_32_bits(answers) is answers
    x = np.ones((2, 3), "float32")
    for name, value in network({"given": x}).items():
        np.testing.assert_array_equal(
            np.asarray(value, "float32"), np.asarray(answers({"given": x})[name], "float32")
        )


def test_a_network_without_a_graph_stays_as_it_is():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    own = Own()
    assert precision.answering_in_32_bits(own) is own


def test_the_policy_is_put_back_when_the_body_fails():
    with pytest.raises(ZeroDivisionError), precision.in_force("mixed_float16"):
        assert keras.config.dtype_policy().name == "mixed_float16"
        raise ZeroDivisionError
    assert keras.config.dtype_policy().name == "float32"


def test_the_finder_gives_its_rate_to_an_optimizer_whose_loss_is_scaled():
    optimizer = precision.loss_scaled(keras.optimizers.SGD(0.1, momentum=0.9), "mixed_float16")
    copy = _copied(optimizer, 0.5)
    assert isinstance(copy, keras.optimizers.LossScaleOptimizer)
    assert float(copy.learning_rate) == 0.5 and copy.inner_optimizer.momentum == 0.9
    assert float(_copied(optimizer, None).learning_rate) == pytest.approx(0.1)


def test_infinite_gradients_move_no_weight_and_halve_the_scale():
    weight = keras.Variable([1.0])
    optimizer = precision.loss_scaled(keras.optimizers.SGD(0.1), "mixed_float16")
    optimizer.build([weight])
    scale = float(optimizer.dynamic_scale)
    optimizer.apply([keras.ops.convert_to_tensor([np.inf])], [weight])
    assert weight.numpy() == [1.0] and float(optimizer.dynamic_scale) == scale / 2
    optimizer.apply([keras.ops.convert_to_tensor([scale / 2])], [weight])
    np.testing.assert_allclose(weight.numpy(), [0.9], rtol=1e-6)
