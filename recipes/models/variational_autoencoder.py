"""A distribution of codes for each image, and of images for each code."""

import math

import keras
import tensorflow as tf
from keras import ops

from ..errors import RecipeError
from ..precision import answering_in_32_bits
from ..replicas import drawn, num_replicas, num_rows

PIXELS = ("drawn", "threshold", "grey")


@keras.saving.register_keras_serializable("kerasrecipes")
class VariationalAutoencoder(keras.Model):
    """An encoder q(z | x), a decoder p(x | z), and the bound that both are trained on.

    The loss is the negative of the evidence lower bound in nats an image, eq. 10 of Kingma and
    Welling 2014, https://arxiv.org/abs/1312.6114, with one sample of the code: the negative
    log-likelihood of the pixels plus the Kullback-Leibler divergence of q(z | x) from the prior
    N(0, I), which has a closed form (appendix B).

    The model takes raw images, bytes in [0, 255]. Called, it gives the pixels' expected values in
    [0, 1] at the mean code, which is the same at every call. In training and in `evaluate` a code
    is drawn, and so are the pixels where `pixels` is "drawn".

    Attributes:
        encoder: `keras.Model` from raw images `(batch, height, width, channels)` to a dict of
            `mean` and `log_variance`, each `(batch, code)`.
        decoder: `keras.Model` from codes to an array of the images' shape: the log-odds of a white
            pixel, or its expected value in [0, 1] where `pixels` is "grey".
        pixels: what is explained. "drawn": black and white pixels, white with the probability that
            the grey value says, drawn anew at each step; "threshold": white from 128 on; both are
            Bernoulli variables. "grey": the grey values, normal with one learned deviation.
        log_deviation: variable, the logarithm of that deviation, or None.
    """

    def __init__(self, encoder, decoder, *, pixels="drawn", **kwargs):
        """Put a variational autoencoder together.

        Args:
            encoder: see above.
            decoder: see above.
            pixels: see above. Defaults to "drawn".
            **kwargs: what `keras.Model` takes.

        Raises:
            RecipeError: `pixels` is none of the three.
        """
        super().__init__(**kwargs)
        if pixels not in PIXELS:
            raise RecipeError(
                f"`pixels` of a variational autoencoder must be one of "
                f"{', '.join(map(repr, PIXELS))}. Received: {pixels=}."
            )
        self.encoder = answering_in_32_bits(encoder)
        self.decoder = answering_in_32_bits(decoder)
        self.pixels = pixels
        self.log_deviation = None
        if pixels == "grey":
            # exp(-1.5) = 0.22, about the deviation of a pixel from its mean: where learning begins.
            start = keras.initializers.Constant(-1.5)
            self.log_deviation = self.add_weight((), start, name="log_deviation")
        self.seed_generator = keras.random.SeedGenerator()
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self.built = True

    def call(self, inputs, training=False):
        """Return the expected pixels `(batch, height, width, channels)` at the mean codes."""
        return self.decode(self.encode(inputs)["mean"])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the negative bound of raw images `x`, in nats an image; `y` is not used."""
        # What `call` gave is not used either, and so is not computed inside a graph.
        images = self.observed(x, self.seed_generator.next())
        code = self.encoder(images, training=training)
        seed, size = self.seed_generator.next(), code["mean"].shape[-1]
        noise = drawn(lambda n: tf.random.stateless_normal((n, size), seed), num_rows(x))
        outputs = self.decoder(at(code, noise), training=training)
        reconstruction = -self.log_likelihood(images, outputs)
        divergence = kl(code)
        num_examples = ops.shape(divergence)[0]
        for tracker, value in (
            (self.reconstruction_tracker, reconstruction),
            (self.kl_tracker, divergence),
        ):
            tracker.update_state(ops.mean(value), sample_weight=num_examples)
        # The gradients of all replicas are summed, so that each gives its share of the whole mean.
        return ops.mean(reconstruction + divergence) / num_replicas()

    def observed(self, images, seed):
        """Return raw images as the pixels that are explained, raw too.

        Args:
            images: tensor `(batch, height, width, channels)` in [0, 255].
            seed: int, or int32 tensor `(2,)`: decides what is drawn, where pixels are.
        """
        if self.pixels == "grey":
            return images
        if self.pixels == "threshold":
            white = images >= 128
        else:
            chance = ops.cast(images, "float32") / 255.0
            shape = images.shape[1:]
            white = drawn(lambda n: _uniform((n, *shape), seed), num_rows(images)) < chance
        return ops.cast(white, "uint8") * 255

    def log_likelihood(self, images, outputs):
        """Return ln p(x | z) in nats an image, of the shape `(..., batch)`.

        Args:
            images: tensor `(batch, height, width, channels)`, raw, as `observed` gives them.
            outputs: what the decoder gives, `(..., batch, height, width, channels)`.
        """
        pixels = ops.cast(images, "float32") / 255.0
        outputs = ops.cast(outputs, "float32")
        if self.pixels == "grey":
            gap = (pixels - outputs) * ops.exp(-self.log_deviation)
            each = -0.5 * ops.square(gap) - self.log_deviation - 0.5 * math.log(2 * math.pi)
        else:
            each = pixels * outputs - ops.softplus(outputs)
        return ops.sum(each, axis=(-3, -2, -1))

    def log_weights(self, images, num_samples, seed):
        """Return the logarithms of importance weights, `p(x, z) / q(z | x)` at codes from q(z | x).

        Their mean over the samples has the evidence lower bound as its expectation; the logarithm
        of the mean weight lies above it and, in expectation, below ln p(x) (Burda et al. 2016,
        https://arxiv.org/abs/1509.00519, eq. 8).

        Args:
            images: tensor `(batch, height, width, channels)`, raw, as `observed` gives them.
            num_samples: int >= 1, codes an image.
            seed: int32 tensor `(2,)`, decides the codes.

        Returns:
            A float tensor `(num_samples, batch)`.
        """
        code = self.encoder(images, training=False)
        noise = tf.random.stateless_normal((num_samples, *ops.shape(code["mean"])), seed)
        codes = at(code, noise)  # (samples, batch, code)
        prior_over_posterior = 0.5 * ops.sum(
            ops.square(noise) + code["log_variance"] - ops.square(codes), axis=-1
        )
        outputs = self.decoder(ops.reshape(codes, (-1, codes.shape[-1])), training=False)
        outputs = ops.reshape(outputs, (num_samples, -1, *outputs.shape[1:]))
        likelihood = self.log_likelihood(images, outputs)
        return likelihood + prior_over_posterior

    def encode(self, inputs):
        """Return `mean` and `log_variance` of the codes of raw images; no pixel is drawn."""
        if self.pixels == "threshold":
            inputs = self.observed(inputs, 0)
        return self.encoder(inputs, training=False)

    def decode(self, codes):
        """Return the expected pixels in [0, 1] of codes `(batch, code)`."""
        outputs = self.decoder(codes, training=False)
        return outputs if self.pixels == "grey" else ops.sigmoid(outputs)

    def sample(self, num, seed):
        """Return the expected pixels in [0, 1] of codes drawn from the prior.

        Args:
            num: int, or int32 scalar tensor: how many images.
            seed: int, or int32 scalar tensor: the same for the same images.

        Returns:
            A float tensor `(num, height, width, channels)`.
        """
        seeds = tf.stack([tf.cast(seed, tf.int32), 0])
        size = self.decoder.input_shape[-1]
        return self.decode(tf.random.stateless_normal(tf.stack([num, size]), seeds))

    def get_config(self):
        """Return the parts, serialised."""
        return {
            "name": self.name,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "pixels": self.pixels,
        }

    @classmethod
    def from_config(cls, config):
        """Return a model of the parts of a configuration."""
        made = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "decoder")
        }
        return cls(**{**config, **made})


def at(code, noise):
    """Return `mean + deviation * noise`, the code of a standard normal `noise` (eq. 10)."""
    return code["mean"] + ops.exp(0.5 * code["log_variance"]) * noise


def kl(code):
    """Return the divergence of a normal code from the prior N(0, I), in nats, `(batch,)`.

    Source: Kingma and Welling 2014, appendix B.

    >>> code = {"mean": ops.array([[1.0, 0.0]]), "log_variance": ops.zeros((1, 2))}
    >>> float(kl(code)[0])
    0.5
    """
    mean, log_variance = code["mean"], code["log_variance"]
    each = ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance
    return 0.5 * ops.sum(each, axis=-1)


def _uniform(shape, seed):
    if isinstance(seed, int):
        seed = (seed, 0)
    return tf.random.stateless_uniform(shape, seed)
