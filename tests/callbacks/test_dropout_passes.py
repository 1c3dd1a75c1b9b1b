import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasrecipes.callbacks.dropout_passes import DropoutPasses


@keras.saving.register_keras_serializable("tests")
class Counting(layers.Layer):
    """Counts the examples that pass through it while a graph runs."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.seen = tf.Variable(0, trainable=False)

    def call(self, inputs):
        self.seen.assign_add(tf.shape(inputs)[0])
        return inputs


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(6, 8, 8, 2)).astype("float32")


def convolutional(rate=0.5, counted=None):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 2), name="image")
    x = layers.Conv2D(4, 3)(inputs)
    x = layers.BatchNormalization()(x)
    x = counted(x) if counted else x
    x = layers.SpatialDropout2D(rate)(x)
    x = layers.Conv2D(4, 3)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(rate)(x)
    return keras.Model(inputs, layers.Dense(3)(x))


def state_of(model):
    return [np.asarray(variable.value).copy() for variable in model.variables]


def test_a_rate_of_zero_gives_the_deterministic_answer(images):
    model = convolutional(rate=0.0)
    passes = DropoutPasses(model, 5, most_values=1)
    answers = passes(images).numpy()
    assert answers.shape == (5, 6, 3)
    for answer in answers:
        np.testing.assert_array_equal(answer, passes.without(images).numpy())
    np.testing.assert_allclose(answers[0], model(images, training=False), rtol=1e-5, atol=1e-6)


def test_nothing_moves_in_the_model(images):
    model = convolutional()
    model.compile("adam", "mse")
    model.fit(images, np.zeros((6, 3)), verbose=0)  # statistics that are not those of a new model
    before, layer_calls = state_of(model), [vars(each).get("call") for each in model.layers]
    passes = DropoutPasses(model, 20)
    first = passes(images, 3).numpy()
    assert np.std(first, axis=0).min() > 0
    for got, expected in zip(state_of(model), before, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert [vars(each).get("call") for each in model.layers] == layer_calls
    assert [len(each._inbound_nodes) for each in model.layers] == [1] * len(model.layers)


def test_the_seed_decides(images):
    passes = DropoutPasses(convolutional(), 4)
    np.testing.assert_array_equal(passes(images, 3), passes(images, 3))
    assert np.abs(passes(images, 3) - passes(images, 4)).max() > 0
    assert np.abs(passes(images, 3) - passes(images, 3, batch=1)).max() > 0
    both = passes.over([images, images], 3)
    np.testing.assert_array_equal(both[:, :6], passes(images, 3))
    np.testing.assert_array_equal(both[:, 6:], passes(images, 3, batch=1))
    # One at a time or all together: other masks, the same distribution, and none twice.
    alone = DropoutPasses(passes.model, 4, most_values=1)(images, 3).numpy()
    assert len(np.unique(alone[:, 0, 0])) == 4


def test_what_stands_before_dropout_runs_once(images):
    counting = Counting()
    model = convolutional(counted=counting)
    passes = DropoutPasses(model, 50)
    counting.seen.assign(0)
    passes(images)
    assert counting.seen.numpy() == 6
    # Behind dropout it runs for each pass, and not once more.
    inputs = keras.Input((4,))
    late = Counting()
    model = keras.Model(inputs, late(layers.Dropout(0.5)(inputs)))
    late.seen.assign(0)
    DropoutPasses(model, 7, most_values=50)(np.ones((5, 4), "float32"))
    assert late.seen.numpy() == 35


def test_mean_and_variance_of_a_linear_model_are_those_of_the_closed_form():
    # y = w . (mask x) / keep, so E = w . x and Var = sum (w x)^2 (1 - keep) / keep.
    generator = np.random.default_rng(2)
    x, w = generator.normal(size=(3, 10)), generator.normal(size=(10, 1))
    model = keras.Sequential(
        [keras.Input((10,)), layers.Dropout(0.3), layers.Dense(1, use_bias=False)]
    )
    model.set_weights([w])
    answers = DropoutPasses(model, 20_000)(x.astype("float32"), 5).numpy()[..., 0]
    variance = ((w[:, 0] * x) ** 2).sum(axis=1) * 0.3 / 0.7
    error = np.sqrt(variance / 20_000)
    assert np.all(np.abs(answers.mean(axis=0) - (x @ w)[:, 0]) < 4 * error)
    np.testing.assert_allclose(answers.var(axis=0), variance, rtol=0.05)
    # Passes and examples draw apart.
    correlation = np.corrcoef(answers.T)
    assert np.abs(correlation - np.eye(3)).max() < 0.03


def test_gaussian_layers_have_their_variances():
    x = np.full((2, 4), 2.0, "float32")
    for layer, deviation in (
        (layers.GaussianNoise(0.7), 0.7),
        (layers.GaussianDropout(0.2), 2 * np.sqrt(0.2 / 0.8)),
    ):
        model = keras.Sequential([keras.Input((4,)), layer])
        answers = DropoutPasses(model, 5000)(x).numpy()
        np.testing.assert_allclose(answers.mean(axis=0), 2, atol=0.06)
        np.testing.assert_allclose(answers.std(axis=0), deviation, rtol=0.05)


def test_alpha_dropout_keeps_mean_and_variance():
    # Klambauer et al. 2017: what is N(0, 1) stays of mean 0 and variance 1.
    x = np.random.default_rng(0).normal(size=(200, 50)).astype("float32")
    model = keras.Sequential([keras.Input((50,)), layers.AlphaDropout(0.2)])
    answers = DropoutPasses(model, 20)(x).numpy()
    assert abs(answers.mean()) < 0.02
    assert abs(answers.var() - 1) < 0.03


def branches(rate):
    inputs = keras.Input((4,))
    dropped = layers.Dropout(rate, name="first")(inputs)
    plain = layers.Dense(4, name="plain")(inputs)
    both = layers.add([dropped, plain])
    late = layers.Dense(4, name="late")(layers.Dropout(rate, name="second")(plain))
    joined = layers.concatenate([both, late])
    return keras.Model(inputs, {"joined": joined, "plain": plain})


def test_branches_are_divided_where_dropout_stands():
    model, x = branches(0.5), np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    answers = keras.tree.map_structure(np.asarray, DropoutPasses(model, 400)(x))
    assert answers["joined"].shape == (400, 3, 8)
    plain = x @ weights["plain"][0] + weights["plain"][1]
    for answer in answers["plain"]:
        np.testing.assert_allclose(answer, plain, rtol=1e-5)
    # The first half is x or 0, doubled, and the plain branch, which is the same in each pass.
    masks = (answers["joined"][..., :4] - plain) / (2 * x)
    np.testing.assert_allclose(masks, masks.round(), atol=1e-4)
    assert set(np.unique(masks.round())) == {0.0, 1.0}
    # The second: each of the 16 masks of the plain branch gives one answer.
    kernel, bias = weights["late"]
    bits = np.array(list(np.ndindex(2, 2, 2, 2)))
    for example in range(3):
        possible = (2 * bits * plain[example]) @ kernel + bias
        distances = np.abs(answers["joined"][:, example, None, 4:] - possible).max(axis=-1)
        assert distances.min(axis=1).max() < 1e-4
        assert len(np.unique(distances.argmin(axis=1))) == 16
    # Two layers draw apart.
    possible = (2 * bits * plain[0]) @ kernel + bias
    distances = np.abs(answers["joined"][:, 0, None, 4:] - possible).max(axis=-1)
    second = bits[distances.argmin(axis=1)]
    agreement = np.mean(second == masks[:, 0].round())
    assert 0.42 < agreement < 0.58


def test_nested_models_are_unfolded(images):
    counting = Counting()
    inner = keras.Sequential(
        [keras.Input((8, 8, 2)), layers.Conv2D(3, 3), counting, layers.Dropout(0.5)], name="inner"
    )
    inputs = keras.Input((8, 8, 2))
    hidden = inner(inputs, training=False)
    outer = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(hidden)))
    model = keras.Sequential([outer])
    model.build((None, 8, 8, 2))
    passes = DropoutPasses(model, 12)
    counting.seen.assign(0)
    answers = passes(images).numpy()
    assert answers.shape == (12, 6, 2)
    assert counting.seen.numpy() == 6
    assert answers.std(axis=0).min() > 0


def test_one_dropout_layer_called_twice_draws_twice():
    inputs = keras.Input((64,))
    layer = layers.Dropout(0.5)
    model = keras.Model(inputs, [layer(inputs), layer(inputs)])
    first, second = DropoutPasses(model, 3)(np.ones((2, 64), "float32"))
    assert 0.35 < np.mean(first.numpy() == second.numpy()) < 0.65


class Own(keras.Model):
    """A model that is no graph: its `call` is Python."""

    def __init__(self):
        super().__init__()
        self.normalization = layers.BatchNormalization()
        self.dropout = layers.Dropout(0.5)
        self.head = layers.Dense(2)

    def call(self, inputs, training=False):
        hidden = self.normalization(inputs, training=training)
        return self.head(self.dropout(hidden, training=training))


def test_a_model_with_a_call_of_its_own_runs_whole():
    model, x = Own(), np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    model(x)
    before = state_of(model)
    answers = DropoutPasses(model, 30)(x).numpy()
    assert answers.shape == (30, 4, 2)
    assert len(np.unique(answers[:, 0, 0])) > 3
    for got, expected in zip(state_of(model), before, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_dropout_inside_a_layer_is_found():
    inputs = keras.Input((5, 8))
    hidden = layers.MultiHeadAttention(2, 4, dropout=0.5)(inputs, inputs)
    answers = DropoutPasses(keras.Model(inputs, hidden), 6)(np.ones((2, 5, 8), "float32")).numpy()
    assert answers.std(axis=0).max() > 0


def test_masks_of_padding_go_along():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.SpatialDropout1D(0.0),
            layers.LSTM(3),
        ]
    )
    short, padded = np.array([[3, 5]]), np.array([[3, 5, 0, 0]])
    passes = DropoutPasses(model, 2)
    np.testing.assert_allclose(passes(padded)[0], model(short, training=False), rtol=1e-5)


def test_a_mask_that_is_one_for_the_batch_is_one_for_a_pass():
    model = keras.Sequential([keras.Input((64,)), layers.Dropout(0.5, noise_shape=(1, 64))])
    answers = DropoutPasses(model, 4)(np.ones((3, 64), "float32")).numpy()
    for answer in answers:
        np.testing.assert_array_equal(answer, answer[:1].repeat(3, axis=0))
    assert len(np.unique(answers, axis=0)) == 4


def test_a_dictionary_of_inputs_and_another_batch_size():
    first, second = keras.Input((2,), name="b"), keras.Input((3,), name="a")
    hidden = layers.Dropout(0.4)(layers.concatenate([first, second]))
    model = keras.Model({"b": first, "a": second}, layers.Dense(2)(hidden))
    passes = DropoutPasses(model, 3)
    for size in (4, 1, 7):
        given = {"a": np.ones((size, 3), "float32"), "b": np.ones((size, 2), "float32")}
        assert passes(given).shape == (3, size, 2)
        np.testing.assert_allclose(
            passes.without(given), model(given, training=False), rtol=1e-5, atol=1e-6
        )


def test_weights_that_change_are_seen(images):
    model = convolutional()
    passes = DropoutPasses(model, 3)
    before = passes(images).numpy()
    model.layers[-1].set_weights([np.zeros_like(w) for w in model.layers[-1].get_weights()])
    assert np.abs(before).max() > 0
    assert np.abs(passes(images)).max() == 0


@pytest.mark.parametrize("num_passes", [0, 2.5, True])
def test_a_wrong_number_of_passes(num_passes):
    with pytest.raises(ValueError, match="`num_passes` of DropoutPasses must be a whole number"):
        DropoutPasses(convolutional(), num_passes)


def test_a_model_without_dropout():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)], name="plain")
    with pytest.raises(ValueError, match="Model 'plain' must have a dropout layer"):
        DropoutPasses(model)


def test_a_model_that_is_not_built():
    with pytest.raises(ValueError, match="must be built"):
        DropoutPasses(keras.Sequential([layers.Dropout(0.5), layers.Dense(1)]))
