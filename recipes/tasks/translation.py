"""A text for each text."""

import dataclasses

import numpy as np
import tensorflow as tf

from ..data.tokens import END, START, decode
from ..drawings.attention import attention_heads
from ..errors import RecipeError
from ..losses import SmoothedCrossEntropy
from ..metrics import ExactMatch, TokenAccuracy
from ..models.decoding import Decoder, beam, greedy
from .endpoint import NUM_CHECKED, Endpoint, on_raw_input
from .task import Task, built

_NUM_DRAWN = 2
_NUM_READ = 12


@dataclasses.dataclass(frozen=True)
class Translation(Task):
    """Learn to write one text for another, a token after the other, by cross-entropy.

    Evaluates to `exact_match`, the share of texts that are decoded without a mistake,
    `token_accuracy`, that of tokens where the true ones before them are given, and
    `baseline_exact_match`, that of answering with the source as it stands. With `bleu`, the BLEU of
    the decoded texts too, in [0, 100] (Papineni et al. 2002, as Post 2018 computes it,
    https://arxiv.org/abs/1804.08771), and `baseline_bleu`.

    Attributes:
        label_smoothing: float in [0, 1), Vaswani et al. 2017, section 5.4. Defaults to 0.1.
        beam_width: int >= 1, beginnings that evaluation keeps; 1 is greedy. Defaults to 1.
        length_penalty: float >= 0, of a beam; Wu et al. 2016, equation 14. Defaults to 0.6.
        bleu: bool, for texts of words. Defaults to False.
    """

    label_smoothing: float = 0.1
    beam_width: int = 1
    length_penalty: float = 0.6
    bleu: bool = False
    monitor = "val_token_accuracy"
    mode = "max"
    baseline = "the source as it stands"

    def __post_init__(self):
        if not 0 <= self.label_smoothing < 1:
            raise RecipeError(
                "`label_smoothing` of a translation must be in [0, 1). "
                f"Received: label_smoothing={self.label_smoothing!r}."
            )
        if self.beam_width < 1 or self.length_penalty < 0:
            raise RecipeError(
                "`beam_width` of a translation must be at least 1 and `length_penalty` at least 0. "
                f"Received: {self.beam_width!r} and {self.length_penalty!r}."
            )

    @property
    def figures(self):
        """The names of the figures; see the class."""
        names = ("exact_match", "token_accuracy", "baseline_exact_match")
        return (*names, "bleu", "baseline_bleu") if self.bleu else names

    def core(self, recipe, splits):
        if set(splits.vocabularies) != {"source", "target"}:
            raise RecipeError(
                f"Data set {splits.name!r} must be pairs of texts for a translation. Received: "
                f"inputs {', '.join(spec.name for spec in splits.specs)}. Take 'dates', or your "
                "own 'pairs:PATH'."
            )
        if recipe.normalize is not None:
            raise RecipeError("`normalize` of a translation must be None: its inputs are tokens.")
        sizes = [len(splits.vocabularies[side]) for side in ("source", "target")]
        core = built(recipe, *sizes, num_outputs=sizes[1])
        for split in (splits.train, splits.validation, splits.test):
            for side, tokens in split.inputs.items():
                core.get_layer(f"{side}_positions").expect_length(tokens.shape[1])
        return core

    def assemble(self, recipe, splits):
        # Tokens need no layer in front, and decoding asks for the parts that `build` has made.
        return self.core(recipe, splits)

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=SmoothedCrossEntropy(self.label_smoothing),
            metrics=[TokenAccuracy(), ExactMatch()],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        decoder, length = Decoder(model), _length(splits)
        accuracy = TokenAccuracy()

        @tf.function(reduce_retracing=True)
        def translate(inputs):
            return self._translated(decoder, inputs["source"], length)["target"]

        @tf.function(reduce_retracing=True)
        def count(inputs, targets):
            accuracy.update_state(targets, model(inputs, training=False))

        vocabularies = splits.vocabularies
        outcome = {"source": [], "answer": [], "truth": []}
        for inputs, targets in batches:
            count(inputs, targets)
            sides = {"source": inputs["source"], "answer": translate(inputs), "truth": targets}
            for side, rows in sides.items():
                vocabulary = vocabularies["source" if side == "source" else "target"]
                outcome[side] += [decode(row, vocabulary) for row in rows.numpy()]
            if "attention" not in outcome:
                outcome["attention"] = _attention(decoder, sides, vocabularies)
        figures = {
            "exact_match": _share_equal(outcome["answer"], outcome["truth"]),
            "token_accuracy": float(accuracy.result()),
            "baseline_exact_match": _share_equal(outcome["source"], outcome["truth"]),
        }
        if self.bleu:
            figures["bleu"] = _bleu(outcome["answer"], outcome["truth"])
            figures["baseline_bleu"] = _bleu(outcome["source"], outcome["truth"])
        return figures, outcome

    def pictures(self, splits, split, outcome):
        return [
            (
                f"Attention, example {number}",
                "Where each head of the last block looks in the source, along the columns, as it "
                "writes each token of the answer, along the rows. A mark like a cup is a space, a "
                "block the end.",
                attention_heads(*shown),
            )
            for number, shown in enumerate(outcome["attention"], start=1)
        ]

    def tables(self, model, splits, outcome):
        rows = list(zip(outcome["source"], outcome["answer"], outcome["truth"], strict=True))
        wrong = [row for row in rows if row[1] != row[2]]
        header = ("source", "answer", "truth")
        return [
            ("Examples", header, rows[:_NUM_READ]),
            (f"The first of {len(wrong)} mistakes", header, wrong[:_NUM_READ]),
        ]

    def endpoints(self, model, splits):
        decoder, length = Decoder(model), _length(splits)
        wide = dataclasses.replace(self, beam_width=max(self.beam_width, 4))
        narrow = dataclasses.replace(self, beam_width=1)

        def serving_default(inputs):
            return {"logits": tf.cast(model(inputs, training=False), tf.float32)}

        def translate(source):
            return narrow._translated(decoder, source, length)

        def translate_beam(source):
            return wide._translated(decoder, source, length)

        (inputs, _), source = _checked(splits), tf.TensorSpec((None, None), tf.int32, name="source")
        return {
            "serving_default": on_raw_input(serving_default, splits),
            "translate": Endpoint(translate, (source,), (inputs["source"],)),
            "translate_beam": Endpoint(translate_beam, (source,), (inputs["source"],)),
        }

    def _translated(self, decoder, source, length):
        if self.beam_width == 1:
            target, score = greedy(decoder, source, length)
        else:
            target, score = beam(
                decoder, source, length, width=self.beam_width, penalty=self.length_penalty
            )
        return {"target": target, "score": score}


def _length(splits):
    """Return the most tokens of an answer: those of the longest one that was trained on."""
    return splits.train.targets.shape[1]


def _checked(splits):
    return splits.validation.examples(range(min(NUM_CHECKED, splits.validation.num_examples)))


def _attention(decoder, sides, vocabularies):
    """Return the maps of the first examples, each with the tokens beside it."""
    source, answer = (np.asarray(sides[side])[:_NUM_DRAWN] for side in ("source", "answer"))
    shifted = np.pad(answer[:, :-1], [(0, 0), (1, 0)], constant_values=START)
    maps = decoder.attention_map(tf.constant(source), tf.constant(shifted)).numpy()
    shown = []
    for weights, *rows in zip(maps, source, answer, strict=True):
        # Up to the end, or all where it was never written.
        counts = [int(np.argmax(row == END)) + 1 if END in row else len(row) for row in rows]
        tokens = [
            [vocabularies[side][number] for number in row[:count]]
            for side, row, count in zip(("source", "target"), rows, counts, strict=True)
        ]
        shown.append((weights[:, : counts[1], : counts[0]], *tokens))
    return shown


def _share_equal(answers, truth):
    return float(np.mean([answer == right for answer, right in zip(answers, truth, strict=True)]))


def _bleu(answers, truth):
    from sacrebleu.metrics import BLEU

    return float(BLEU().corpus_score(answers, [truth]).score)
