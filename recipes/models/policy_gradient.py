"""A policy that learns from the returns of the episodes that it plays."""

import keras
import tensorflow as tf

from ..data.games import Games
from .episodes import play


@keras.saving.register_keras_serializable("kerasrecipes")
class PolicyGradient(keras.Model):
    """REINFORCE with a baseline.

    A step plays a whole episode from each beginning of the batch, each action drawn from the
    policy pi(a | s). With the discounted return G_t from step t on and the baseline v(s_t), it
    takes one gradient step on the mean over all moves of

        -(G_t - v(s_t)) log pi(a_t | s_t) + (G_t - v(s_t))^2 / 2

    where the first factor is a constant, brought to a standard deviation of 1 over the batch.

    The data are beginnings of episodes, `(observation, seed)`. Episodes end within the step, so a
    restart needs weights and random numbers alone.

    Called on observations `(batch, ...)`, it gives the logits of the actions `(batch, actions)`.

    Logs: `loss`, `entropy` of the policy in nats, and `return`, the mean over the episodes of an
    epoch; of validation only `return`, of the most probable actions.

    Sources: Williams 1992, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning", https://doi.org/10.1007/BF00992696; Sutton and Barto 2018,
    "Reinforcement learning", second edition, section 13.4.
    """

    def __init__(self, network, environment, *, discount=0.99, **keywords):
        """Set up.

        Args:
            network: `keras.Model` from observations to a dict of "logits" `(batch, actions)` and
                "value" `(batch, 1)`.
            environment: str, what gymnasium knows it by.
            discount: float in [0, 1]. Defaults to 0.99.
            **keywords: what every Keras model takes.
        """
        super().__init__(**keywords)
        self.network = network
        self.environment = environment
        self.discount = discount
        self.games = Games(environment)
        self.seed_generator = keras.random.SeedGenerator()
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", "entropy")}
        self.return_tracker = keras.metrics.Mean(name="return")
        self.build(network.input_shape)

    def build(self, input_shape):
        """Mark the model as built: its network is."""
        self.built = True

    def call(self, inputs, training=None):
        """Return the logits of the actions."""
        return self.network(inputs, training=training)["logits"]

    def actions(self, observations):
        """Return the most probable action of each observation, int32 `(batch,)`."""
        return tf.argmax(self(observations, training=False), axis=-1, output_type=tf.int32)

    def values(self, observations):
        """Return the baseline of each observation, `(batch,)`."""
        return self.network(observations, training=False)["value"][:, 0]

    def answers(self, observations):
        """Return what a server gives: a dict of tensors."""
        answer = self.network(observations, training=False)
        logits = tf.cast(answer["logits"], tf.float32)
        return {
            "logits": logits,
            "probabilities": tf.nn.softmax(logits),
            "value": tf.cast(answer["value"][:, 0], tf.float32),
            "action": tf.argmax(logits, axis=-1),
        }

    def episodes(self, observations, seeds, *, record=False):
        """Play the most probable actions from beginnings on; see `play`."""
        return play(
            self.games, lambda seen, _: self.actions(seen), observations, seeds, record=record
        )

    def train_step(self, data):
        """Play an episode from each beginning, and learn from all of them."""
        seed = tf.cast(self.seed_generator.next(), tf.int32)

        def act(observations, number):
            logits = tf.cast(self(observations, training=False), tf.float32)
            # Other random numbers for each step of an episode.
            now = tf.random.experimental.stateless_fold_in(seed, number)
            drawn = tf.random.stateless_categorical(logits, 1, now, tf.int32)
            return drawn[:, 0]

        played = play(self.games, act, *data, record=True)
        returns = returns_to_go(played.rewards, self.discount)
        # Only moves of episodes that had not ended.
        moves = tf.sequence_mask(played.lengths, tf.shape(returns)[0])
        moves = tf.transpose(moves)
        arrays = (played.observations, played.actions, returns)
        with tf.GradientTape() as tape:
            loss, entropy = self.objective(*(tf.boolean_mask(array, moves) for array in arrays))
            scaled = self.optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.trackers["loss"].update_state(loss)
        self.trackers["entropy"].update_state(entropy)
        self.return_tracker.update_state(played.returns)
        return {
            **{name: tracker.result() for name, tracker in self.trackers.items()},
            "return": self.return_tracker.result(),
        }

    def test_step(self, data):
        """Play whole episodes."""
        self.return_tracker.update_state(self.episodes(*data).returns)
        return {"return": self.return_tracker.result()}

    def objective(self, observations, actions, returns):
        """Return what a step minimises, and the mean entropy of the policy.

        Args:
            observations: `(moves, ...)`.
            actions: int32 `(moves,)`, those that were taken.
            returns: float32 `(moves,)`, the discounted return from each move on.
        """
        answer = self.network(observations, training=True)
        log_policy = tf.nn.log_softmax(tf.cast(answer["logits"], tf.float32))
        error = returns - tf.cast(answer["value"][:, 0], tf.float32)
        advantage = tf.stop_gradient(error)
        advantage /= tf.math.reduce_std(advantage) + 1e-6
        taken = tf.gather(log_policy, actions, batch_dims=1)
        entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(log_policy) * log_policy, axis=-1))
        return tf.reduce_mean(0.5 * error**2 - advantage * taken), entropy

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the objective as if each beginning were a whole episode of return 1."""
        ones = tf.ones(tf.shape(x)[:1])
        return self.objective(x, tf.zeros(tf.shape(x)[:1], tf.int32), ones)[0]

    def get_config(self):
        """Return the network, serialised, and the settings."""
        return {
            "name": self.name,
            "network": keras.saving.serialize_keras_object(self.network),
            "environment": self.environment,
            "discount": self.discount,
        }

    @classmethod
    def from_config(cls, config):
        """Return a model of the network of a configuration."""
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})


def returns_to_go(rewards, discount):
    """Return the discounted sum of the rewards from each step on.

    G_t = r_t + discount * G_(t+1), Sutton and Barto 2018, eq. 3.9, where the reward of the action
    at t is called r_(t+1).

    Args:
        rewards: float32 `(steps, games)`.
        discount: float in [0, 1].
    """
    return tf.scan(lambda later, now: now + discount * later, rewards, reverse=True)
