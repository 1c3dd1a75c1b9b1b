"""Two networks that play against each other, as a model that fits."""

import keras
import tensorflow as tf

from ..errors import RecipeError
from ..replicas import drawn, num_replicas, num_rows

# Validation asks the same noise each time, so that epochs can be compared and nothing is drawn
# from the training's random numbers.
VALIDATION_SEED = (0, 0)


@keras.saving.register_keras_serializable("kerasrecipes")
class Adversarial(keras.Model):
    """Train a generator of images against a discriminator of real ones.

    A step takes one move of each player on one batch of m real images x and m samples G(z):

        discriminator: minimise  mean -log D(x)  +  mean -log(1 - D(G(z)))
        generator:     minimise  mean -log D(G(z))

    Both halves of the batch enter the discriminator's loss, which is 2 ln 2 where it cannot tell
    them apart. The generator's is the one that "provides much stronger gradients early in
    learning". Real images and samples pass the discriminator as batches of their own, so that a
    batch normalisation sees one kind at a time.

    Called on raw images `(batch, height, width, channels)` in [0, 255], it gives the logits
    `(batch, 1)` of being real.

    Logs, each the mean over an epoch: `generator_loss`, `discriminator_loss`, `real_score` and
    `fake_score`, the means of D(x) and D(G(z)) in (0, 1).

    Source: Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, eq. 1 and section 3; smoothed
    labels: Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 3.4.

    Args:
        generator: `keras.Model` from noise `(batch, latent)` to images in [-1, 1].
        discriminator: `keras.Model` from such images to logits `(batch, 1)`.
    """

    def __init__(self, generator, discriminator, **keywords):
        super().__init__(**keywords)
        if generator.output_shape != discriminator.input_shape:
            raise RecipeError(
                "`generator` and `discriminator` of Adversarial must agree about the images. "
                f"Received: {generator.output_shape} and {discriminator.input_shape}."
            )
        self.generator = generator
        self.discriminator = discriminator
        self.discriminator_optimizer = None
        self.label_smoothing = 0.0
        self.seed_generator = keras.random.SeedGenerator()
        names = ("generator_loss", "discriminator_loss", "real_score", "fake_score")
        self.trackers = [keras.metrics.Mean(name=name) for name in names]
        # Both networks have their variables already.
        self.build(discriminator.input_shape)

    def build(self, input_shape):
        """Mark the model as built: its networks are."""
        self.built = True

    @property
    def latent(self):
        """How many numbers of noise make an image."""
        return self.generator.input_shape[-1]

    def call(self, inputs, training=None):
        """Return the logits of raw images being real."""
        return self.discriminator(to_symmetric(inputs), training=training)

    def generate(self, noise):
        """Return images of noise, as one asks a trained model.

        Args:
            noise: float tensor `(batch, latent)`, in training uniform in [-1, 1).

        Returns:
            uint8 tensor `(batch, height, width, channels)`.
        """
        return to_bytes(self.generator(noise, training=False))

    def compile(self, optimizer, discriminator_optimizer, *, label_smoothing=0.0, **settings):
        """Set the players up.

        Args:
            optimizer: `keras.optimizers.Optimizer` of the generator.
            discriminator_optimizer: another one, of the discriminator.
            label_smoothing: float in [0, 1), what real images lack of the label 1. Defaults to 0.
            **settings: go to `keras.Model.compile`.

        Raises:
            RecipeError: one optimizer for both, or a smoothing out of range.
        """
        if optimizer is discriminator_optimizer:
            raise RecipeError(
                "`discriminator_optimizer` of Adversarial must be an optimizer of its own. "
                "Received: that of the generator."
            )
        if not 0 <= label_smoothing < 1:
            raise RecipeError(
                "`label_smoothing` of Adversarial must be in [0, 1). "
                f"Received: label_smoothing={label_smoothing!r}."
            )
        super().compile(optimizer=optimizer, **settings)
        self.discriminator_optimizer = discriminator_optimizer
        self.label_smoothing = label_smoothing

    def optimizers(self):
        """Return each optimizer with the variables that it moves."""
        return [
            (self.optimizer, self.generator.trainable_variables),
            (self.discriminator_optimizer, self.discriminator.trainable_variables),
        ]

    def train_step(self, data):
        """Take one move of each player."""
        real = to_symmetric(data[0])
        made_of = self._noise(real, self.seed_generator.next())
        with tf.GradientTape() as tape:
            fake = self.generator(made_of, training=True)
        judged = self._discriminator_step(real, fake)
        return self._log(self._generator_step(fake, tape), *judged)

    def test_step(self, data):
        """Measure the same on images that neither player has seen."""
        real = to_symmetric(data[0])
        made_of = self._noise(real, VALIDATION_SEED)
        real_logits = self.discriminator(real, training=False)
        fake_logits = self.discriminator(self.generator(made_of, training=False), training=False)
        return self._log(
            generator_loss(fake_logits),
            discriminator_loss(real_logits, fake_logits, self.label_smoothing),
            real_logits,
            fake_logits,
        )

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the sum of both losses, whose gradients are each player's own.

        For whoever looks at gradients, as TensorBoard does; a step takes the losses one by one.
        """
        real = to_symmetric(x)
        fake = self.generator(self._noise(real, VALIDATION_SEED), training=training)
        kept = tf.stop_gradient(fake)
        judged = discriminator_loss(
            self.discriminator(real, training=training),
            self.discriminator(kept, training=training),
            self.label_smoothing,
        )
        with tf.GradientTape() as tape:
            tape.watch(kept)
            deceived = generator_loss(self.discriminator(kept, training=training))
        # Of the generator's loss only what goes through the samples, and not the discriminator.
        pulled = tf.reduce_sum(fake * tf.stop_gradient(tape.gradient(deceived, kept)))
        return judged + tf.stop_gradient(deceived - pulled) + pulled

    def _discriminator_step(self, real, fake):
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(tf.stop_gradient(fake), training=True)
            loss = discriminator_loss(real_logits, fake_logits, self.label_smoothing)
            scaled = _shared(loss, self.discriminator_optimizer)
        gradients = tape.gradient(scaled, variables)
        self.discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss, real_logits, fake_logits

    def _generator_step(self, fake, drawing):
        """Move the generator; `drawing` is the tape on which it made `fake`."""
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(fake)
            loss = generator_loss(self.discriminator(fake, training=True))
            scaled = _shared(loss, self.optimizer)
        gradients = drawing.gradient(fake, variables, output_gradients=tape.gradient(scaled, fake))
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def _noise(self, images, seed):
        """Return the noise of as many samples as there are images, drawn for all replicas."""
        return drawn(lambda count: noise(count, self.latent, seed), num_rows(images))

    def _log(self, generator_loss, discriminator_loss, real_logits, fake_logits):
        real_score, fake_score = tf.sigmoid(real_logits), tf.sigmoid(fake_logits)
        values = (generator_loss, discriminator_loss, real_score, fake_score)
        num_examples = tf.shape(real_logits)[0]
        for tracker, value in zip(self.trackers, values, strict=True):
            tracker.update_state(tf.reduce_mean(value), sample_weight=num_examples)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def get_config(self):
        """Return the networks, serialised."""
        return {
            "name": self.name,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
        }

    @classmethod
    def from_config(cls, config):
        """Return a model of the networks of a configuration."""
        networks = ("generator", "discriminator")
        made = {name: keras.saving.deserialize_keras_object(config[name]) for name in networks}
        return cls(**{**config, **made})

    def get_compile_config(self):
        """Return the optimizers, serialised."""
        if not self.compiled:
            return {}
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "discriminator_optimizer": keras.saving.serialize_keras_object(
                self.discriminator_optimizer
            ),
            "label_smoothing": self.label_smoothing,
        }

    def compile_from_config(self, config):
        """Compile a loaded model, and make the variables that its optimizers are loaded into."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        for optimizer, variables in self.optimizers():
            optimizer.build(variables)


def noise(count, latent, seed):
    """Return what images are made of, a float tensor `(count, latent)` uniform in [-1, 1).

    Args:
        count: int, or a scalar tensor.
        latent: int, numbers for an image.
        seed: two whole numbers, which alone decide the noise.
    """
    return tf.random.stateless_uniform((count, latent), seed, -1.0, 1.0)


def discriminator_loss(real_logits, fake_logits, label_smoothing=0.0):
    """Return how badly real images and samples are told apart, in nats.

    Args:
        real_logits: float tensor `(batch, 1)` of real images.
        fake_logits: float tensor `(batch, 1)` of samples.
        label_smoothing: float in [0, 1), what real images lack of the label 1; samples keep the
            label 0. Defaults to 0.

    Returns:
        A scalar: the negative of what the discriminator maximises in eq. 1 of Goodfellow et al.
        2014, `mean -log D(x) + mean -log(1 - D(G(z)))`.
    """
    real = tf.nn.softplus(-real_logits) + label_smoothing * real_logits
    return tf.reduce_mean(real) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def generator_loss(fake_logits):
    """Return how badly samples pass for real, `mean -log D(G(z))` in nats.

    Args:
        fake_logits: float tensor `(batch, 1)` of samples.
    """
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def to_symmetric(images):
    """Return images in [0, 255] as floats in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_bytes(images):
    """Return images in [-1, 1] as uint8 in [0, 255]."""
    return tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0, 255), tf.uint8)


def _shared(loss, optimizer):
    # The gradients of all replicas are summed, so that each gives its share of the whole mean.
    return optimizer.scale_loss(loss / num_replicas())
