import keras
import numpy as np
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.distribute.updates import across_replicas


def test_gradients_that_are_not_finite_on_one_replica_move_no_weight():
    place = distribute.strategy("mirrored")
    with place.scope():
        weight = keras.Variable([1.0, 2.0])
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
        optimizer.build([weight])
        across_replicas(optimizer, place)
    step = tf.function(lambda g: place.run(lambda g: optimizer.apply([g], [weight]), args=(g,)))

    def take(*gradients):
        step(
            place.experimental_distribute_values_from_function(
                lambda context: tf.constant(gradients[context.replica_id_in_sync_group])
            )
        )

    scale = optimizer.dynamic_scale.numpy()
    take([0.0, 0.0], [np.inf, 0.0])  # the first replica knows of nothing
    np.testing.assert_array_equal(weight.numpy(), [1.0, 2.0])
    assert optimizer.dynamic_scale.numpy() == scale / 2
    take([scale / 2, 0.0], [scale / 2, 0.0])
    np.testing.assert_allclose(weight.numpy(), [0.8, 2.0], rtol=1e-6)


def test_one_device_keeps_keras_as_it_is():
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)
    own = optimizer._backend_apply_gradients
    assert across_replicas(optimizer, distribute.strategy("none")) is optimizer
    assert optimizer._backend_apply_gradients == own
