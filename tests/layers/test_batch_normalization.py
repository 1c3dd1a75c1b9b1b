import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.layers import BatchNormalization

# Keras itself warns when it writes a file under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = (4, 6, 5, 3)


def images(dtype="float32", shape=SHAPE, seed=0):
    values = np.random.default_rng(seed).normal(2.0, 3.0, shape)
    return tf.cast(values, dtype)


def pair(shape=SHAPE, **arguments):
    """Return ours and Keras's with the same weights, none of them at its initial value."""
    layers = BatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)
    for layer in layers:
        layer.build(shape)
        rng = np.random.default_rng(1)
        layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    return layers


def outcome(layer, inputs, *, training):
    """Return outputs, the gradients of a curved function of them, and the weights after."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=training)
        # A plain sum has no gradient through normalisation.
        loss = tf.reduce_sum(tf.cast(outputs, "float32") ** 3 / 100)
    sources = [inputs, *(weight.value for weight in layer.weights if weight.trainable)]
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, sources)]
    return outputs.numpy(), gradients, layer.get_weights()


def assert_same(ours, theirs, *, tolerance=1e-5):
    for mine, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        assert mine.dtype == other.dtype
        scale = max(1.0, float(np.abs(other).max()))
        np.testing.assert_allclose(
            mine.astype("float32"),
            other.astype("float32"),
            rtol=tolerance,
            atol=tolerance * scale,
        )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"momentum": 0.5, "epsilon": 1e-2},
        {"center": False},
        {"scale": False},
        {"center": False, "scale": False},
        {"axis": 3},
    ],
    ids=str,
)
def test_outputs_gradients_and_statistics_are_those_of_keras(arguments, training):
    ours, theirs = pair(**arguments)
    assert ours._fits_the_kernel(images(), None)
    assert_same(
        outcome(ours, images(), training=training), outcome(theirs, images(), training=training)
    )


def test_the_moving_variance_follows_keras_where_the_batch_is_small():
    # 4 values a channel: without the correction the variance would be a third too large.
    shape = (1, 2, 2, 3)
    ours, theirs = pair(shape, momentum=0.0)
    for layer in (ours, theirs):
        layer(images(shape=shape), training=True)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-5)


def test_a_single_value_a_channel_has_variance_0():
    ours, theirs = pair((1, 1, 1, 3), momentum=0.0)
    for layer in (ours, theirs):
        layer(images(shape=(1, 1, 1, 3)), training=True)
    np.testing.assert_array_equal(ours.moving_variance, np.zeros(3))
    assert_same(ours.get_weights(), theirs.get_weights())


def test_frozen_it_runs_in_inference_mode():
    ours, theirs = pair()
    ours.trainable = theirs.trainable = False
    before = ours.get_weights()
    np.testing.assert_allclose(
        ours(images(), training=True), theirs(images(), training=True), rtol=1e-5, atol=1e-5
    )
    for weight, old in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_mixed_precision_keeps_statistics_in_32_bits(dtype, training):
    ours, theirs = pair(dtype=f"mixed_{dtype}")
    assert ours._fits_the_kernel(images(dtype), None)
    inputs = images(dtype)
    outputs, statistics = [], []
    for layer in (ours, theirs):
        outputs.append(layer(inputs, training=training))
        statistics.append(layer.get_weights())
        assert outputs[-1].dtype == dtype
        assert {weight.dtype for weight in layer.get_weights()} == {np.dtype("float32")}
    # The image is rounded to 11 or 8 bits, the statistics are not.
    step = {"float16": 2**-10, "bfloat16": 2**-7}[dtype]
    first, second = (np.float32(tf.cast(output, "float32")) for output in outputs)
    np.testing.assert_allclose(first, second, rtol=2 * step, atol=2 * step)
    assert_same(*statistics)


def test_weights_have_the_names_and_the_order_of_keras_and_go_both_ways(tmp_path):
    ours, theirs = pair()
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    models = []
    for layer, seed in ((ours, 2), (theirs, 3)):
        models.append(keras.Sequential([keras.Input(SHAPE[1:]), layer]))
        rng = np.random.default_rng(seed)
        layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    for source, target in (models, models[::-1]):
        kept = source.get_weights()
        source.save_weights(tmp_path / "kept.weights.h5")
        target.set_weights([np.zeros_like(weight) for weight in kept])
        target.load_weights(tmp_path / "kept.weights.h5")
        assert_same(target.get_weights(), kept, tolerance=0)


@pytest.mark.parametrize(
    "arguments, shape, mask",
    [
        ({"axis": 1}, SHAPE, None),
        ({}, (6, 3), None),
        ({}, (4, 6, 3), None),
        ({"renorm": True}, SHAPE, None),
        ({"epsilon": 1e-6}, SHAPE, None),
        ({"dtype": "float64"}, SHAPE, None),
        ({}, SHAPE, np.arange(4 * 6 * 5).reshape(4, 6, 5) % 3 > 0),
    ],
    ids=["axis", "features", "sequence", "renorm", "epsilon", "float64", "mask"],
)
def test_everything_else_is_left_to_keras(arguments, shape, mask):
    ours, theirs = pair(shape, **arguments)
    inputs = images(arguments.get("dtype", "float32"), shape)
    assert not ours._fits_the_kernel(inputs, mask)
    for training in (True, False):
        first, second = (layer(inputs, training=training, mask=mask) for layer in (ours, theirs))
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-6)
    assert_same(ours.get_weights(), theirs.get_weights())


@pytest.mark.parametrize("arguments", [{}, {"scale": False}, {"center": False}], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_two_replicas_compute_what_one_does_on_all_rows(arguments, dtype):
    """Outputs, gradients by inputs and by weights, and the statistics kept, to the digits."""
    place, inputs, weights = distribute.strategy("mirrored"), images(shape=(8, 6, 5, 3)), None
    found = []
    for scope in (tf.distribute.get_strategy(), place):
        num_replicas = scope.num_replicas_in_sync
        with scope.scope():
            layer = BatchNormalization(synchronized=True, dtype=dtype, **arguments)
            layer.build(SHAPE)
            assert layer._fits_the_kernel(tf.cast(inputs, layer.compute_dtype), None)
            rng = np.random.default_rng(1)
            weights = [rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights]
            for variable, value in zip(layer.weights, weights, strict=True):
                variable.assign(value)

        def on_replica(rows, layer=layer):
            rows = tf.cast(rows, layer.compute_dtype)
            trained = [weight.value for weight in layer.trainable_weights]
            with tf.GradientTape() as tape:
                tape.watch(rows)
                loss = tf.reduce_sum(tf.cast(layer(rows, training=True), "float32") ** 3 / 100)
                outputs = layer(rows, training=False)
            by_rows, *by_weights = tape.gradient(loss, [rows, *trained])
            return outputs, by_rows, by_weights

        halves = scope.experimental_distribute_values_from_function(
            lambda context, n=num_replicas: tf.split(inputs, n)[context.replica_id_in_sync_group]
        )
        step = tf.function(lambda x, f=on_replica, s=scope: s.run(f, args=(x,)))
        parts = [scope.experimental_local_results(part) for part in tf.nest.flatten(step(halves))]
        outputs, by_rows, *by_weights = parts
        found.append(
            [
                np.concatenate([np.float32(tf.cast(p, "float32")) for p in outputs]),
                np.concatenate([np.float32(tf.cast(p, "float32")) for p in by_rows]),
                *(sum(p.numpy() for p in part) for part in by_weights),
                *(weight.numpy() for weight in layer.weights),
            ]
        )
    tolerance = {"float32": 2e-6, "mixed_float16": 2e-3, "mixed_bfloat16": 2e-2}[dtype]
    assert_same(found[1], found[0], tolerance=tolerance)


def test_it_trains_in_a_model_with_an_unknown_batch_size_and_comes_back_from_a_file(tmp_path):
    model = keras.Sequential(
        [
            keras.Input(SHAPE[1:], name="image"),
            BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(images(shape=(10, *SHAPE[1:])), np.ones((10, 1)), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.layers[0]) is BatchNormalization
    np.testing.assert_array_equal(
        model.predict(images(), verbose=0), again.predict(images(), verbose=0)
    )


def test_the_moments_of_two_replicas_keep_their_digits():
    """A mean a thousand times the deviation, of which a difference of squares has nothing left."""
    place = distribute.strategy("mirrored")
    generator = np.random.default_rng(0)
    inputs = (1000 + generator.normal(size=(8, 5, 5, 3))).astype("float32")
    with place.scope():
        layer = BatchNormalization(synchronized=True, momentum=0.0, epsilon=1e-3)
        layer.build((None, 5, 5, 3))
    halves = place.experimental_distribute_values_from_function(
        lambda context: tf.constant(inputs[4 * context.replica_id_in_sync_group :][:4])
    )
    step = tf.function(lambda x: place.run(lambda x: layer(x, training=True), args=(x,)))
    outputs = np.concatenate([o.numpy() for o in place.experimental_local_results(step(halves))])
    exact = inputs.astype("float64")
    mean, variance = exact.mean(axis=(0, 1, 2)), exact.var(axis=(0, 1, 2))
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-3)
    np.testing.assert_allclose(outputs, (exact - mean) / np.sqrt(variance + 1e-3), atol=1e-2)
