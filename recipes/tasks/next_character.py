"""The next character of a text."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from ..data.characters import UNKNOWN, decode, encode
from ..data.splits import IGNORED
from ..data.text_split import TextSplit
from ..drawings import texts
from ..errors import RecipeError
from ..models.language_model import LanguageModel
from ..models.sampling import Sampler
from . import ngram
from .endpoint import Endpoint, on_raw_input
from .task import Task, built

# What a report shows of what the model writes, and of what it reads.
TEMPERATURES = (0.0, 0.5, 0.8, 1.0)
NUM_WRITTEN = 400
NUM_READ = 1_000
PROMPT = "The "


@keras.saving.register_keras_serializable("kerasrecipes")
class BitsPerCharacter(keras.metrics.Mean):
    """The mean of -log2 p(character), from logits; targets of -1 are not counted."""

    def __init__(self, name="bits_per_character", **settings):
        super().__init__(name=name, **settings)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count targets `(batch, time)` and logits `(batch, time, vocabulary_size)`."""
        super().update_state(_bits(y_true, y_pred), sample_weight=y_true != IGNORED)


@dataclasses.dataclass(frozen=True)
class NextCharacter(Task):
    """Learn the next character of a text from all those before it, by cross-entropy.

    A training batch goes on where the batch before ended, and so does the memory (`TextSplit`,
    `LanguageModel`). Evaluates to `bits_per_character`, the mean of -log2 p over every character
    but the first, `perplexity`, 2 to that, and `baseline_bits_per_character`, that of the n-gram
    (`NGram`) of the training text whose order predicts the validation text best. A window of 64
    characters in front of those that count warms the memory up.

    Attributes:
        forgetting: float in [0, 1), the probability that a stream of the text forgets what it has
            read before a training batch, so that the network learns to begin. Defaults to 0.
    """

    forgetting: float = 0.0

    monitor = "val_bits_per_character"
    mode = "min"
    figures = ("bits_per_character", "perplexity", "baseline_bits_per_character")
    baseline = "an n-gram of at most 8 characters with Kneser-Ney smoothing"
    # The memory is one variable for all rows of a batch.
    shareable = False

    def __post_init__(self):
        if not 0 <= self.forgetting < 1:
            raise RecipeError(
                "`forgetting` of the next character must be in [0, 1). "
                f"Received: forgetting={self.forgetting!r}."
            )

    def core(self, recipe, splits):
        if not isinstance(splits.train, TextSplit):
            raise RecipeError(
                f"Data set {splits.name!r} must be a text for the next character of it to be "
                f"learned. Received: another kind of data. Take 'pydoc_text' or 'text:PATH'."
            )
        vocabulary_size = len(splits.vocabularies["text"])
        return built(recipe, vocabulary_size, num_outputs=vocabulary_size)

    def assemble(self, recipe, splits):
        return LanguageModel(
            self.core(recipe, splits),
            recipe.batch_size,
            forgetting=self.forgetting,
            name=recipe.name,
        )

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED),
            metrics=[BitsPerCharacter()],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        def read(inputs, targets):
            # A character that only warms the memory up is known from the input behind it.
            shifted = np.concatenate([inputs[:, 1:], inputs[:, -1:]], axis=1)
            asked = np.where(targets == IGNORED, shifted, targets)
            return _bits(asked, model(inputs, training=False)).numpy()

        parts = [
            (inputs, targets, read(inputs, targets))
            for inputs, targets in batches.as_numpy_iterator()
        ]
        inputs, targets, bits = (np.concatenate(part) for part in zip(*parts, strict=True))
        counted = targets != IGNORED
        text = np.append(inputs[0, 0], targets[counted])
        gram = _chosen_gram(splits)
        mean = float(bits[counted].mean(dtype="float64"))
        outcome = {
            "ids": text[: NUM_READ + 1],
            "bits": bits[counted][:NUM_READ],
            # Not the last window, which the end of the text cuts off.
            "bits_by_memory": bits[: max(1, len(bits) - 1)].mean(axis=0, dtype="float64"),
            "baseline_bits": gram.bits_per_character(text),
            "order": gram.order,
        }
        figures = {
            "bits_per_character": mean,
            "perplexity": 2.0**mean,
            "baseline_bits_per_character": outcome["baseline_bits"],
        }
        return figures, outcome

    def pictures(self, splits, split, outcome):
        return [
            (
                "What surprised it",
                "The beginning of the test text; the redder a character, the more bits it cost.",
                texts.surprise(
                    decode(outcome["ids"][1:], splits.vocabularies["text"]), outcome["bits"]
                ),
            ),
            (
                "What its memory is worth",
                "Bits of a character by how many were read before it; the memory begins empty.",
                texts.bits_by_memory(
                    outcome["bits_by_memory"],
                    outcome["baseline_bits"],
                    f"{outcome['order']}-gram",
                ),
            ),
        ]

    def tables(self, model, splits, outcome):
        vocabulary, sampler = splits.vocabularies["text"], Sampler(model)
        prompt = encode(PROMPT, vocabulary)
        if UNKNOWN in prompt:
            prompt = outcome["ids"][: len(PROMPT)]
        rows = []
        for temperature in TEMPERATURES:
            ids = sampler.sample(prompt, NUM_WRITTEN, temperature=temperature)
            rows.append((f"{temperature:g}", decode([*prompt, *ids], vocabulary)))
        return [("What it writes", ("temperature", "text"), rows)]

    def endpoints(self, model, splits):
        sampler = Sampler(model)

        def serving_default(ids):
            logits = tf.cast(model(ids, training=False), tf.float32)
            return {"logits": logits, "probabilities": tf.nn.softmax(logits[:, -1])}

        def write(*given):
            ids, memory = sampler.write(*given)
            return {"ids": ids, "memory": memory}

        def sample(ids, *given):
            ids, _ = sampler.write(ids, tf.zeros(sampler.memory_shape), tf.constant(0), *given)
            return {"ids": ids}

        names = ("ids", "memory", "position", "length", "temperature", "top_k", "seed")
        specs = dict(zip(names, sampler.signature(), strict=True))
        prompt = splits.validation.examples([0])[0][0, :16]
        settings = (24, 0.8, min(20, sampler.vocabulary_size - 1), 7)
        memory = np.zeros(sampler.memory_shape, "float32")
        return {
            "serving_default": on_raw_input(serving_default, splits),
            "sample": Endpoint(
                sample,
                tuple(specs[name] for name in names if name not in ("memory", "position")),
                (prompt, *settings),
            ),
            "write": Endpoint(write, tuple(specs.values()), (prompt, memory, 0, *settings)),
        }


def _chosen_gram(splits):
    """Return the n-gram of a text, counted once for all the evaluations of a run."""
    key = (splits.fingerprint, len(splits.train.ids), len(splits.validation.ids))
    if key not in _grams:
        _grams.clear()  # of the text before; counts are large
        _grams[key] = ngram.chosen(
            splits.train.ids, splits.validation.ids, len(splits.vocabularies["text"])
        )
    return _grams[key]


_grams = {}


def _bits(targets, logits):
    """Return -log2 p of each target, the first class's for targets of -1."""
    targets = keras.ops.maximum(targets, 0)
    nats = keras.ops.sparse_categorical_crossentropy(targets, logits, from_logits=True)
    return nats / np.log(2.0).astype("float32")
