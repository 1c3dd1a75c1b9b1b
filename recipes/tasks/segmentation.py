"""One class for each pixel of an image."""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from .. import losses, metrics
from ..drawings.masks import mask_grid
from ..errors import RecipeError, near_names
from .endpoint import of_classes
from .task import Task, built

LOSSES = {
    "cross_entropy": losses.CrossEntropy,
    "dice": losses.Dice,
    "cross_entropy_dice": losses.CrossEntropyDice,
}

# What a network at full size answers for in one go: its widest maps then have a few gigabytes.
PIXELS_AT_ONCE = 2**19
NUM_SHOWN = 6  # examples that a report has room for in a picture


@dataclasses.dataclass(frozen=True)
class Segmentation(Task):
    """Learn the class of each pixel from logits; masks hold -1 where a pixel is not counted.

    A network without padding answers for the middle of an image, and is compared with the middle of
    the mask.

    Evaluates to `mean_iou`, the intersection over union of the classes, counted over all pixels of
    the split together and averaged over the classes, `pixel_accuracy`, both in [0, 1], and the same
    two of calling every pixel the most frequent class of the training split: `baseline_mean_iou`,
    `baseline_pixel_accuracy`.

    Attributes:
        loss: "cross_entropy" (the mean over pixels), "dice" or "cross_entropy_dice" (their sum);
            see `recipes.losses`. Defaults to "cross_entropy".
    """

    loss: str = "cross_entropy"
    monitor = "val_mean_iou"
    mode = "max"
    figures = ("mean_iou", "pixel_accuracy", "baseline_mean_iou", "baseline_pixel_accuracy")
    baseline = "the most frequent class everywhere"

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise RecipeError(
                f"`loss` of a segmentation must be one of {', '.join(map(repr, LOSSES))}. "
                f"Received: loss={self.loss!r}." + near_names(self.loss, LOSSES)
            )

    def core(self, recipe, splits):
        if splits.class_names is None or len(splits.input_shape) != 3:
            raise RecipeError(
                f"The inputs of {splits.name!r} must be images and the targets classes for "
                f"segmentation. Received: inputs of shape {splits.input_shape}. Take 'shapes', or "
                "your own images with 'masks:PATH'."
            )
        shape = tuple(splits.validation.first(1).ordered(1).element_spec[1].shape[1:])
        if shape != splits.input_shape[:2]:
            raise RecipeError(
                f"The targets of {splits.name!r} must be masks as large as the images for "
                f"segmentation, {splits.input_shape[:2]}. Received: targets of shape "
                f"{shape}. Take 'shapes', or your own images with 'masks:PATH'."
            )
        core = built(recipe, splits.input_shape, splits.num_classes, num_outputs=splits.num_classes)
        if len(core.output_shape) != 4:
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return a keras.Model that gives logits "
                f"(batch, height, width, classes). Received: {core.output_shape}."
            )
        return core

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(),
            loss=LOSSES[self.loss](),
            metrics=[metrics.MeanIoU(model.output_shape[-1])],
            **settings,
        )

    def evaluate(self, model, splits, batches):
        num_classes = splits.num_classes

        @tf.function(reduce_retracing=True)
        def answer(inputs):
            return tf.argmax(model(inputs, training=False), axis=-1, output_type=tf.int32)

        counts, scores, kept = np.zeros((num_classes, num_classes), np.int64), [], {}
        for inputs, targets in batches:
            step = max(1, PIXELS_AT_ONCE // math.prod(splits.input_shape[:2]))
            labels = np.concatenate(
                [answer(inputs[n : n + step]).numpy() for n in range(0, len(inputs), step)]
            )
            for mask, label in zip(losses.middle(targets.numpy(), labels), labels, strict=True):
                here = metrics.count(mask, label, num_classes)
                counts += here
                kept[len(scores)] = (mask, label)
                scores.append(mean_iou(here))
            # Masks of a whole split may be gigabytes; those that are shown are few.
            shown = {*worst(scores), *range(NUM_SHOWN)}
            kept = {number: masks for number, masks in kept.items() if number in shown}
        trivial = np.zeros_like(counts)
        trivial[:, _most_frequent(splits.train.targets, num_classes)] = counts.sum(axis=1)
        figures = {
            "mean_iou": mean_iou(counts),
            "pixel_accuracy": metrics.pixel_accuracy(counts),
            "baseline_mean_iou": mean_iou(trivial),
            "baseline_pixel_accuracy": metrics.pixel_accuracy(trivial),
        }
        return figures, {"counts": counts, "scores": scores, "masks": kept}

    def pictures(self, splits, split, outcome):
        scores, masks = outcome["scores"], outcome["masks"]
        first = list(range(min(NUM_SHOWN, len(scores))))
        return [
            (
                title,
                caption,
                mask_grid(
                    split.examples(chosen)[0],
                    [masks[number][0] for number in chosen],
                    [masks[number][1] for number in chosen],
                    splits.class_names,
                    [f"mean IoU {scores[number]:.2f}" for number in chosen],
                ),
            )
            for title, caption, chosen in (
                ("Masks", "The first examples: image, true mask, predicted mask.", first),
                ("Worst masks", "The examples with the lowest mean IoU.", worst(scores)),
            )
        ]

    def tables(self, model, splits, outcome):
        counts = outcome["counts"]
        shares = counts.sum(axis=1) / max(counts.sum(), 1)
        rows = [
            (name, "absent" if np.isnan(iou) else f"{iou:.3f}", f"{share:.1%}")
            for name, iou, share in zip(
                splits.class_names, metrics.iou_by_class(counts), shares, strict=True
            )
        ]
        return [("Classes", ("class", "intersection over union", "share of the pixels"), rows)]

    def endpoints(self, model, splits):
        return {"serving_default": of_classes(model, splits, "mask")}


def mean_iou(counts):
    """Return the mean intersection over union of the classes that are there or predicted.

    Args:
        counts: array `(num_classes, num_classes)`, truth along the rows.
    """
    ious = metrics.iou_by_class(counts)
    found = ~np.isnan(ious)
    # Nothing counted, nothing missed.
    return float(ious[found].mean()) if found.any() else 1.0


def worst(scores):
    """Return the numbers of the examples with the lowest scores, the lowest first."""
    return [int(number) for number in np.argsort(scores, kind="stable")[:NUM_SHOWN]]


def _most_frequent(targets, num_classes):
    """Return the class that most targets have; taken in parts, since `bincount` widens them."""
    counts = np.zeros(num_classes, np.int64)
    for mask in targets:
        counts += np.bincount(mask[mask >= 0].ravel(), minlength=num_classes)
    return int(counts.argmax())
