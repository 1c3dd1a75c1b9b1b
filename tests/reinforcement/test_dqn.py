"""Deep Q-learning: counts, the Bellman target, the memory, a chain solved exactly, and resuming."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import catalog, data, distribute
from kerasrecipes.recipes.architecture import num_parameters
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.models.q_learning import QLearning
from kerasrecipes.recipes.models.replay_memory import ReplayMemory
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.reinforcement import dqn
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.recipes.tasks.deep_q_learning import DeepQLearning

CHAIN = replace(
    catalog.get("dqn_cartpole"),
    data="gym:Chain-v0#320",
    batch_size=8,
    epochs=1,
    learning_rate=0.05,
    task=DeepQLearning(discount=0.9, final_epsilon=1.0, target_interval=10, num_replayed=32),
)


def prepared(recipe=CHAIN, seed=0):
    splits = data.load(recipe.data)
    return prepare(recipe, splits, distribute.strategy("none"), seed), splits


def fit(model, recipe, splits, num_steps, first_step=0):
    model.train_function = TrainingSteps(model, num_steps)
    batches = training_batches(splits.train, recipe.batch_size, seed=0, first_step=first_step)
    return model.fit(batches, steps_per_epoch=num_steps, verbose=0, shuffle=False).history


def tabular(input_shape, num_actions):
    """Return a network with one number for each place and action."""
    observation = keras.Input(input_shape, name="observation")
    values = keras.layers.Dense(num_actions, use_bias=False, name="q_values")(observation)
    return keras.Model(observation, values)


@pytest.mark.parametrize(
    "shape, num_actions, count",
    [((4,), 2, 10_934), ((84, 84, 4), 4, 1_686_180), ((84, 84, 4), 18, 1_693_362)],
)
def test_it_has_the_papers_parameters(shape, num_actions, count):
    model = dqn.build(shape, num_actions)
    assert num_parameters(model)["trainable"] == count
    assert model.inputs[0].dtype == ("uint8" if len(shape) == 3 else "float32")


def test_bytes_are_seen_as_fractions():
    model = dqn.build((36, 36, 4), 2)
    black, white = (model(np.full((1, 36, 36, 4), value, "uint8")) for value in (0, 255))
    rescaled = model.get_layer("rescaling")(np.full((1, 1, 1, 1), 255, "uint8"))
    assert float(rescaled[0, 0, 0, 0]) == 1
    assert not np.allclose(black, white)


def test_the_target_is_bellmans():
    network = dqn.build((3,), 2)
    model = QLearning(network, "Chain-v0", 20, 1, discount=0.9)
    generator = np.random.default_rng(0)
    for variable in model.target.variables:  # another one than the network that learns
        variable.assign(generator.normal(size=variable.shape))
    here, there = generator.normal(size=(2, 6, 3)).astype("float32")
    actions = np.array([0, 1, 1, 0, 1, 0], "int32")
    rewards = np.array([1, 0, 5, -3, 0, 2], "float32")
    ends = np.array([False, False, True, False, True, False])
    values, later = model.online(here).numpy(), model.target(there).numpy()
    total = 0
    for i in range(6):
        wanted = rewards[i] + (0 if ends[i] else 0.9 * later[i].max())
        total += (wanted - values[i, actions[i]]) ** 2
    transitions = tuple(map(tf.constant, (here, actions, rewards, there, ends)))
    assert float(model.temporal_difference(transitions)) == pytest.approx(total / 6, rel=1e-5)
    with tf.GradientTape() as tape:
        loss = model.temporal_difference(transitions)
    variables = [v.value for v in model.variables if v.dtype == "float32"]
    moved = {v.path for v, g in zip(
        [v for v in model.variables if v.dtype == "float32"], tape.gradient(loss, variables),
        strict=True,
    ) if g is not None}  # fmt: skip
    assert moved == {v.path for v in model.online.variables}  # nothing flows through the target


def test_the_memory_is_a_ring_and_draws_evenly():
    memory = ReplayMemory(4, (1,), "float32")

    def write(*numbers):
        column = np.array(numbers, "float32")
        memory.write(
            column[:, None], column.astype("int32"), column, column[:, None] + 1, column > 3
        )

    write(1, 2)
    observations, actions, rewards, after, ends = memory.draw(200, (0, 1))
    assert set(rewards.numpy().tolist()) == {1, 2}  # what is empty is not drawn
    write(3, 4, 5)
    assert memory.columns[2].numpy().tolist() == [5, 2, 3, 4]
    observations, actions, rewards, after, ends = memory.draw(4000, (0, 2))
    counts = np.bincount(actions.numpy())[2:]
    assert (np.abs(counts - 1000) < 5 * np.sqrt(4000 * 0.25 * 0.75)).all()
    np.testing.assert_array_equal(observations[:, 0], rewards)
    np.testing.assert_array_equal(after[:, 0], rewards + 1)
    np.testing.assert_array_equal(ends, rewards > 3)
    np.testing.assert_array_equal(memory.draw(9, (3, 4))[2], memory.draw(9, (3, 4))[2])


def test_the_chain_is_solved_exactly():
    model, splits = prepared(replace(CHAIN, build=tabular, epochs=15))
    fit(model, CHAIN, splits, 600)
    # V(s) = 0.9^(3 - s); to the left is one place and one step further, or as far at the wall.
    right = 0.9 ** (3 - np.arange(4))
    left = 0.9 * right[[0, 0, 1, 2]]
    found = model(np.eye(5, dtype="float32")).numpy()[:4]
    np.testing.assert_allclose(found, np.stack([left, right], axis=1), atol=0.01)
    figures, _ = CHAIN.task.evaluate(model, splits, splits.test.ordered(256))
    assert figures["mean_return"] == figures["min_return"] == 1


def test_epsilon_falls_linearly_and_the_target_is_copied_now_and_then():
    recipe = replace(CHAIN, **{"task.final_epsilon": 0.2, "task.exploration": 0.5})
    model, splits = prepared(recipe)
    assert float(model.epsilon()) == 1
    here, there = model.online.variables[0], model.target.variables[0]
    for done, same in ((9, False), (10, True), (33, False)):
        steps = done - int(model.optimizer.iterations.numpy())
        fit(model, recipe, splits, steps, first_step=done - steps)
        assert np.array_equal(here.numpy(), there.numpy()) == same
        # Of 40 steps, half.
        assert float(model.epsilon()) == pytest.approx(max(0.2, 1 - 0.8 * done / 20))


def test_actions_are_the_best_ones_or_random_ones():
    model, _ = prepared()
    model.settings["final_epsilon"] = 0.25
    model.optimizer.iterations.assign(10**6)
    seen = tf.constant(np.tile(np.eye(5, dtype="float32")[:1], (4000, 1)))
    best = int(model.actions(seen)[0])
    share = np.mean(model._explore(seen).numpy() == best)
    assert share == pytest.approx(1 - 0.25 / 2, abs=5 * np.sqrt(0.125 * 0.875 / 4000))


def test_logs_are_of_the_episodes_that_ended():
    model, splits = prepared()
    logs = fit(model, CHAIN, splits, 40)
    assert set(logs) == {"loss", "return", "epsilon"}
    assert 0.5 < logs["return"][0] <= 1  # twenty random steps mostly find the end
    answer = model.evaluate(splits.validation.ordered(8), verbose=0, return_dict=True)
    assert set(answer) == {"return"} and 0 <= answer["return"] <= 1


def test_it_plays_from_a_screen_of_bytes(tmp_path):
    recipe = replace(
        CHAIN, data="gym:Screen-v0#16", batch_size=2, **{"task.num_replayed": 2, "task.capacity": 8}
    )
    model, splits = prepared(recipe)
    fit(model, recipe, splits, 3)
    assert model.memory.columns[0].dtype == "uint8"
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    observations, _ = splits.test.examples([0, 1])
    np.testing.assert_array_equal(loaded(observations), model(observations))
    np.testing.assert_array_equal(loaded.memory.columns[0], model.memory.columns[0])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((4, 4), 2), "`input_shape` of dqn.build must be"),
        (((20, 84, 4), 2), "sides of at least 36"),
        (((4,), 0), "`num_actions` of dqn.build must be at least 1"),
    ],
)
def test_arguments_out_of_range_are_told(arguments, message):
    with pytest.raises(RecipeError, match=message):
        dqn.build(*arguments)


def test_settings_and_data_that_do_not_fit_are_told(data_dir):
    for name, value in (("discount", 1.5), ("exploration", 0.0), ("capacity", 0)):
        with pytest.raises(RecipeError, match=f"`{name}` of deep Q-learning must be"):
            DeepQLearning(**{name: value})
    with pytest.raises(RecipeError, match=r"'wine' must be an environment to act in"):
        CHAIN.task.core(CHAIN, data.load("wine", data_dir=data_dir))
    with pytest.raises(RecipeError, match=r"`normalize` of recipe 'dqn_cartpole' must be None"):
        prepared(replace(CHAIN, normalize=keras.layers.Normalization))
