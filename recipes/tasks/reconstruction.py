"""An image back from its code."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from ..drawings.codes import code_scatter, to_plane
from ..drawings.mosaics import mosaic
from ..errors import RecipeError
from ..models.autoencoder import Autoencoder
from .endpoint import Endpoint, on_raw_input
from .task import Task, built

LOSSES = {
    "mse": keras.losses.MeanSquaredError,
    "cross_entropy": keras.losses.BinaryCrossentropy,
}
NUM_SHOWN = 12  # images that a report has room for in a row
NUM_CODES = 3000  # points that a scatter plot can show


@dataclasses.dataclass(frozen=True)
class Reconstruction(Task):
    """Learn to give images back from a code.

    Evaluates to `mse`, the mean square of the difference over pixels in [0, 1], and
    `baseline_mse`, that of always answering with the mean training image.

    Attributes:
        loss: "mse", or "cross_entropy", between pixels taken as probabilities (Vincent et al. 2008,
            section 2.2). Defaults to "mse".
    """

    loss: str = "mse"
    monitor = "val_mse"
    mode = "min"
    figures = ("mse", "baseline_mse")
    baseline = "the mean training image"

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise RecipeError(
                f"`loss` of a reconstruction must be one of {', '.join(map(repr, LOSSES))}. "
                f"Received: loss={self.loss!r}."
            )

    def core(self, recipe, splits):
        check_images(recipe, splits)
        model = built(recipe, splits.input_shape)
        if not isinstance(model, Autoencoder):
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return an Autoencoder, which has an "
                f"encoder and a decoder. Received: {type(model).__name__}."
            )
        return model

    def assemble(self, recipe, splits):
        """Return the autoencoder as it is built: it scales raw images itself."""
        return self.core(recipe, splits)

    def pair(self, inputs, targets):
        """Return raw images, and the same in [0, 1]."""
        return inputs, scaled(inputs)

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=LOSSES[self.loss](),
            metrics=[keras.metrics.MeanSquaredError(name="mse")],
            **settings,
        )

    def shown(self, model, images, number):
        """Return what the model is shown of raw images in an evaluation: the images.

        Args:
            model: the `Autoencoder`.
            images: tensor of raw images.
            number: int, that of the batch, counted from 0.
        """
        return images

    def trivial(self, splits):
        """Return a function from scaled images and what was shown of them to the trivial answer."""
        mean = mean_image(splits.train)
        return lambda images, shown: mean

    def evaluate(self, model, splits, batches):
        trivial = self.trivial(splits)
        squares, baseline, num_values = 0.0, 0.0, 0
        kept = {"images": [], "shown": [], "restored": [], "codes": [], "targets": []}
        num_kept = 0
        for number, (raw, targets) in enumerate(batches):
            images = scaled(raw).numpy()
            shown = self.shown(model, raw, number)
            codes = model.encode(shown)
            restored = keras.ops.convert_to_numpy(model.decode(codes))
            shown = scaled(shown).numpy()
            squares += float(np.sum(np.square(restored - images), dtype="float64"))
            baseline += float(np.sum(np.square(trivial(images, shown) - images), dtype="float64"))
            num_values += images.size
            if num_kept < NUM_CODES:
                row = (images, shown, restored, keras.ops.convert_to_numpy(codes), targets.numpy())
                for name, values in zip(kept, row, strict=True):
                    kept[name].append(values)
                num_kept += len(images)
        figures = {"mse": squares / num_values, "baseline_mse": baseline / num_values}
        return figures, {name: np.concatenate(values) for name, values in kept.items()}

    def pictures(self, splits, split, outcome):
        chosen = first_of_each(outcome["targets"], splits, NUM_SHOWN)
        rows = {"image": outcome["images"], "comes back": outcome["restored"]}
        if not np.array_equal(outcome["images"], outcome["shown"]):
            rows = {"image": outcome["images"], "shown": outcome["shown"], **rows}
        pictures = [
            (
                "Images and what comes back",
                "Of the test split; each column is one image.",
                mosaic(
                    np.stack([images[chosen] for images in rows.values()]), row_names=tuple(rows)
                ),
            )
        ]
        return pictures + pictures_of_codes(outcome["codes"], outcome["targets"], splits)

    def endpoints(self, model, splits):
        def serving_default(images):
            return {"reconstruction": model.reconstruct(images)}

        def encode(images):
            return {"code": model.encode(images)}

        def decode(code):
            return {"image": model.decode(code)}

        encoded = on_raw_input(encode, splits)
        return {
            "serving_default": on_raw_input(serving_default, splits),
            "encode": encoded,
            "decode": Endpoint(
                decode,
                (tf.TensorSpec((None, model.decoder.input_shape[-1]), "float32", name="code"),),
                (encoded.answer()["code"],),
            ),
        }


def check_images(recipe, splits):
    """Check that data are images of bytes, and that a recipe leaves scaling them to the model.

    Raises:
        RecipeError: they are something else, or the recipe normalises them.
    """
    dtype, shape = getattr(splits.inputs, "dtype", None), splits.input_shape
    if dtype != "uint8" or len(shape) != 3:
        raise RecipeError(
            f"The inputs of {splits.name!r} must be images of bytes for an autoencoder. Received: "
            f"shape {shape} of {dtype}. Take image data, such as 'digits'."
        )
    if recipe.normalize is not None:
        raise RecipeError(
            f"`normalize` of recipe {recipe.name!r} must be None: an autoencoder divides its "
            f"images by 255 itself, since they are its targets too. "
            f"Received: normalize={recipe.normalize!r}."
        )


def scaled(images):
    """Return raw images in [0, 255] as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def mean_image(split):
    """Return the mean image of a split on [0, 1], float64 `(height, width, channels)`."""
    total = sum(
        np.sum(images.numpy(), axis=0, dtype="float64") for images, _ in split.ordered(1024)
    )
    return total / (255.0 * split.num_examples)


def has_classes(targets, splits):
    """Return whether each example has a class, and not a mask or a value."""
    return splits.class_names is not None and np.ndim(targets) == 1


def first_of_each(targets, splits, count):
    """Return the numbers of `count` examples at most: the first of each class, then the others."""
    order = np.arange(len(targets))
    if has_classes(targets, splits):
        firsts = np.unique(targets, return_index=True)[1]
        order = np.concatenate([firsts, np.setdiff1d(order, firsts)])
    return order[:count]


def pictures_of_codes(codes, targets, splits):
    """Return the picture of codes `(examples, code)` in the plane, none for codes of one value."""
    if codes.shape[1] < 2 or len(codes) < 2:
        return []
    labels = targets[:NUM_CODES] if has_classes(targets, splits) else None
    points, names = to_plane(codes[:NUM_CODES])
    return [
        (
            "Codes",
            "Each point is the code of an image of the test split; no class was told in training.",
            code_scatter(points, labels, splits.class_names, axis_names=names),
        )
    ]
