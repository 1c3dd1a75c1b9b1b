"""Images from a distribution of codes."""

import dataclasses
import math
import statistics

import keras
import numpy as np
import tensorflow as tf

from ..drawings.mosaics import in_rows, mosaic
from ..errors import RecipeError, check_at_least
from ..models.variational_autoencoder import VariationalAutoencoder, kl
from .endpoint import Endpoint, on_raw_input
from .reconstruction import (
    NUM_CODES,
    NUM_SHOWN,
    check_images,
    first_of_each,
    pictures_of_codes,
    scaled,
)
from .task import Task, built

NUM_AT_ONCE = 50  # codes an image that are decoded together
NUM_DRAWN = 96  # samples in the report
GRID = 16  # images along a side of the plane of codes
NUM_TRAVERSED, NUM_STEPS = 8, 11  # values of a code that are varied, and how often


@dataclasses.dataclass(frozen=True)
class Variational(Task):
    """Learn a distribution of images through a code, by the evidence lower bound.

    Evaluates, in nats an image, to `nll`, the importance-weighted estimate of -ln p(x) from
    `num_samples` codes an image, which lies above the truth in expectation and comes down to it as
    they grow (Burda et al. 2016, eq. 8); to `bound`, the negative evidence lower bound (the same
    with one code), and its two parts, `reconstruction` and `kl`; and to `baseline_nll`, that of
    pixels that are independent of one another. Where pixels are drawn, those of an evaluation are
    the same each time.

    Attributes:
        num_samples: int >= 1. Defaults to 50.
        seed: int in [0, 2^31), decides the pixels and codes of an evaluation, and the samples in
            the report. Defaults to 0.
    """

    num_samples: int = 50
    seed: int = 0
    monitor = "val_loss"
    mode = "min"
    figures = ("nll", "bound", "reconstruction", "kl", "baseline_nll")
    baseline = "independent pixels, each with its distribution over the training images"
    adds_penalties = False

    def __post_init__(self):
        check_at_least("a variational task", 1, num_samples=self.num_samples)

    def core(self, recipe, splits):
        check_images(recipe, splits)
        model = built(recipe, splits.input_shape)
        if not isinstance(model, VariationalAutoencoder):
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return a VariationalAutoencoder. "
                f"Received: {type(model).__name__}."
            )
        return model

    def assemble(self, recipe, splits):
        """Return the autoencoder as it is built: it scales raw images itself."""
        return self.core(recipe, splits)

    def compile(self, model, make_optimizer, **settings):
        model.compile(make_optimizer(), **settings)  # its loss is its own

    def evaluate(self, model, splits, batches):
        independent = independent_pixels(model, splits.train)
        totals = dict.fromkeys(("nll", "bound", "kl", "baseline_nll"), 0.0)
        num_images, num_kept, divergences = 0, 0, 0.0
        kept = {"images": [], "restored": [], "codes": [], "targets": []}
        for number, (raw, targets) in enumerate(batches):
            images = model.observed(raw, tf.constant([self.seed, number]))
            code = model.encoder(images, training=False)
            weights = np.concatenate(
                [
                    model.log_weights(
                        images,
                        min(NUM_AT_ONCE, self.num_samples - first),
                        # The second number also counts the batches, of which there are fewer.
                        tf.constant([self.seed, (number + 1) * 1_000_000 + first], tf.int32),
                    ).numpy()
                    for first in range(0, self.num_samples, NUM_AT_ONCE)
                ]
            ).astype("float64")
            totals["nll"] -= float(np.sum(_log_mean_exp(weights)))
            totals["bound"] -= float(np.sum(weights.mean(axis=0)))
            totals["kl"] += float(keras.ops.sum(kl(code)))
            totals["baseline_nll"] += float(np.sum(independent(scaled(images).numpy())))
            divergences = divergences + _kl_by_value(code)
            num_images += len(weights[0])
            if num_kept < NUM_CODES:
                restored = model.decode(code["mean"])
                row = (scaled(images), restored, code["mean"], targets)
                for name, values in zip(kept, row, strict=True):
                    kept[name].append(keras.ops.convert_to_numpy(values))
                num_kept += len(weights[0])
        figures = {name: total / num_images for name, total in totals.items()}
        figures["reconstruction"] = figures["bound"] - figures["kl"]
        outcome = {name: np.concatenate(values) for name, values in kept.items()}
        outcome["divergences"] = divergences / num_images
        outcome |= self._drawn(model, outcome)
        return {name: figures[name] for name in self.figures}, outcome

    def _drawn(self, model, outcome):
        """Return the images that the decoder makes of codes that nobody has encoded."""
        size = outcome["codes"].shape[1]
        drawn = {"samples": keras.ops.convert_to_numpy(model.sample(NUM_DRAWN, self.seed))}
        if size == 2:
            codes = plane_of_codes(GRID)
            drawn["plane"] = keras.ops.convert_to_numpy(model.decode(codes))
        values = np.argsort(-outcome["divergences"])[:NUM_TRAVERSED]
        codes = np.repeat(outcome["codes"][:1], len(values) * NUM_STEPS, axis=0)
        codes = codes.reshape(len(values), NUM_STEPS, size)
        for row, value in enumerate(values):
            codes[row, :, value] = np.linspace(-3, 3, NUM_STEPS)
        images = keras.ops.convert_to_numpy(model.decode(codes.reshape(-1, size)))
        drawn["traversed"] = values
        drawn["traversals"] = images.reshape(len(values), NUM_STEPS, *images.shape[1:])
        return drawn

    def pictures(self, splits, split, outcome):
        chosen = first_of_each(outcome["targets"], splits, NUM_SHOWN)
        rows = {"image": outcome["images"], "comes back": outcome["restored"]}
        pictures = [
            (
                "Images and what comes back",
                "Of the test split, as the model is shown them, and the pixels expected at the "
                "mean code.",
                mosaic(
                    np.stack([images[chosen] for images in rows.values()]), row_names=tuple(rows)
                ),
            ),
            *pictures_of_codes(outcome["codes"], outcome["targets"], splits),
            (
                "Samples",
                "The pixels expected at codes drawn from the prior.",
                mosaic(in_rows(outcome["samples"], 12)),
            ),
            (
                "One value of the code after another",
                "From the code of a test image, one value a row goes from -3 to 3: those that tell "
                "most of the image, with the nats that they carry on average.",
                mosaic(
                    outcome["traversals"],
                    row_names=[
                        f"value {value + 1}, {outcome['divergences'][value]:.1f} nats"
                        for value in outcome["traversed"]
                    ],
                ),
            ),
        ]
        if "plane" in outcome:
            pictures.append(
                (
                    "The plane of codes",
                    "Decoded at equal steps of the prior's probability along both values "
                    "(Kingma and Welling 2014, figure 4).",
                    mosaic(in_rows(outcome["plane"], GRID), inches=0.45),
                )
            )
        return pictures

    def endpoints(self, model, splits):
        def serving_default(images):
            return {"reconstruction": model(images, training=False)}

        def decode(code):
            return {"image": model.decode(code)}

        def sample(seed, count):
            return {"image": model.sample(count, seed)}

        encoded = on_raw_input(model.encode, splits)
        code = tf.TensorSpec((None, model.decoder.input_shape[-1]), "float32", name="code")
        scalars = tuple(tf.TensorSpec((), "int32", name=name) for name in ("seed", "count"))
        return {
            "serving_default": on_raw_input(serving_default, splits),
            "encode": encoded,
            "decode": Endpoint(decode, (code,), (encoded.answer()["mean"],)),
            "sample": Endpoint(sample, scalars, (np.int32(7), np.int32(4))),
        }


def independent_pixels(model, split):
    """Return a function from images in [0, 1] to their nats under independent pixels, `(batch,)`.

    Each pixel is white with its share over the split (with one white and one black image added, so
    that no pixel is certain); grey pixels are normal about their mean, with one deviation for all.

    Args:
        model: `VariationalAutoencoder`, which says what its pixels are.
        split: the `Split` to learn from.
    """
    total, squares = 0.0, 0.0
    for raw, _ in split.ordered(1024):
        # Where pixels are drawn, the grey value is the expectation of what would be.
        images = raw if model.pixels == "drawn" else model.observed(raw, 0)
        images = scaled(images).numpy().astype("float64")
        total = total + images.sum(axis=0)
        squares += float(np.square(images).sum())
    if model.pixels == "grey":
        mean = total / split.num_examples
        variance = squares / (split.num_examples * mean.size) - float(np.mean(np.square(mean)))
        constant = 0.5 * mean.size * math.log(2 * math.pi * variance)
        return lambda images: (
            constant + np.square(images - mean).sum(axis=(1, 2, 3)) / (2 * variance)
        )
    white = (total + 1) / (split.num_examples + 2)
    return lambda images: (
        -np.sum(images * np.log(white) + (1 - images) * np.log(1 - white), axis=(1, 2, 3))
    )


def plane_of_codes(count):
    """Return codes of two values at equal steps of the prior's probability.

    Returns:
        A float array `(count * count, 2)`: the first value grows along a row, the second falls
        from row to row, as the axes of a plot.
    """
    normal = statistics.NormalDist()
    values = [normal.inv_cdf((number + 0.5) / count) for number in range(count)]
    return np.array([(x, y) for y in reversed(values) for x in values], "float32")


def _kl_by_value(code):
    """Return the divergence of each value of a code, summed over the batch, `(code,)`."""
    mean, log_variance = (np.asarray(code[name], "float64") for name in ("mean", "log_variance"))
    return 0.5 * np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=0)


def _log_mean_exp(values):
    top = values.max(axis=0)
    return top + np.log(np.mean(np.exp(values - top), axis=0))
