import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute, replicas


@pytest.fixture(scope="module")
def place():
    return distribute.strategy("mirrored")


def on_each(place, function, *values):
    """Return what a function of a replica's number and its value gives, by replica."""
    given = place.experimental_distribute_values_from_function(
        lambda context: tf.constant(values[context.replica_id_in_sync_group])
    )
    run = tf.function(lambda value: place.run(function, args=(value,)))
    return [r.numpy() for r in place.experimental_local_results(run(given))]


def test_alone_nothing_is_added():
    value = tf.constant([1.0, 2.0])
    assert replicas.num_replicas() == 1 and replicas.replica_number() == 0
    assert replicas.total(value) is value and replicas.total_of_few(value) is value
    assert replicas.rows_of_all(5) == (0, 5)
    assert replicas.drawn(lambda n: n, 3) == 3


def test_a_total_is_of_all_and_so_is_its_gradient(place):
    def square_of_sum(value):
        with tf.GradientTape() as tape:
            tape.watch(value)
            loss = replicas.total(value) ** 2 / replicas.num_replicas()
        return tf.stack([replicas.total(value), tape.gradient(loss, value)])

    # d (a + b)^2 / da = 2 (a + b), by the replicas' shares together.
    for total, gradient in on_each(place, square_of_sum, 1.0, 2.0):
        assert (total, gradient) == (3.0, 6.0)


def test_a_total_of_few_is_that_of_all(place):
    values = np.float32([1.0, 2.0]), np.float32([3.0, 5.0])
    found = on_each(place, lambda value: replicas.total_of_few(1.0 * value), *values)
    np.testing.assert_array_equal(found, [[4.0, 7.0]] * 2)


def test_rows_know_their_place_where_shares_differ(place):
    def rows(value):
        return tf.stack(replicas.rows_of_all(value))

    found = on_each(place, rows, 3, 2)
    np.testing.assert_array_equal(found, [[0, 5], [3, 5]])


def test_the_draws_of_two_are_the_draw_of_one(place):
    def draw(count):
        return tf.random.stateless_normal((count, 2), (1, 2))

    found = on_each(place, lambda value: replicas.drawn(draw, 3), 0, 0)
    np.testing.assert_array_equal(np.concatenate(found), draw(6))
    found = on_each(place, lambda value: replicas.drawn(draw, value), 4, 1)
    np.testing.assert_array_equal(np.concatenate(found), draw(5))


def test_each_replica_has_a_number(place):
    found = on_each(place, lambda value: tf.constant(replicas.replica_number()), 0, 0)
    assert found == [0, 1]
