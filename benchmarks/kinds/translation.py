"""What a token costs a Transformer at its 512th position, beside the 32nd."""

from . import clock

TITLE = "Transformer, a token at position 512"
METHOD = (
    "the base Transformer with a vocabulary of 8,000 and its first weights, one text, the cache of "
    "512 places; the other way is the same step at position 32, and the bar says that the 512th "
    "costs at most 1.5 times as much."
)
BARS = {"early": (1 / 1.5, "the same at position 32")}


def token(position):
    """Return the seconds of a step of the decoder at a position."""
    import tensorflow as tf

    from kerasrecipes.recipes.models.decoding import Decoder
    from kerasrecipes.recipes.sequence.transformer import build

    decoder = Decoder(build(8_000, 8_000))
    encoded = decoder.encode(tf.ones((1, 32), tf.int32))

    @tf.function
    def step(place, caches):
        logits, caches = decoder.step(tf.ones((1,), tf.int32), place, caches, encoded)
        return tf.reduce_sum(logits), caches

    caches = decoder.empty_cache(1, 512)
    place = tf.constant(position - 1)
    return clock.repeated(lambda: step(place, caches)[0].numpy(), 50)


def ours():
    """Return the seconds of the 512th token."""
    return token(512)


def early():
    """Return the seconds of the 32nd token."""
    return token(32)
