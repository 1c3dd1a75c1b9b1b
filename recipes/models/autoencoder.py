"""A code for each image, and the image back from its code."""

import keras

from ..precision import answering_in_32_bits


@keras.saving.register_keras_serializable("kerasrecipes")
class Autoencoder(keras.Model):
    """An encoder, a decoder, and what an image suffers in training before it is encoded.

    The model takes raw images, bytes in [0, 255], and gives reconstructions in [0, 1], the scale
    that it is compared on; so `fit` wants `(images, images / 255)`.

    Attributes:
        encoder: `keras.Model` from raw images `(batch, height, width, channels)` to codes
            `(batch, code)`.
        decoder: `keras.Model` from codes to images of the same shape in [0, 1].
        corruption: layer from raw images to raw images that is active in training only, with a
            method `mask(images, seed)`, which `evaluate` calls; or None.
    """

    def __init__(self, encoder, decoder, *, corruption=None, **kwargs):
        """Put an autoencoder together.

        Args:
            encoder: see above.
            decoder: see above.
            corruption: see above. Defaults to None.
            **kwargs: what `keras.Model` takes.
        """
        super().__init__(**kwargs)
        self.encoder = answering_in_32_bits(encoder)
        self.decoder = answering_in_32_bits(decoder)
        self.corruption = corruption
        # Every variable is there already, the parts being built.
        self.built = True

    def call(self, inputs, training=False):
        """Return the reconstructions of raw images."""
        if self.corruption is not None:
            inputs = self.corruption(inputs, training=training)
        return self.decoder(self.encoder(inputs, training=training), training=training)

    def test_step(self, data):
        """Evaluate on images that are spoilt as in training, the same way at each evaluation."""
        images, targets, weights = keras.utils.unpack_x_y_sample_weight(data)
        if self.corruption is not None:
            images = self.corruption.mask(images, seed=0)
        return super().test_step((images, targets, weights))

    def encode(self, inputs):
        """Return the codes of raw images, as outside training."""
        return self.encoder(inputs, training=False)

    def decode(self, codes):
        """Return the images in [0, 1] of codes, as outside training."""
        return self.decoder(codes, training=False)

    def reconstruct(self, inputs):
        """Return the images in [0, 1] that raw images come back as, as outside training."""
        return self.decode(self.encode(inputs))

    def get_config(self):
        """Return the parts, serialised."""
        return {
            "name": self.name,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "corruption": keras.saving.serialize_keras_object(self.corruption),
        }

    @classmethod
    def from_config(cls, config):
        """Return a model of the parts of a configuration."""
        parts = ("encoder", "decoder", "corruption")
        made = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **made})
