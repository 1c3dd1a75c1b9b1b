"""From a SavedModel and a prompt to a text, piece by piece."""

import json
from pathlib import Path

import tensorflow as tf

from .data.text import decode, encode
from .errors import RecipeError
from .models.sampling import check
from .run import Run
from .saved_model import RECORD

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
    path = _saved_model(Path(source))
    vocabulary = _vocabulary(path, source)
    unknown = sorted(set(prompt) - set(vocabulary[1:]))
    if unknown:
        raise RecipeError(
            f"The prompt must be made of characters that the model was trained on. "
            f"Received: {', '.join(map(repr, unknown))}. Leave them out."
        )
    check(len(prompt), length, temperature, top_k, seed, len(vocabulary))
    try:
        signature = tf.saved_model.load(str(path)).signatures["write"]
    except Exception as error:  # a damaged graph may make TensorFlow raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"SavedModel {str(path)!r} is damaged: {reason} "
            f"Export it again with `kerasrecipes export RUN`."
        ) from error
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


def _saved_model(source):
    if (source / "run.json").is_file():
        path = Run.open(source).record.get("saved_model")
        if path is None or not Path(path).is_dir():
            received = "a run without one" if path is None else f"one that is not at {path!r}"
            raise RecipeError(
                f"Run {str(source)!r} must have a SavedModel. Received: {received}. "
                f"Export it with `kerasrecipes export {source}`."
            )
        return Path(path)
    if (source / "saved_model.pb").is_file():
        return source
    raise RecipeError(
        f"{str(source)!r} must be the folder of a run or of a SavedModel. "
        f"Received: {'another folder' if source.is_dir() else 'no folder'}."
    )


def _vocabulary(path, source):
    try:
        record = json.loads((path / RECORD).read_text("utf-8"))
        recipe, vocabularies = record["recipe"], record["vocabularies"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise RecipeError(
            f"SavedModel {str(path)!r} must be one that this package exported, which says in "
            f"{RECORD} what it takes. Received: {error}."
        ) from error
    if set(vocabularies) != {"text"}:
        raise RecipeError(
            f"{str(source)!r} must be a language model to write a text. Received: one of recipe "
            f"{recipe!r}. Train one, such as 'lstm_pydoc'."
        )
    return tuple(vocabularies["text"])
