"""REINFORCE: the returns, the gradient against the book's formula, a chain, and resuming."""

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import catalog, data, distribute
from kerasrecipes.recipes.architecture import num_parameters
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.models.policy_gradient import PolicyGradient, returns_to_go
from kerasrecipes.recipes.preparing import prepare
from kerasrecipes.recipes.recipe import replace
from kerasrecipes.recipes.reinforcement import reinforce
from kerasrecipes.recipes.steps import TrainingSteps
from kerasrecipes.recipes.tasks.policy_learning import PolicyLearning

CHAIN = replace(
    catalog.get("reinforce_cartpole"),
    data="gym:Chain-v0#320",
    batch_size=8,
    learning_rate=0.02,
    **{"build.units": 16, "task.discount": 0.9},
)


def prepared(seed=0):
    splits = data.load(CHAIN.data)
    return prepare(CHAIN, splits, distribute.strategy("none"), seed), splits


def fit(model, splits, num_steps, first_step=0):
    model.train_function = TrainingSteps(model, num_steps)
    batches = training_batches(splits.train, CHAIN.batch_size, seed=0, first_step=first_step)
    return model.fit(batches, steps_per_epoch=num_steps, verbose=0, shuffle=False).history


def test_it_has_the_parameters_of_its_table():
    # 4 * 128 + 128 and 128 * 2 + 2 of the policy, as many and 128 + 1 of the baseline.
    count = (4 * 128 + 128 + 128 * 2 + 2) + (4 * 128 + 128 + 128 + 1)
    assert num_parameters(reinforce.build((4,), 2))["trainable"] == count == 1_667


def test_returns_are_discounted_sums_of_what_comes():
    rewards = np.array([[1, 0], [2, 5], [3, 0]], "float32")
    expected = [[1 + 0.5 * 2 + 0.25 * 3, 2.5], [2 + 0.5 * 3, 5], [3, 0]]
    np.testing.assert_allclose(returns_to_go(tf.constant(rewards), 0.5), expected)


def test_the_gradient_is_the_books():
    model = PolicyGradient(reinforce.build((3,), 4, units=5), "Chain-v0")
    generator = np.random.default_rng(0)
    observations = generator.normal(size=(7, 3)).astype("float32")
    actions = np.array([0, 3, 1, 2, 2, 0, 3], "int32")
    returns = generator.normal(size=7).astype("float32") * 5
    with tf.GradientTape() as tape:
        loss, entropy = model.objective(*map(tf.constant, (observations, actions, returns)))
    bias = model.network.get_layer("logits").bias
    value_bias = model.network.get_layer("value").bias
    got, got_value = tape.gradient(loss, [bias.value, value_bias.value])
    answer = model.network(observations)
    error = returns - answer["value"].numpy()[:, 0]
    logits = answer["logits"].numpy()
    policy = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # The gradient of log pi(a) with respect to the logits is 1_a - pi.
    advantage = error / error.std()
    expected = -np.mean(advantage[:, None] * (np.eye(4)[actions] - policy), axis=0)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got_value, [-error.mean()], rtol=1e-4)
    assert float(entropy) == pytest.approx(-np.mean(np.sum(policy * np.log(policy), axis=1)))


def test_the_chain_is_learned():
    model, splits = prepared()
    logs = fit(model, splits, 120)
    assert set(logs) == {"loss", "entropy", "return"}
    places = tf.constant(np.eye(5, dtype="float32")[:4])
    assert model.actions(places).numpy().tolist() == [1, 1, 1, 1]
    # The baseline comes near 0.9^(3 - s), where the policy is nearly sure.
    np.testing.assert_allclose(model.values(places), 0.9 ** (3 - np.arange(4)), atol=0.15)
    figures, _ = CHAIN.task.evaluate(model, splits, splits.test.ordered(256))
    assert figures["mean_return"] == 1 and figures["baseline_mean_return"] < 1


def test_arguments_out_of_range_are_told():
    with pytest.raises(RecipeError, match=r"`units` of reinforce.build must be at least 1"):
        reinforce.build((4,), 2, units=0)
    with pytest.raises(RecipeError, match=r"must be \(numbers,\)\. Received"):
        reinforce.build((84, 84, 4), 2)
    with pytest.raises(RecipeError, match=r"`discount` of policy learning must be"):
        PolicyLearning(discount=2)
