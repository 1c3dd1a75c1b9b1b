"""The Transformer: translation by attention alone.

Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin 2017, "Attention is all you
need", https://arxiv.org/abs/1706.03762.

With a vocabulary of 37,000 that source and target share, S source and T target positions:

    layer                   base: output    parameters     big: output    parameters
    embedding               S, T x 512      18,944,000     S, T x 1024    37,888,000
    positions               S, T x 512      0              S, T x 1024    0
    encoder1 to encoder6    S x 512         6 x 3,152,384  S x 1024       6 x 12,596,224
      self attention                        1,050,624                     4,198,400
      feed-forward                          2,099,712                     8,393,728
      2 normalisations                      2,048                         4,096
    decoder1 to decoder6    T x 512         6 x 4,204,032  T x 1024       6 x 16,796,672
      self attention                        1,050,624                     4,198,400
      cross attention                       1,050,624                     4,198,400
      feed-forward                          2,099,712                     8,393,728
      3 normalisations                      3,072                         6,144
    logits                  T x 37,000      0, the embedding's            0
    total                                   63,082,496                    214,245,376

An attention has four projections with biases: 4 (512^2 + 512). A feed-forward network is
512 x 2048 + 2048 and back, 2048 x 512 + 512. The logits are products with the embedding's rows and
have no bias (section 3.4). The paper's table 3 rounds to 65M and 213M.

    variant    blocks    width    hidden    heads    dropout
    base       6         512      2048      8        0.1       table 3
    big        6         1024     4096      16       0.3       table 3, English to German
    small      2         64       256       4        0.1       for texts of some tens of characters

Departures from the paper:

1. Texts of a batch are padded to one length with token 0, which no position looks at and no loss
   counts. The paper makes batches of texts of like length.
2. `pre_norm=True` normalises in front of each sub-layer and once behind the last block of either
   stack (2 x 2 x width parameters more), after Xiong et al. 2020, "On layer normalization in the
   Transformer architecture", https://arxiv.org/abs/2002.04745: it trains without a warm-up and at
   higher rates.
3. `shared_embedding=False` has a matrix for the source, another for the target and a third for the
   logits, for vocabularies that have nothing in common.
4. Label smoothing spreads its share over all tokens, the right one included, as PyTorch and Keras
   do; the paper's code spreads it over the others. With a vocabulary of thousands it is the same.
5. On Portuguese to English no figure of this model and this set is known to us, and the recipe was
   not run: the paper's own is 27.3 BLEU on other languages and 90 times the text.
6. The average is of the weights after each of the last epochs; the paper's checkpoints are ten
   minutes apart.
"""

from functools import partial

import keras
from keras import layers, ops

from ...callbacks import AverageLastEpochs
from ..errors import RecipeError, check_at_least, check_whole, near_names
from ..layers import DecoderBlock, EncoderBlock, SinusoidalPositions
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import noam
from ..tasks.translation import Translation

# blocks, width, hidden units of the feed-forward networks, heads, dropout
VARIANTS = {
    "base": (6, 512, 2048, 8, 0.1),
    "big": (6, 1024, 4096, 16, 0.3),
    "small": (2, 64, 256, 4, 0.1),
}


def embedding(vocabulary, width, name):
    """Return a matrix of embeddings that also gives logits; rows begin near length 1."""
    # Scaled by sqrt(width) at the input, and a product with a normalised vector at the output:
    # both have variance 1.
    return layers.ReversibleEmbedding(
        vocabulary,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
        name=name,
    )


def encoder(hidden, mask, block, num_blocks, norm):
    """Return the encoder's output: `(batch, S, width)` to the same shape."""
    for number in range(1, num_blocks + 1):
        hidden = block(EncoderBlock, name=f"encoder{number}")(hidden, mask)  # S x width
    return norm(name="encoder_norm")(hidden) if norm else hidden


def decoder(hidden, memory, mask, block, num_blocks, norm):
    """Return the decoder's output, `(batch, T, width)`, of its input and the encoder's output."""
    for number in range(1, num_blocks + 1):
        hidden = block(DecoderBlock, name=f"decoder{number}")(hidden, memory, mask)  # T x width
    return norm(name="decoder_norm")(hidden) if norm else hidden


def build(
    source_vocabulary,
    target_vocabulary,
    *,
    variant="base",
    shared_embedding=True,
    pre_norm=False,
    positions=1024,
):
    """Return a Transformer from source tokens and the target tokens so far to the next ones.

    Args:
        source_vocabulary: int >= 2, tokens of the source; token 0 is padding.
        target_vocabulary: int >= 2, tokens of the target.
        variant: "base", "big" or "small", see the table above. Defaults to "base".
        shared_embedding: bool, one matrix for source, target and logits; asks for one vocabulary.
            Defaults to True.
        pre_norm: bool, departure 2. Defaults to False.
        positions: int >= 1, tokens of the longest text, in which nothing is trained. Defaults to
            1024.

    Returns:
        An uncompiled `keras.Model` from int32 `{"source": (batch, S), "target": (batch, T)}`, the
        target shifted right, to logits `(batch, T, target_vocabulary)`.

    Raises:
        RecipeError: an argument is out of its range, or two vocabularies are to share a matrix.

    >>> build(40, 40, variant="small").count_params()
    236032
    """
    if variant not in VARIANTS:
        raise RecipeError(
            f"`variant` of transformer.build must be one of {', '.join(map(repr, VARIANTS))}. "
            f"Received: {variant=}." + near_names(str(variant), VARIANTS)
        )
    check_whole(
        "transformer.build",
        2,
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
    )
    if shared_embedding and source_vocabulary != target_vocabulary:
        raise RecipeError(
            "`source_vocabulary` and `target_vocabulary` of transformer.build must be one where "
            f"the embedding is shared. Received: {source_vocabulary} and {target_vocabulary} "
            "tokens. Share the vocabulary, or build with shared_embedding=False."
        )
    check_at_least("transformer.build", 1, positions=positions)
    num_blocks, width, feed_forward, num_heads, dropout = VARIANTS[variant]

    def block(kind, name):
        return kind(num_heads, feed_forward, dropout, pre_norm, name=name)

    norm = partial(layers.LayerNormalization, epsilon=1e-6) if pre_norm else None
    if shared_embedding:
        embed_source = embed_target = to_logits = embedding(target_vocabulary, width, "embedding")
    else:
        embed_source = embedding(source_vocabulary, width, "source_embedding")
        embed_target = embedding(target_vocabulary, width, "target_embedding")
        to_logits = layers.Dense(target_vocabulary, use_bias=False, name="logits")

    source = keras.Input((None,), dtype="int32", name="source")  # S
    target = keras.Input((None,), dtype="int32", name="target")  # T
    seen = ops.not_equal(source, 0)[:, None, None, :]  # 1 x 1 x S
    hidden = SinusoidalPositions(positions, name="source_positions")(embed_source(source))
    hidden = layers.Dropout(dropout, name="source_dropout")(hidden)  # S x width
    memory = encoder(hidden, seen, block, num_blocks, norm)
    hidden = SinusoidalPositions(positions, name="target_positions")(embed_target(target))
    hidden = layers.Dropout(dropout, name="target_dropout")(hidden)  # T x width
    hidden = decoder(hidden, memory, seen, block, num_blocks, norm)
    logits = to_logits(hidden, reverse=True) if shared_embedding else to_logits(hidden)  # T x words
    return keras.Model({"source": source, "target": target}, logits, name=f"transformer_{variant}")


RECIPES = (
    Recipe(
        name="transformer_dates",
        summary="Written dates to ISO 8601 with a small Transformer, a character at a time.",
        data="dates",
        task=Translation(),
        build=partial(build, variant="small", shared_embedding=False),  # two alphabets
        optimizer=partial(keras.optimizers.Adam, beta_2=0.98, epsilon=1e-9),  # section 5.3
        schedule=partial(noam, warmup_steps=400),  # a tenth of the paper's; steps: a fiftieth
        learning_rate=0.002,  # what equation 3 peaks at for a width of 64
        batch_size=64,  # 312 steps an epoch
        epochs=6,  # 99.5 % of the validation dates are right after the fourth
        callbacks=(partial(AverageLastEpochs, 3),),  # the last of few epochs; the paper has 5
        ranges=(OneOf("build.pre_norm", (False, True)),),  # departure 2
        expected=Figure("exact_match", 0.99, source="the least that this project asks for"),
        num_parameters=239_424,
    ),
    Recipe(
        name="transformer_pt_en",
        summary="The base Transformer from Portuguese to English, on sentences of talks.",
        data="ted_hrlr_translate/pt_to_en",
        task=Translation(beam_width=4, length_penalty=0.6, bleu=True),  # section 6.1
        build=partial(build, variant="base"),  # one vocabulary for both languages, as in the paper
        optimizer=partial(keras.optimizers.Adam, beta_2=0.98, epsilon=1e-9),  # section 5.3
        schedule=partial(noam, warmup_steps=4000),  # section 5.3
        learning_rate=(512 * 4000) ** -0.5,  # equation 3 at its peak
        batch_size=128,  # 3,000 tokens or so on either side; the paper's 25,000 fill eight GPUs
        epochs=40,  # 16,000 steps
        callbacks=(AverageLastEpochs,),  # five, as in section 6.1
        ranges=(OneOf("build.pre_norm", (False, True)),),  # departure 2
        expected=Figure("bleu", 30.0, within=5.0, source="a guess, not measured: see departure 5"),
        num_parameters=48_332_800,
    ),
)
