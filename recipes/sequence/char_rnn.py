"""Recurrent networks that predict the next character of a text.

Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks",
https://karpathy.github.io/2015/05/21/rnn-effectiveness/, and Graves 2013, "Generating sequences
with recurrent neural networks", https://arxiv.org/abs/1308.0850, sections 2 and 3. The cells: long
short-term memory, Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735;
gated recurrent unit, Cho et al. 2014, https://arxiv.org/abs/1406.1078; simple, Elman 1990.

With a vocabulary of V characters, E numbers a character and n units:

    layer       output        parameters
    embedding   T x E         V E
    lstm1       T x n         4 (E n + n n + n)       gates: input, forget, candidate, output
      or gru1   T x n         3 (E n + n n + 2 n)     gates: update, reset, candidate
      or simple1  T x n       E n + n n + n
    logits      T x V         n V + V

`cell="gru", units=1024, embedding=256` on 66 characters:

    embedding   T x 256       16,896
    gru1        T x 1024      3,938,304
    logits      T x 66        67,650
    total                     4,022,850

A text of your own: `kerasrecipes train lstm_pydoc --data text:PATH`, a UTF-8 file or a folder of
.txt files. Then `kerasrecipes generate RUN --prompt "The " --temperature 0.8` writes on.

Departures:

1. Characters pass through an embedding; Karpathy and Graves give the cell the one-hot vector. A
   one-hot vector times the cell's kernel is a row of it, so an embedding is the same thing with the
   kernel in two factors. It is smaller, and a table of rows is looked up and not multiplied.
2. Every layer reads the one below it alone. In Graves's network all layers see the input and the
   output sees all layers.
3. The cell has no peepholes (Graves, equations 7 to 11), as later work left them out, and the GRU
   applies its reset gate behind the recurrent product, as cuDNN and PyTorch do.
4. Adam in place of RMSprop, and gradients clipped by the norm of all of them together (Pascanu et
   al. 2013, https://arxiv.org/abs/1211.5063); Karpathy and Graves clip each number.
5. The memory is carried through the whole training: the text is a ring (see
   `recipes.data.text_split`). Karpathy empties it where the text begins anew; here each stream
   empties its own now and then, by chance, so that the network learns how to begin.
"""

from functools import partial

import keras

from ..errors import RecipeError, check_at_least
from ..ranges import OneOf
from ..recipe import Figure, Recipe
from ..schedules import cosine
from ..tasks.next_character import NextCharacter

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}


def build(vocabulary_size, *, cell="lstm", units=256, layers=1, embedding=64, dropout=0.0):
    """Return a network from characters to the logits of what comes next.

    Its memory is empty at the start of every row; `recipes.models.LanguageModel` carries it from
    call to call.

    Args:
        vocabulary_size: int >= 2, different characters.
        cell: "lstm", "gru" or "simple". Defaults to "lstm".
        units: int >= 1, of each recurrent layer. Defaults to 256.
        layers: int >= 1, recurrent layers. Defaults to 1.
        embedding: int >= 1, numbers that stand for a character. Defaults to 64.
        dropout: float in [0, 1), the share of values left out behind each recurrent layer while it
            is trained; never between the steps of a layer (Zaremba et al. 2014,
            https://arxiv.org/abs/1409.2329). Defaults to 0.

    Returns:
        An uncompiled `keras.Model` from int ids `(batch, time)` to logits
        `(batch, time, vocabulary_size)`.

    Raises:
        RecipeError: an argument is out of its range.

    >>> build(66, cell="gru", units=1024, embedding=256).count_params()
    4022850
    """
    if cell not in CELLS:
        raise RecipeError(
            f"`cell` of char_rnn.build must be 'lstm', 'gru' or 'simple'. Received: {cell=}."
        )
    check_at_least("char_rnn.build", 2, vocabulary_size=vocabulary_size)
    check_at_least("char_rnn.build", 1, units=units, layers=layers, embedding=embedding)
    if not 0 <= dropout < 1:
        raise RecipeError(f"`dropout` of char_rnn.build must be in [0, 1). Received: {dropout=}.")
    ids = keras.Input((None,), dtype="int32", name="ids")  # T
    hidden = keras.layers.Embedding(vocabulary_size, embedding, name="embedding")(ids)  # T x E
    for number in range(1, layers + 1):
        recurrent = CELLS[cell](
            units, return_sequences=True, return_state=True, name=f"{cell}{number}"
        )
        hidden, *_ = recurrent(hidden)  # T x n
        if dropout:
            hidden = keras.layers.Dropout(dropout, name=f"dropout{number}")(hidden)
    logits = keras.layers.Dense(vocabulary_size, name="logits")(hidden)  # T x V
    return keras.Model(ids, logits, name=f"{cell}_{layers}x{units}")


RECIPES = (
    Recipe(
        name="lstm_pydoc",
        summary="The next character of Python's documentation, by long short-term memory.",
        data="pydoc_text",
        # A stream forgets once in 16 batches, or 1,000 characters: who never met an empty memory
        # took 100 characters to find its feet, and came to 1.74 to 1.96 bits.
        task=NextCharacter(forgetting=1 / 16),
        # 256 units: as many as train in two minutes on two cores. Without dropout the training
        # text came to 1.36 bits and the validation text to 2.14, from 2.04 at its best.
        build=partial(build, dropout=0.3),
        # Karpathy 2015 clips each value at 5; by the norm of all, the direction stays.
        optimizer=partial(keras.optimizers.Adam, global_clipnorm=1.0),
        # Karpathy's 0.002 is for a longer training: 200 steps of a network of 96 units led to 3.9
        # bits at 0.004, 3.1 at 0.008 and 2.8 at 0.016. Half of it leads to the same.
        learning_rate=0.01,
        schedule=cosine,  # so that the last epochs settle
        batch_size=32,  # streams; 50 in Karpathy 2015. 163 steps an epoch of 64 characters each
        epochs=12,  # what fits into two minutes
        ranges=(OneOf("build.cell", ("lstm", "gru")),),  # the simple one forgets soon
        # A little less than the n-gram's 1.72: the text is short, and full of set phrases.
        expected=Figure(
            "bits_per_character", 1.68, within=0.03, better="lower", source="measured here"
        ),
        num_parameters=362_088,  # with the 104 tokens of Python 3.11's documentation
    ),
)
