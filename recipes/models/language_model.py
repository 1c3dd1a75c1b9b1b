"""A recurrent network with a memory that goes on from one training batch to the next."""

import contextlib

import keras

# Steps that are written out one after the other at most: the graph grows with each.
MOST_WRITTEN_OUT = 128


@keras.saving.register_keras_serializable("kerasrecipes")
class LanguageModel(keras.Model):
    """Predict the next character, and carry the memory through training.

    Training by truncated backpropagation through time (Williams and Peng 1990, "An efficient
    gradient-based algorithm for on-line training of recurrent network trajectories"): each batch
    begins with the memory that the batch before left, and the gradient ends where the batch
    begins. The memory lies in variables, so it is saved in checkpoints and a run goes on to the
    bit. It is read and moved with `training=True` alone; otherwise a row begins with an empty one,
    so that an evaluation depends on nothing before it.

    A network that never met an empty memory in training does not know how to begin, and takes a
    hundred characters to find its feet. So now and then a row forgets.

    Attributes:
        network: `keras.Model` from ids to logits, as `char_rnn.build` makes it.
        batch_size: int >= 1, rows of a training batch.
        forgetting: float in [0, 1), the probability that the memory of a row is emptied before a
            training batch.
        memory: list with one list of variables `(batch_size, units)` for each recurrent layer.
    """

    def __init__(self, network, batch_size, *, forgetting=0.0, **settings):
        """Set up; `settings` go to `keras.Model`."""
        super().__init__(**settings)
        self.network = network
        self.batch_size = batch_size
        self.forgetting = forgetting
        self.seed_generator = keras.random.SeedGenerator()
        self.memory = [
            [
                self.add_weight(
                    shape=(batch_size, size),
                    initializer="zeros",
                    trainable=False,
                    name=f"{layer.name}_memory{number}",
                )
                for number, size in enumerate(layer.state_size)
            ]
            for layer in network.layers
            if isinstance(layer, keras.layers.RNN)
        ]
        self.build((None, None))

    def build(self, input_shape):
        # Everything is there once the network is: nothing is left to be made by the first call.
        self.built = True

    def call(self, ids, training=False):
        """Return the logits of the character after each: `(batch, time, vocabulary_size)`."""
        if not training:
            return self.network(ids, training=False)
        logits, memory = self.advance(ids, self._kept(), training=True)
        for variables, values in zip(self.memory, memory, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return logits

    def _kept(self):
        """Return the memory of the rows that do not forget, and an empty one of those that do."""
        drawn = keras.random.uniform((self.batch_size, 1), seed=self.seed_generator)
        kept = keras.ops.cast(drawn >= self.forgetting, "float32")
        return [[variable * kept for variable in variables] for variables in self.memory]

    def advance(self, ids, memory, training=False):
        """Read on from a memory, and return the logits and what the memory has become.

        Args:
            ids: int tensor `(batch, time)`.
            memory: list with one list of tensors `(batch, units)` for each recurrent layer.
            training: bool, whether dropout is active. Defaults to False.

        Returns:
            Logits `(batch, time, vocabulary_size)`, and a memory of the same form.
        """
        hidden, left, found = ids, iter(memory), []
        for layer in self.network.layers:
            if isinstance(layer, keras.layers.RNN):
                with _written_out(layer, training and ids.shape[1]):
                    states = list(next(left))
                    hidden, *states = layer(hidden, initial_state=states, training=training)
                found.append(states)
            elif isinstance(layer, keras.layers.Dropout):
                hidden = layer(hidden, training=training)
            elif not isinstance(layer, keras.layers.InputLayer):
                hidden = layer(hidden)
        return hidden, found

    def empty_memory(self, batch_size):
        """Return the memory of nothing read yet."""
        return [
            [keras.ops.zeros((batch_size, variable.shape[1])) for variable in variables]
            for variables in self.memory
        ]

    def get_config(self):
        return {
            "network": keras.saving.serialize_keras_object(self.network),
            "batch_size": self.batch_size,
            "forgetting": self.forgetting,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        network = keras.saving.deserialize_keras_object(
            config["network"], custom_objects=custom_objects
        )
        return cls(**{**config, "network": network})


@contextlib.contextmanager
def _written_out(layer, num_steps):
    """Have a recurrent layer write its steps out in the graph, where that is faster.

    A loop runs one step after the other, on one core for the most part. Written out, the gradients
    of the weights at one step are computed beside the next step. Measured on two cores, an LSTM of
    256 units trained 1.7 times as fast. A GPU has a kernel of its own for the loop.
    """
    kept = layer.unroll
    layer.unroll = bool(num_steps and num_steps <= MOST_WRITTEN_OUT and not _has_gpu())
    try:
        yield
    finally:
        layer.unroll = kept


def _has_gpu():
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
