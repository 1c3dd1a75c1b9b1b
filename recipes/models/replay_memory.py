"""What an agent has lived through, to learn from again."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kerasrecipes")
class ReplayMemory(keras.layers.Layer):
    """A ring of transitions: the newest take the place of the oldest.

    Lin 1992, "Self-improving reactive agents based on reinforcement learning, planning and
    teaching", https://doi.org/10.1007/BF00992699; Mnih et al. 2015, algorithm 1.
    """

    def __init__(self, capacity, observation_shape, observation_dtype, **keywords):
        """Set up an empty memory.

        Args:
            capacity: int >= 1, transitions kept.
            observation_shape: tuple of int.
            observation_dtype: str.
            **keywords: what every Keras layer takes.
        """
        super().__init__(**keywords)
        self.capacity = capacity
        seen = ((capacity, *observation_shape), observation_dtype)
        kinds = (
            ("observations", *seen),
            ("actions", (capacity,), "int32"),
            ("rewards", (capacity,), "float32"),
            ("next_observations", *seen),
            ("terminated", (capacity,), "bool"),
        )
        self.columns = [
            self.add_weight(shape, "zeros", dtype, trainable=False, name=name)
            for name, shape, dtype in kinds
        ]
        self.num_seen = self.add_weight((), "zeros", "int64", trainable=False, name="num_seen")
        self.built = True

    def write(self, *transitions):
        """Remember a batch: observations, actions, rewards, next observations, terminated."""
        count = tf.shape(transitions[1], tf.int64)[0]
        places = (self.num_seen.value + tf.range(count)) % self.capacity
        for column, values in zip(self.columns, transitions, strict=True):
            # In place: an assignment would copy the memory each step.
            column.value.scatter_nd_update(places[:, None], values)
        self.num_seen.assign(self.num_seen.value + count)

    def draw(self, count, seed):
        """Return transitions drawn evenly and with replacement, as they were written.

        Args:
            count: int.
            seed: two whole numbers, which alone decide.
        """
        filled = tf.minimum(self.num_seen.value, self.capacity)
        places = tf.random.stateless_uniform((count,), seed, maxval=filled, dtype=tf.int64)
        return tuple(tf.gather(column.value, places) for column in self.columns)
