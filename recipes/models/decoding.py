"""Translating with a Transformer: the source once, then a token at a time beside a cache.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 6.1. Length penalty: Wu et al. 2016,
"Google's neural machine translation system", https://arxiv.org/abs/1609.08144, equation 14 with
beta = 0.
"""

import tensorflow as tf

from ..data.tokens import END, PADDING, START
from ..errors import RecipeError

_NEVER = -1e9  # a log-probability that no text has


class Decoder:
    """The parts of a Transformer, called one by one.

    It holds no weights of its own. Everything that grows with the text has a fixed size, so a
    token costs the same at every position.

    Attributes:
        model: what `transformer.build` gave, or the same loaded again.
    """

    def __init__(self, model):
        layers = {layer.name: layer for layer in model.layers}
        if not {"encoder1", "decoder1", "target_positions"} <= set(layers):
            raise RecipeError(
                "A model must be a Transformer, as transformer.build makes it, to be decoded. "
                f"Received: {model.name!r} with layers {', '.join(sorted(layers))}."
            )
        shared = "embedding" in layers
        self.model = model
        self._embed_source = layers["embedding" if shared else "source_embedding"]
        self._embed = layers["embedding" if shared else "target_embedding"]
        self._to_logits = layers["embedding" if shared else "logits"]
        self._reverse = {"reverse": True} if shared else {}
        self._source_positions = layers["source_positions"]
        self._positions = layers["target_positions"]
        self._encoder = _stack(layers, "encoder")
        self._blocks = _stack(layers, "decoder")
        self._encoder_norm = layers.get("encoder_norm", tf.identity)
        self._decoder_norm = layers.get("decoder_norm", tf.identity)

    def encode(self, source):
        """Return what all steps share: the keys and values of each block, and the mask.

        Args:
            source: int32 tensor `(batch, S)`.
        """
        memory, mask = self._memory(source)
        return [block.memory_heads(memory) for block in self._blocks], mask

    def empty_cache(self, num_texts, length, dtype=None):
        """Return the cache of no tokens: a pair `(texts, heads, length, width / heads)` a block."""
        self._positions.expect_length(length)
        caches = []
        for block in self._blocks:
            width = block.self_attention.width
            shape = (num_texts, block.num_heads, length, width // block.num_heads)
            empty = tf.zeros(shape, dtype or block.compute_dtype)
            caches.append((empty, empty))
        return caches

    def step(self, tokens, position, caches, encoded):
        """Take one token of each text and say how likely each next one is.

        Args:
            tokens: int32 tensor `(texts,)`.
            position: int32 tensor `()`, of these tokens; 0 is the start token's.
            caches: as `empty_cache` or the step before gave them.
            encoded: what `encode` gave.

        Returns:
            float32 logits `(texts, target vocabulary)`, and the caches with these tokens.
        """
        heads, mask = encoded
        hidden = self._positions.at(self._embed(tokens[:, None]), position)
        kept = []
        for block, cache, memory_heads in zip(self._blocks, caches, heads, strict=True):
            hidden, cache = block.step(hidden, position, cache, memory_heads, mask)
            kept.append(cache)
        logits = self._to_logits(self._decoder_norm(hidden), **self._reverse)
        return tf.cast(logits[:, 0], tf.float32), kept

    def attention_map(self, source, target):
        """Return where the last block's heads look in the source.

        Args:
            source: int32 tensor `(batch, S)`.
            target: int32 tensor `(batch, T)`, shifted right.

        Returns:
            A tensor `(batch, heads, T, S)`, whose rows sum to 1.
        """
        memory, mask = self._memory(source)
        hidden = self._positions(self._embed(target))
        for block in self._blocks[:-1]:
            hidden = block(hidden, memory, mask)
        return self._blocks[-1].attention_map(hidden, memory, mask)

    def _memory(self, source):
        mask = (source != PADDING)[:, None, None, :]
        hidden = self._source_positions(self._embed_source(source))
        for block in self._encoder:
            hidden = block(hidden, mask)
        return self._encoder_norm(hidden), mask


def greedy(decoder, source, length):
    """Translate by the likeliest token at each position.

    Args:
        decoder: `Decoder`.
        source: int32 tensor `(batch, S)`.
        length: int, the most tokens of a translation, its end included.

    Returns:
        int32 tokens `(batch, length)`, padding behind the end, and their float32 log-probability
        `(batch,)`.
    """
    encoded = decoder.encode(source)
    num_texts = tf.shape(source)[0]

    def goes_on(position, tokens, written, ended, score, caches):
        return (position < length) & ~tf.reduce_all(ended)

    def body(position, tokens, written, ended, score, caches):
        logits, caches = decoder.step(tokens, position, caches, encoded)
        chosen = tf.where(ended, PADDING, tf.argmax(logits, axis=-1, output_type=tf.int32))
        gained = tf.gather(tf.nn.log_softmax(logits), chosen, batch_dims=1)
        score += tf.where(ended, 0.0, gained)
        written = _write(written, position, chosen)
        return position + 1, chosen, written, ended | (chosen == END), score, caches

    _, _, written, _, score, _ = tf.while_loop(
        goes_on,
        body,
        (
            tf.constant(0),
            tf.fill([num_texts], START),
            tf.fill([num_texts, length], PADDING),
            tf.fill([num_texts], False),
            tf.zeros([num_texts]),
            decoder.empty_cache(num_texts, length),
        ),
    )
    return written, score


def beam(decoder, source, length, *, width=4, penalty=0.6):
    """Translate by beam search: the best whole text among those that `width` beginnings lead to.

    The score of a text Y is `log P(Y) / ((5 + |Y|) / 6)^penalty`, its end counted in |Y|. The
    search ends when no text that goes on can beat the best that has ended.

    Args:
        decoder: `Decoder`.
        source: int32 tensor `(batch, S)`.
        length: int, the most tokens of a translation, its end included.
        width: int >= 1, texts that are kept at each position. Defaults to 4, section 6.1.
        penalty: float >= 0; 0 favours short texts. Defaults to 0.6, section 6.1.

    Returns:
        int32 tokens `(batch, length)`, padding behind the end, and their float32 scores `(batch,)`.
        Where no text has ended, the best beginning.

    Raises:
        RecipeError: width or penalty is out of its range.
    """
    if width < 1 or penalty < 0:
        raise RecipeError(
            "`width` of decoding.beam must be at least 1 and `penalty` at least 0. "
            f"Received: {width=}, {penalty=}."
        )
    batch = tf.shape(source)[0]
    # All beginnings of a text share its source.
    encoded = tf.nest.map_structure(lambda t: tf.repeat(t, width, axis=0), decoder.encode(source))

    def goes_on(position, tokens, alive, alive_scores, ended, ended_score, caches):
        # The best that a beginning can still come to, were each token to come certain.
        reachable = alive_scores[:, 0] / _penalty(length, penalty)
        return (position < length) & tf.reduce_any(reachable > ended_score)

    def body(position, tokens, alive, alive_scores, ended, ended_score, caches):
        logits, caches = decoder.step(tf.reshape(tokens, [-1]), position, caches, encoded)
        vocabulary = logits.shape[-1]
        steps = tf.reshape(tf.nn.log_softmax(logits), [batch, width, vocabulary])
        scores = tf.reshape(alive_scores[:, :, None] + steps, [batch, width * vocabulary])
        # Of twice as many candidates, at least `width` do not end here: each beginning has one end.
        scores, flat = tf.math.top_k(scores, k=min(2 * width, width * vocabulary))
        origin, chosen = flat // vocabulary, flat % vocabulary
        candidates = _write(tf.gather(alive, origin, batch_dims=1), position, chosen)
        ends = chosen == END
        penalised = tf.where(ends, scores / _penalty(position + 1, penalty), _NEVER)
        best = tf.argmax(penalised, axis=1)
        score = tf.gather(penalised, best, batch_dims=1)
        text = tf.gather(candidates, best, batch_dims=1)
        ended = tf.where((score > ended_score)[:, None], text, ended)
        ended_score = tf.maximum(score, ended_score)
        alive_scores, kept = tf.math.top_k(tf.where(ends, _NEVER, scores), k=width)
        alive = tf.gather(candidates, kept, batch_dims=1)
        tokens = tf.gather(chosen, kept, batch_dims=1)
        rows = tf.gather(origin, kept, batch_dims=1) + tf.range(batch)[:, None] * width
        caches = tf.nest.map_structure(lambda c: tf.gather(c, tf.reshape(rows, [-1])), caches)
        return position + 1, tokens, alive, alive_scores, ended, ended_score, caches

    first = tf.where(tf.range(width) == 0, 0.0, _NEVER)  # one beginning, not `width` alike
    _, _, alive, alive_scores, ended, ended_score, _ = tf.while_loop(
        goes_on,
        body,
        (
            tf.constant(0),
            tf.fill([batch, width], START),
            tf.fill([batch, width, length], PADDING),
            tf.tile(first[None], [batch, 1]),
            tf.fill([batch, length], PADDING),
            tf.fill([batch], _NEVER),
            decoder.empty_cache(batch * width, length),
        ),
    )
    has_ended = ended_score > _NEVER / 2
    return (
        tf.where(has_ended[:, None], ended, alive[:, 0]),
        tf.where(has_ended, ended_score, alive_scores[:, 0] / _penalty(length, penalty)),
    )


def _penalty(length, penalty):
    """Return equation 14 of Wu et al. 2016."""
    return ((5.0 + tf.cast(length, tf.float32)) / 6.0) ** penalty


def _write(texts, position, tokens):
    """Put a token at a position of each text: `(n, length)`, `()`, `(n,)` to `(n, length)`."""
    here = tf.range(tf.shape(texts)[-1]) == position
    return tf.where(here, tokens[..., None], texts)


def _stack(layers, name):
    numbers = [n.removeprefix(name) for n in layers if n.removeprefix(name).isdecimal()]
    return [layers[f"{name}{number}"] for number in sorted(numbers, key=int)]
