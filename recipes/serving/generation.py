"""From a SavedModel and a prompt to a text, piece by piece."""

from operator import itemgetter

import tensorflow as tf

from ..data.characters import decode, encode
from ..errors import RecipeError
from ..models.sampling import check
from . import exported

# Characters a piece: so few that a reader sees them come, so many that the way from Python to the
# loop and back does not count.
PIECE = 32


def generate(source, prompt, *, length=500, temperature=0.8, top_k=0, seed=0):
    """Write on from a prompt, and yield the text as it comes.

    Args:
        source: str or path of a SavedModel of a language model that this package exported, or of
            a run that has one.
        prompt: str, at least one character, all of them known to the model.
        length: int >= 0, characters to write. Defaults to 500.
        temperature: float >= 0: below 1 more cautious, above 1 bolder; 0 takes the most probable
            character. Defaults to 0.8.
        top_k: int, how many of the most probable characters may be drawn; 0 for all. Defaults to 0.
        seed: int >= 0. The same seed gives the same text. Defaults to 0.

    Returns:
        An iterator of str, without the prompt; together they are what the signature `sample` gives.

    Raises:
        RecipeError: there is no such model, it is no language model, or an argument is out of its
            range. It is raised before the first piece.
    """
    path = exported.find(source)
    vocabulary = _vocabulary(path, source)
    unknown = sorted(set(prompt) - set(vocabulary[1:]))
    if unknown:
        raise RecipeError(
            f"The prompt must be made of characters that the model was trained on. "
            f"Received: {', '.join(map(repr, unknown))}. Leave them out."
        )
    check(len(prompt), length, temperature, top_k, seed, len(vocabulary))
    signature = exported.signature(path, "write")
    settings = {
        "temperature": tf.constant(temperature, tf.float32),
        "top_k": tf.constant(top_k),
        "seed": tf.constant(seed, tf.int64),
    }
    return _pieces(signature, encode(prompt, vocabulary), vocabulary, length, settings)


def _pieces(signature, ids, vocabulary, length, settings):
    memory = tf.zeros(signature.structured_input_signature[1]["memory"].shape)
    for position in range(0, length, PIECE):
        answer = signature(
            ids=tf.constant(ids),
            memory=memory,
            position=tf.constant(position),
            length=tf.constant(min(PIECE, length - position)),
            **settings,
        )
        ids, memory = answer["ids"].numpy(), answer["memory"]
        yield decode(ids, vocabulary)
        ids = ids[-1:]


def _vocabulary(path, source):
    recipe, vocabularies = exported.record(path, itemgetter("recipe", "vocabularies"))
    if set(vocabularies) != {"text"}:
        raise RecipeError(
            f"{str(source)!r} must be a language model to write a text. Received: one of recipe "
            f"{recipe!r}. Train one, such as 'lstm_pydoc'."
        )
    return tuple(vocabularies["text"])
