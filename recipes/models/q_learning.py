"""A network that learns the value of actions from what its own play shows it."""

import keras
import tensorflow as tf

from .episodes import play
from .open_games import OpenGames
from .replay_memory import ReplayMemory


@keras.saving.register_keras_serializable("kerasrecipes")
class QLearning(keras.Model):
    """Deep Q-learning with a memory and a target network.

    A step plays one move in each open game, at random with probability epsilon and else the best
    by Q; remembers the transitions (s, a, r, s'); and takes one gradient step on a batch of the
    memory towards

        y = r                                where s' is an end
        y = r + discount * max_a' Q'(s', a')     elsewhere, also where the limit cut the episode

    by the mean squared error. Q' is the target network, a copy of Q made every so many steps.
    Epsilon falls linearly from 1.

    The data are beginnings of episodes, `(observation, seed)`; a game takes the one of its place
    in the batch where it has just ended, and the others are passed over. All state is in
    variables: weights, memory, open games and random numbers.

    Called on observations `(batch, ...)`, it gives the values of the actions `(batch, actions)`.

    Logs: `loss`, `return`, the mean over the episodes that ended in an epoch, and `epsilon`; of
    validation only `return`, of the best actions by Q.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning",
    https://doi.org/10.1038/nature14236, algorithm 1.
    """

    def __init__(
        self,
        online,
        environment,
        limit,
        num_games,
        *,
        capacity=10_000,
        num_replayed=128,
        discount=0.99,
        target_interval=50,
        exploration_steps=1,
        final_epsilon=0.05,
        **keywords,
    ):
        """Set up.

        Args:
            online: `keras.Model` from observations to values of actions.
            environment: str, what gymnasium knows it by.
            limit: int, the most steps of an episode.
            num_games: int >= 1, played side by side: the size of a batch of beginnings.
            capacity: int >= 1, transitions in the memory. Defaults to 10,000.
            num_replayed: int >= 1, transitions of a gradient step. Defaults to 128.
            discount: float in [0, 1]. Defaults to 0.99.
            target_interval: int >= 1, gradient steps between two copies. Defaults to 50.
            exploration_steps: int >= 1, steps in which epsilon falls. Defaults to 1.
            final_epsilon: float in [0, 1], where it ends. Defaults to 0.05.
            **keywords: what every Keras model takes.
        """
        super().__init__(**keywords)
        self.online = online
        self.target = keras.models.clone_model(online)
        self.target.set_weights(online.get_weights())
        self.target.trainable = False
        shape, dtype = online.input_shape[1:], online.inputs[0].dtype
        self.open_games = OpenGames(
            environment, num_games, (shape, dtype), limit, name="open_games"
        )
        self.memory = ReplayMemory(capacity, shape, dtype, name="memory")
        self.seed_generator = keras.random.SeedGenerator()
        self.settings = {
            "environment": environment,
            "limit": limit,
            "num_games": num_games,
            "capacity": capacity,
            "num_replayed": num_replayed,
            "discount": discount,
            "target_interval": target_interval,
            "exploration_steps": exploration_steps,
            "final_epsilon": final_epsilon,
        }
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.return_tracker = keras.metrics.Mean(name="return")
        self.build(online.input_shape)

    def build(self, input_shape):
        """Mark the model as built: its networks are."""
        self.built = True

    def call(self, inputs, training=None):
        """Return the values of the actions."""
        return self.online(inputs, training=training)

    def actions(self, observations):
        """Return the best action by Q of each observation, int32 `(batch,)`."""
        return tf.argmax(self(observations, training=False), axis=-1, output_type=tf.int32)

    def values(self, observations):
        """Return the value of each observation, that of its best action, `(batch,)`."""
        return tf.reduce_max(self(observations, training=False), axis=-1)

    def answers(self, observations):
        """Return what a server gives: a dict of tensors."""
        values = tf.cast(self(observations, training=False), tf.float32)
        return {"q_values": values, "action": tf.argmax(values, axis=-1)}

    def episodes(self, observations, seeds, *, record=False):
        """Play the best actions from beginnings on; see `play`."""
        games = self.open_games.games
        return play(games, lambda seen, _: self.actions(seen), observations, seeds, record=record)

    def train_step(self, data):
        """Play a step of each game, and learn from a batch of the memory."""
        self.open_games.begin(*data)
        before = tf.identity(self.open_games.seen.value)
        actions = self._explore(before)
        after, rewards, terminated, over, returns = self.open_games.step(actions)
        self.return_tracker.update_state(returns, sample_weight=tf.cast(over, tf.float32))
        self.memory.write(before, actions, rewards, after, terminated)
        drawn = self.memory.draw(self.settings["num_replayed"], self._draw())
        with tf.GradientTape() as tape:
            loss = self.temporal_difference(drawn)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.online.trainable_variables
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self._copy_now_and_then()
        self.loss_tracker.update_state(loss)
        return {
            "loss": self.loss_tracker.result(),
            "return": self.return_tracker.result(),
            "epsilon": self.epsilon(),
        }

    def test_step(self, data):
        """Play whole episodes."""
        self.return_tracker.update_state(self.episodes(*data).returns)
        return {"return": self.return_tracker.result()}

    def temporal_difference(self, transitions):
        """Return the mean squared error between Q and what it should be.

        Args:
            transitions: tuple of observations `(batch, ...)`, int32 actions `(batch,)`, float32
                rewards, next observations, and bool whether these are an end.
        """
        observations, actions, rewards, next_observations, terminated = transitions
        next_values = tf.reduce_max(self.target(next_observations, training=False), axis=-1)
        goes_on = tf.cast(~terminated, tf.float32)
        wanted = rewards + self.settings["discount"] * goes_on * tf.cast(next_values, tf.float32)
        values = tf.cast(self.online(observations, training=True), tf.float32)
        error = tf.stop_gradient(wanted) - tf.gather(values, actions, batch_dims=1)
        return tf.reduce_mean(error**2)

    def epsilon(self):
        """Return the probability of a random action, from 1 to `final_epsilon`."""
        done = tf.cast(self.optimizer.iterations.value, tf.float32)
        share = tf.minimum(done / self.settings["exploration_steps"], 1.0)
        return 1.0 + share * (self.settings["final_epsilon"] - 1.0)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the loss on the oldest places of the memory, for whoever looks at gradients."""
        oldest = [column.value[: self.settings["num_replayed"]] for column in self.memory.columns]
        return self.temporal_difference(oldest)

    def _explore(self, observations):
        num_actions = self.online.output_shape[-1]
        shape = tf.shape(observations)[:1]
        at_random = tf.random.stateless_uniform(
            shape, self._draw(), maxval=num_actions, dtype=tf.int32
        )
        chance = tf.random.stateless_uniform(shape, self._draw())
        return tf.where(chance < self.epsilon(), at_random, self.actions(observations))

    def _draw(self):
        return tf.cast(self.seed_generator.next(), tf.int32)

    def _copy_now_and_then(self):
        def copy():
            for there, here in zip(self.target.variables, self.online.variables, strict=True):
                there.assign(here)
            return True

        done = self.optimizer.iterations.value
        tf.cond(done % self.settings["target_interval"] == 0, copy, lambda: False)

    def get_config(self):
        """Return the network, serialised, and the settings."""
        online = keras.saving.serialize_keras_object(self.online)
        return {"name": self.name, "online": online, **self.settings}

    @classmethod
    def from_config(cls, config):
        """Return a model of the network of a configuration."""
        return cls(**{**config, "online": keras.saving.deserialize_keras_object(config["online"])})
