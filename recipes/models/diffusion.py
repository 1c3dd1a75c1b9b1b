"""A network that predicts noise, and the diffusion that makes it a generator: a model that fits."""

import functools

import keras
import numpy as np
import tensorflow as tf

from ..errors import RecipeError
from ..replicas import drawn, num_replicas, num_rows, rows_of_all
from . import samplers
from .adversarial import to_bytes, to_symmetric
from .noise_schedules import signal_levels

# Validation drowns images in the same noise each time, so that epochs can be compared and nothing
# is drawn from the training's random numbers.
VALIDATION_SEED = (0, 0)


@keras.saving.register_keras_serializable("kerasrecipes")
class Diffusion(keras.Model):
    """Train a network to tell the noise in an image, and draw images with it.

    A step draws, for each image x0 of a batch, a step t of T evenly and noise e, and takes a
    gradient step on the mean of `(e - network(sqrt(a_t) x0 + sqrt(1 - a_t) e, t))^2`, where a_t is
    the share of the image's variance that is left after step t. Then each weight of `average`, a
    second network of the same form, goes a little way towards the weight that was trained. The
    average answers in validation, in samples and in exports.

    Called on raw images `(batch, height, width, channels)` in [0, 255], it gives what it takes them
    to be after it has drowned them, a quarter of T deep, in noise that is always the same: images
    of the same shape, float in [0, 255].

    Logs: `loss`, by the mean of the squared error of a pixel; 1 for who answers "no noise".

    Source: Ho, Jain and Abbeel 2020, "Denoising diffusion probabilistic models",
    https://arxiv.org/abs/2006.11239, equation 14, algorithm 1 and section 4.

    Args:
        network: `keras.Model` from `{"image", "time"}`, images in [-1, 1] drowned in noise and
            their int steps from 0 on, to noise of the shape of the images.
        betas: T numbers in (0, 1), by `noise_schedules`.
        decay: float in [0, 1), what the average keeps of itself in a step. Defaults to 0.9999.
    """

    def __init__(self, network, betas, *, decay=0.9999, **keywords):
        super().__init__(**keywords)
        if not 0 <= decay < 1:
            raise RecipeError(f"`decay` of Diffusion must be in [0, 1). Received: {decay=}.")
        self.network = network
        self.betas = tuple(float(beta) for beta in betas)
        self.decay = decay
        self.levels = signal_levels(self.betas)
        self.average = keras.models.clone_model(network)
        self.average.set_weights(network.get_weights())
        self.average.trainable = False
        self.seed_generator = keras.random.SeedGenerator()
        # Both networks have their variables already.
        self.build(network.output_shape)

    def build(self, input_shape):
        """Mark the model as built: its networks are."""
        self.built = True

    @property
    def image_shape(self):
        """The shape of an image, `(height, width, channels)`."""
        return self.network.output_shape[1:]

    @property
    def num_steps(self):
        """T, how many steps there are from an image to noise."""
        return len(self.betas)

    def call(self, inputs, training=None):
        """Return raw images, drowned and taken out of the noise in one step."""
        depth = self.num_steps // 4
        image = to_symmetric(inputs)
        time = tf.fill(tf.shape(image)[:1], depth)
        # One noise for all, so that an answer does not depend on the place in the batch.
        noise = tf.random.stateless_normal((1, *self.image_shape), VALIDATION_SEED)
        noisy = self.drown(image, time, noise)
        level = self.levels[depth]
        found = (noisy - np.sqrt(1 - level) * self.predict_noise(noisy, time)) / np.sqrt(level)
        return (tf.clip_by_value(found, -1.0, 1.0) + 1) * 127.5

    def drown(self, image, time, noise):
        """Return images after the forward process: equation 4 of the paper.

        Args:
            image: float tensor `(batch, height, width, channels)` in [-1, 1].
            time: int tensor `(batch,)` in [0, T): 0 is after the first step.
            noise: float tensor of the shape of `image` or one that fits, standard normal.
        """
        # Roots taken in float64: 1 - level has few digits left where there is little noise.
        scales = np.sqrt([self.levels, 1 - self.levels])
        scales = tf.gather(tf.constant(scales, tf.float32), time, axis=1)[..., None, None, None]
        return scales[0] * image + scales[1] * noise

    def predict_noise(self, noisy, time):
        """Return the noise in images, as the averaged network tells it.

        Args:
            noisy: float tensor `(batch, height, width, channels)`.
            time: int tensor `(batch,)` in [0, T).

        Returns:
            Float tensor of the shape of `noisy`.
        """
        return self.average({"image": noisy, "time": time}, training=False)

    def train_step(self, data):
        """Take one step on a batch of raw images, and let the average follow."""
        image = to_symmetric(data[0])
        seed = self.seed_generator.next()
        first, second = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        time = drawn(
            lambda n: tf.random.stateless_uniform(
                (n,), first, maxval=self.num_steps, dtype=tf.int32
            ),
            num_rows(image),
        )
        noise = self._noise(image, second)
        given = {"image": self.drown(image, time, noise), "time": time}
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            loss = squared_error(noise, self.network(given, training=True))
            # The gradients of all replicas are summed: each gives its share of the whole mean.
            scaled = self.optimizer.scale_loss(loss / num_replicas())
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        tf.distribute.get_replica_context().merge_call(self._follow)
        return self._log(loss, image)

    def test_step(self, data):
        """Measure the same with the averaged network and with noise that does not change."""
        image = to_symmetric(data[0])
        return self._log(squared_error(*self.asked(image, self.average)), image)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the loss of the network that is trained on raw images `x`, with fixed noise."""
        return squared_error(*self.asked(to_symmetric(x), self.network))

    def asked(self, image, network):
        """Return fixed noise for images in [-1, 1], and what a network takes it for.

        The steps are spread evenly over T, so that few images ask about all of them.

        Args:
            image: float tensor `(batch, height, width, channels)` in [-1, 1].
            network: `self.average`, or `self.network`.
        """
        count = num_rows(image)
        begin, count_of_all = rows_of_all(count)
        time = (begin + tf.range(count)) * self.num_steps // count_of_all
        noise = self._noise(image, VALIDATION_SEED)
        return noise, network({"image": self.drown(image, time, noise), "time": time})

    def sampler(self, name="ancestral", num_steps=None, eta=0.0):
        """Return the table of a sampler, see `samplers`: what `draw` goes by.

        Args:
            name: "ancestral" for algorithm 2 of the paper, or "implicit" for DDIM. Defaults to
                "ancestral".
            num_steps: int in [1, T], or None for all T. Defaults to None.
            eta: float in [0, 1], of the implicit sampler: its noise. Defaults to 0.

        Raises:
            RecipeError: an argument is out of its range.
        """
        if name == "implicit":
            return samplers.implicit(self.levels, num_steps, eta=eta)
        if name == "ancestral":
            return samplers.ancestral(self.levels, num_steps)
        raise RecipeError(
            f"A sampler of Diffusion must be 'ancestral' or 'implicit'. Received: {name!r}."
        )

    def sample(self, seed, count, table=None):
        """Draw images, in one compiled loop.

        Image number i of a seed is the same however many are drawn.

        Args:
            seed: int, or a scalar int32 tensor.
            count: int >= 1, or a scalar int32 tensor, how many images.
            table: array `(steps, 5)` by `sampler`, or None for the ancestral one of all steps.
                Defaults to None.

        Returns:
            uint8 tensor `(count, height, width, channels)`.

        Raises:
            RecipeError: no image is asked for.
        """
        if not tf.is_tensor(count) and count < 1:
            raise RecipeError(
                f"`count` of Diffusion.sample must be at least 1. Received: {count=}."
            )
        table = self.sampler() if table is None else table
        whole = (tf.cast(number, tf.int32) for number in (seed, count))
        return self._compiled["draw"](*whole, table)

    def chain(self, seed, count, table, steps):
        """Return what images are like on the way, from noise to the images of `sample`.

        Args:
            seed: int.
            count: int in [1, 256].
            table: array `(steps, 5)` by `sampler`.
            steps: rising ints in [0, len(table)], after how many steps to look.

        Returns:
            uint8 tensor `(len(steps), count, height, width, channels)`.
        """
        watch = self._compiled["watch"]
        return watch(tf.constant(seed), tf.constant(count), table, tuple(steps))

    def draw(self, seed, count, table):
        """Return the tensor of `sample` in whatever graph this is called."""
        return samplers.images(self.predict_noise, self.image_shape, seed, count, table)

    def losses_on(self, images):
        """Return the loss on raw images, as in `test_step`, and that of taking all noise for 0.

        Args:
            images: uint8 tensor `(batch, height, width, channels)`.

        Returns:
            A pair of scalar tensors.
        """
        return self._compiled["losses"](images)

    @functools.cached_property
    def _compiled(self):
        # In a dict, where an export does not find them and write their traces too.
        def watch(seed, count, table, steps):
            start, noise_seed = samplers.beginning(self.image_shape, seed, 0, count)
            _, kept = samplers.denoise(self.predict_noise, table, start, noise_seed, keep=steps)
            return to_bytes(kept)

        def losses(images):
            noise, found = self.asked(to_symmetric(images), self.average)
            return squared_error(noise, found), squared_error(noise, 0.0)

        whole, numbers = tf.TensorSpec((), tf.int32), tf.TensorSpec((None, 5), tf.float64)
        return {
            "draw": tf.function(self.draw, (whole, whole, numbers)),
            "watch": tf.function(watch),
            "losses": tf.function(losses, reduce_retracing=True),
        }

    def _follow(self, strategy):
        """Let the average follow the network by a step, on every replica."""
        keep = self.decay

        def move(average, weight):
            average.assign_sub((1 - keep) * (average - weight))

        for average, weight in zip(_weights(self.average), _weights(self.network), strict=True):
            strategy.extended.update(average.value, move, args=(weight.value,))

    def _noise(self, images, seed):
        """Return standard normal noise of the shape of images, drawn for all replicas."""
        shape = images.shape[1:]
        draw = functools.partial(tf.random.stateless_normal, seed=seed)
        return drawn(lambda count: draw((count, *shape)), num_rows(images))

    def _log(self, loss, image):
        (tracker,) = (metric for metric in self.metrics if metric.name == "loss")
        tracker.update_state(loss, sample_weight=tf.shape(image)[0])
        return {"loss": tracker.result()}

    def get_config(self):
        """Return the network, serialised, and the numbers. The average is made anew."""
        return {
            "name": self.name,
            "network": keras.saving.serialize_keras_object(self.network),
            "betas": list(self.betas),
            "decay": self.decay,
        }

    @classmethod
    def from_config(cls, config):
        """Return a model of the network of a configuration."""
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})


def squared_error(noise, found):
    """Return the mean of the squared error, a scalar: equation 14 of the paper, a pixel."""
    return tf.reduce_mean(tf.square(noise - tf.cast(found, noise.dtype)))


def _weights(network):
    # The states of random generators count as weights too.
    return [weight for weight in network.weights if "seed_generator" not in weight.path]
