"""Images like those of a data set, by a generator that plays against a discriminator."""

import dataclasses

import numpy as np
import tensorflow as tf

from ..drawings.mosaics import in_rows, mosaic
from ..errors import RecipeError
from ..models.adversarial import Adversarial, noise
from . import feature_classifier, frechet
from .endpoint import Endpoint
from .task import Task, built

# Images that the distance is measured on, of each kind: more do not change its second digit.
NUM_MEASURED = 10_000
NUM_SHOWN = 64
NUM_COLUMNS = 8
NUM_STEPS_BETWEEN = 8
# The noise that samples are measured and shown with, so that epochs and runs can be compared.
SEED = 0


@dataclasses.dataclass(frozen=True)
class AdversarialGeneration(Task):
    """Learn to draw images that a discriminator cannot tell from real ones.

    `build` of the recipe takes the shape of an image and gives an `Adversarial` model. It scales
    the images to [-1, 1] itself, and the labels are only looked at to measure the samples. The
    recipe's optimizer, rate and schedule are those of each player.

    The losses say who is winning, and not how good the samples are. For that, as many samples as
    there are images, at most 10,000, are put beside them in the feature space of a small
    classifier of the data set, trained on its training split (see `frechet`). Evaluates to:

    - `frechet_distance`: of the samples, 0 at best. A distance in these features is no FID.
    - `training_frechet_distance`: of as many training images, what a perfect memory would reach.
    - `baseline_frechet_distance`: of images whose pixels are drawn one by one from those at the
      same place in the training images.
    - `class_balance` in (0, 1]: how evenly the classes share the samples, the exponential of the
      entropy of their shares over the number of classes. A generator that always draws one class
      has 1 over their number.
    - `confidence` in (0, 1]: the classifier's mean probability of the class it sees in a sample.
    - `test_confidence`: the same of real images of the split.

    Attributes:
        label_smoothing: float in [0, 1), what real images lack of the label 1 in the
            discriminator's loss (Salimans et al. 2016, section 3.4). Defaults to 0.
    """

    label_smoothing: float = 0.0
    # How real the discriminator takes new samples to be: a hint, since both players move.
    monitor = "val_fake_score"
    mode = "max"
    figures = (
        "frechet_distance",
        "training_frechet_distance",
        "baseline_frechet_distance",
        "class_balance",
        "confidence",
        "test_confidence",
    )
    baseline = "pixels drawn one by one"
    adds_penalties = False

    def __post_init__(self):
        if not 0 <= self.label_smoothing < 1:
            raise RecipeError(
                "`label_smoothing` of an adversarial generation must be in [0, 1). "
                f"Received: label_smoothing={self.label_smoothing!r}."
            )

    def core(self, recipe, splits):
        frechet.check_measurable(
            recipe, splits, "an adversarial generation", "an adversarial model"
        )
        model = built(recipe, splits.input_shape)
        if not isinstance(model, Adversarial):
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return an Adversarial model. "
                f"Received: {type(model).__name__}."
            )
        return model

    def assemble(self, recipe, splits):
        return self.core(recipe, splits)

    def compile(self, model, make_optimizer, **settings):
        model.compile(
            make_optimizer(), make_optimizer(), label_smoothing=self.label_smoothing, **settings
        )

    def optimizers(self, model):
        return model.optimizers()

    def evaluate(self, model, splits, batches):
        real = np.concatenate(list(batches.map(lambda images, _: images).as_numpy_iterator()))
        real = real[frechet.spread(len(real), NUM_MEASURED)]
        count = len(real)
        drawn = noise(count, model.latent, (SEED, 0)).numpy()
        samples = np.concatenate(
            [model.generate(drawn[i : i + 256]).numpy() for i in range(0, count, 256)]
        )
        training, _ = splits.train.examples(frechet.spread(splits.train.num_examples, count))
        features = feature_classifier.features(splits, real)
        unstructured = frechet.independent_pixels(training, count, seed=SEED)

        def distance(images):
            return frechet.frechet_distance(feature_classifier.features(splits, images), features)

        probabilities = feature_classifier.probabilities(splits, samples)
        shares = np.bincount(probabilities.argmax(axis=1), minlength=splits.num_classes) / count
        present = shares[shares > 0]
        figures = {
            "frechet_distance": distance(samples),
            "training_frechet_distance": distance(training),
            "baseline_frechet_distance": distance(unstructured),
            "class_balance": float(np.exp(-np.sum(present * np.log(present))) / len(shares)),
            "confidence": float(probabilities.max(axis=1).mean()),
            "test_confidence": float(
                feature_classifier.probabilities(splits, real).max(axis=1).mean()
            ),
        }
        outcome = {
            "samples": samples[:NUM_SHOWN],
            "real": real[:NUM_SHOWN],
            "between": model.generate(_between(drawn)).numpy(),
            "shares": shares,
        }
        return figures, outcome

    def pictures(self, splits, split, outcome):
        return [
            (
                "Samples",
                "On the left what the generator draws from noise that it was not trained on, on "
                "the right images that neither player has seen.",
                _side_by_side(outcome["samples"], outcome["real"]),
            ),
            (
                "From one sample to another",
                "Each row goes in a straight line from one noise to another. Where the generator "
                "has learned what images are made of, what lies between is an image too.",
                mosaic(in_rows(outcome["between"] / 255, NUM_STEPS_BETWEEN)),
            ),
        ]

    def tables(self, model, splits, outcome):
        rows = [
            (name, f"{share:.1%}")
            for name, share in zip(splits.class_names, outcome["shares"], strict=True)
        ]
        return [("Classes among the samples", ("class seen by the classifier", "share"), rows)]

    def endpoints(self, model, splits):
        def serving_default(drawn):
            return {"image": model.generate(drawn)}

        def sample(seed, count):
            return {"image": model.generate(noise(count, model.latent, tf.stack([seed, 0])))}

        def discriminate(image):
            logits = tf.squeeze(model(image, training=False), axis=-1)
            return {"logit": logits, "score": tf.sigmoid(logits)}

        images, _ = splits.validation.examples(range(min(16, splits.validation.num_examples)))
        given = splits.inputs
        return {
            "serving_default": Endpoint(
                serving_default,
                (tf.TensorSpec((None, model.latent), tf.float32, name="noise"),),
                (noise(16, model.latent, (SEED, 1)).numpy(),),
            ),
            "sample": Endpoint(
                sample,
                (
                    tf.TensorSpec((), tf.int32, name="seed"),
                    tf.TensorSpec((), tf.int32, name="count"),
                ),
                (np.int32(1), np.int32(4)),
            ),
            "discriminate": Endpoint(
                discriminate,
                (tf.TensorSpec((None, *given.shape), given.dtype, name=given.name),),
                (images,),
            ),
        }


def _between(drawn):
    """Return noises on straight lines between pairs of those drawn, line after line."""
    num_lines = max(1, min(NUM_SHOWN // NUM_STEPS_BETWEEN, len(drawn) // 2))
    begin, end = drawn[:num_lines, None], drawn[-num_lines:, None]
    part = np.linspace(0, 1, NUM_STEPS_BETWEEN, dtype="float32")[:, None]
    return ((1 - part) * begin + part * end).reshape(-1, drawn.shape[1])


def _side_by_side(samples, real):
    samples, real = (in_rows(images / 255, NUM_COLUMNS) for images in (samples, real))
    num_columns = samples.shape[1]
    names = [""] * (2 * num_columns + 1)
    names[(num_columns - 1) // 2], names[-(num_columns // 2) - 1] = "samples", "real"
    between = np.ones_like(samples[:, :1])
    return mosaic(np.concatenate([samples, between, real], axis=1), column_names=names)
