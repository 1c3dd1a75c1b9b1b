"""Pairs of texts as arrays of tokens, as a translator learns from them.

Every vocabulary begins with the same four tokens: padding, what is unknown, start and end. A source
is its tokens and the end; a target is read as the start and its tokens, and learned as its tokens
and the end. All are padded to one length, targets that are learned with -1.
"""

from __future__ import annotations

import numpy as np

from ..errors import RecipeError
from .carve import TEST_FRACTION, VALIDATION_FRACTION, carve
from .indexed import IndexedSplit
from .source import Source
from .splits import IGNORED, Spec

SPECIAL = ("<pad>", "<unknown>", "<start>", "<end>")
PADDING, UNKNOWN, START, END = range(len(SPECIAL))
# What stands for a space in a subword (Kudo and Richardson 2018, SentencePiece).
_SPACE = "\u2581"


def characters(texts):
    """Return the vocabulary of the characters of some texts, in the order of their code points.

    >>> characters(["ab", "ba"])
    ('<pad>', '<unknown>', '<start>', '<end>', 'a', 'b')
    """
    return (*SPECIAL, *sorted(set().union(*texts)))


def spell(text, vocabulary):
    """Return the tokens of a text, a character each; one that is not in the vocabulary is unknown.

    >>> spell("abc", ("<pad>", "<unknown>", "<start>", "<end>", "a", "b"))
    [4, 5, 1]
    """
    ids = {token: number for number, token in enumerate(vocabulary)}
    return [ids.get(character, UNKNOWN) for character in text]


def decode(ids, vocabulary):
    """Return the text of tokens up to their end; padding and starts are passed over.

    >>> decode([5, 4, 3, 4], ("<pad>", "<unknown>", "<start>", "<end>", "a", "b"))
    'ba'
    """
    pieces = []
    for number in np.asarray(ids).tolist():
        if number == END:
            break
        if number >= 0 and number not in (PADDING, START):
            pieces.append("\ufffd" if number == UNKNOWN else vocabulary[number])
    # No word begins a text with a space, and the mark itself is no character of any script.
    return "".join(pieces).replace(_SPACE, " ").removeprefix(" ")


def in_characters(parts):
    """Return a `Source` of texts as characters, with a vocabulary for each side from training.

    Args:
        parts: dict from "train", "validation" and "test" to a list of pairs of texts.
    """
    sides = [[pair[side] for pair in parts["train"]] for side in (0, 1)]
    vocabularies = dict(zip(("source", "target"), map(characters, sides), strict=True))
    encoders = [lambda text, tokens=tokens: spell(text, tokens) for tokens in vocabularies.values()]
    return _source(parts, encoders, vocabularies)


def in_subwords(parts, num_tokens, longest):
    """Return a `Source` of texts as subwords, of one vocabulary learnt from the training pairs.

    Sennrich, Haddow and Birch 2016, "Neural machine translation of rare words with subword units",
    https://arxiv.org/abs/1508.07909, as SentencePiece makes them.

    Args:
        parts: dict from "train", "validation" and "test" to a list of pairs of texts.
        num_tokens: int, the size of the vocabulary. Texts with fewer subwords leave the rest
            unused, so that a model's size does not depend on them.
        longest: int, tokens of the longest text to be trained on; longer pairs are left out of
            training and stay in the other splits.
    """
    pieces = _learn(parts["train"], num_tokens)
    tokens = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    tokens += [f"<unused{number}>" for number in range(len(tokens), num_tokens)]
    short = [
        pair
        for pair in parts["train"]
        if all(len(ids) < longest for ids in pieces.encode(list(pair)))
    ]
    notes = ()
    if len(short) < len(parts["train"]):
        left_out = len(parts["train"]) - len(short)
        notes = (f"train: {left_out} pairs of more than {longest} tokens left out",)
    vocabularies = {"source": tuple(tokens), "target": tuple(tokens)}
    return _source({**parts, "train": short}, [pieces.encode] * 2, vocabularies, notes)


def carved(pairs):
    """Return parts for training, validation and test of pairs of texts, and a note.

    A pair that is there twice is taken once, so that no test pair was trained on.

    Raises:
        RecipeError: there are too few pairs.
    """
    found = list(dict.fromkeys(pairs))
    notes = [f"{len(pairs) - len(found)} repeated pairs taken once"] * (len(found) < len(pairs))
    parts = {"train": found}
    for name, fraction in (("test", TEST_FRACTION), ("validation", VALIDATION_FRACTION)):
        train = parts["train"]
        stay, leave = carve(np.zeros(len(train)), fraction, stratify=False)
        parts |= {"train": [train[i] for i in stay], name: [train[i] for i in leave]}
        notes.append(f"{name}: {len(leave)} examples carved from train, seed 0")
    return parts, tuple(notes)


def _learn(pairs, num_tokens):
    import io

    import sentencepiece

    if num_tokens <= len(SPECIAL):
        raise RecipeError(
            f"A vocabulary of subwords must have more than its {len(SPECIAL)} special tokens. "
            f"Received: {num_tokens}."
        )
    file = io.BytesIO()
    padding, unknown, start, end = SPECIAL
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(text for pair in pairs for text in pair),
            model_writer=file,
            vocab_size=num_tokens,
            hard_vocab_limit=False,  # fewer where the texts have no more
            model_type="bpe",
            character_coverage=1.0,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            pad_id=PADDING,
            unk_id=UNKNOWN,
            bos_id=START,
            eos_id=END,
            pad_piece=padding,
            unk_piece=unknown,
            bos_piece=start,
            eos_piece=end,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise RecipeError(
            f"A vocabulary of {num_tokens} subwords could not be learnt: {error}. Choose another "
            "size, or leave it out for characters."
        ) from error
    return sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())


def _source(parts, encoders, vocabularies, notes=()):
    return Source(
        **{name: _split(pairs, encoders) for name, pairs in parts.items()},
        inputs={name: Spec(name, (None,), "int32") for name in ("source", "target")},
        class_names=None,
        vocabularies=vocabularies,
        notes=notes,
    )


def _split(pairs, encoders):
    source, target = (
        [encode(pair[side]) for pair in pairs] for side, encode in enumerate(encoders)
    )
    return IndexedSplit(
        inputs={
            "source": _padded([[*ids, END] for ids in source], PADDING),
            "target": _padded([[START, *ids] for ids in target], PADDING),
        },
        targets=_padded([[*ids, END] for ids in target], IGNORED),
    )


def _padded(rows, padding):
    array = np.full((len(rows), max(map(len, rows), default=1)), padding, np.int32)
    for row, ids in zip(array, rows, strict=True):
        row[: len(ids)] = ids
    return array
