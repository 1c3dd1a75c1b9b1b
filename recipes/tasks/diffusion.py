"""Images like those of a data set, taken out of noise step by step."""

import dataclasses

import numpy as np
import tensorflow as tf

from ..drawings.mosaics import in_rows, mosaic
from ..errors import RecipeError, check_at_least
from ..models.diffusion import Diffusion
from ..models.noise_schedules import SCHEDULES
from . import feature_classifier, frechet
from .endpoint import Endpoint, on_raw_input
from .task import Task, built

NUM_SHOWN = 64
NUM_COLUMNS = 16
NUM_CHAINS = 8
# Samples are measured and shown with the same noise, so that epochs and runs can be compared.
SEED = 0


@dataclasses.dataclass(frozen=True)
class DenoisingDiffusion(Task):
    """Learn to tell the noise in images, and draw new ones by taking it out of nothing but noise.

    `build` of the recipe takes the shape of an image and gives the network that predicts noise,
    from `{"image", "time"}`. The images are scaled to [-1, 1] in front of it, and the labels are
    only looked at to measure the samples. What is evaluated, drawn and exported is the average of
    the network's weights.

    The loss says how well the noise is told, and not how good the samples are. For that, as many
    samples as there are images are put beside them in the feature space of a small classifier of
    the data set, trained on its training split (see `frechet`). Evaluates to:

    - `frechet_distance`: of the samples, 0 at best. A distance in these features is no FID.
    - `training_frechet_distance`: of as many training images, what a perfect memory would reach.
    - `baseline_frechet_distance`: of images whose pixels are drawn one by one from those at the
      same place in the training images.
    - `loss`: the mean squared error of the noise of a pixel, over all steps alike.
    - `baseline_loss`: of who takes the noise for 0.

    Attributes:
        schedule: "linear" (Ho et al. 2020) or "cosine" (Nichol and Dhariwal 2021): how the noise
            grows. Defaults to "linear".
        num_steps: int >= 2, from an image to noise, the papers' T. Defaults to 1000.
        decay: float in [0, 1), what the average of the weights keeps of itself in a step. Defaults
            to 0.9999.
        sampler: "ancestral" (DDPM) or "implicit" (DDIM), what draws the samples. Defaults to
            "ancestral".
        sampling_steps: int in [1, num_steps], steps from noise to a sample, or None for all.
            Defaults to None.
        compared_steps: tuple of int in [1, num_steps], numbers of steps in which both samplers are
            compared in the report. Defaults to (), no comparison.
        num_measured: int >= 2, images that the distance is measured on at most, of each kind.
            Defaults to 10,000.
    """

    schedule: str = "linear"
    num_steps: int = 1000
    decay: float = 0.9999
    sampler: str = "ancestral"
    sampling_steps: int | None = None
    compared_steps: tuple[int, ...] = ()
    num_measured: int = 10_000
    monitor = "val_loss"
    mode = "min"
    figures = (
        "frechet_distance",
        "training_frechet_distance",
        "baseline_frechet_distance",
        "loss",
        "baseline_loss",
    )
    baseline = "pixels drawn one by one"
    adds_penalties = False

    def __post_init__(self):
        for field, known in (("schedule", tuple(SCHEDULES)), ("sampler", _SAMPLERS)):
            if getattr(self, field) not in known:
                raise RecipeError(
                    f"`{field}` of a denoising diffusion must be {' or '.join(map(repr, known))}. "
                    f"Received: {getattr(self, field)!r}."
                )
        if not 0 <= self.decay < 1:
            raise RecipeError(
                "`decay` of a denoising diffusion must be in [0, 1). "
                f"Received: decay={self.decay!r}."
            )
        SCHEDULES[self.schedule](self.num_steps)  # which tells of a number that is out of range
        drawn_in = (self.sampling_steps,) if self.sampling_steps is not None else ()
        for field, steps in (("sampling_steps", drawn_in), ("compared_steps", self.compared_steps)):
            if not all(1 <= number <= self.num_steps for number in steps):
                raise RecipeError(
                    f"`{field}` of a denoising diffusion must be in [1, num_steps], here "
                    f"[1, {self.num_steps}]. Received: {field}={getattr(self, field)!r}."
                )
        check_at_least("a denoising diffusion", 2, num_measured=self.num_measured)

    def core(self, recipe, splits):
        frechet.check_measurable(recipe, splits, "a denoising diffusion", "a diffusion")
        network = built(recipe, splits.input_shape)
        wanted = (None, *splits.input_shape)
        if network.output_shape != wanted or set(network.input) != {"image", "time"}:
            raise RecipeError(
                f"`build` of recipe {recipe.name!r} must return a network from 'image' and 'time' "
                f"to noise of shape {wanted}. Received: {network.output_shape}."
            )
        return network

    def assemble(self, recipe, splits):
        betas = SCHEDULES[self.schedule](self.num_steps)
        network = self.core(recipe, splits)
        return Diffusion(network, betas, decay=self.decay, name=recipe.name)

    def compile(self, model, make_optimizer, **settings):
        model.compile(make_optimizer(), **settings)

    def evaluate(self, model, splits, batches):
        real, asked, losses = [], [], []
        for images, _ in batches:
            loss, trivial = model.losses_on(images)
            asked.append(len(images))
            losses.append((float(loss), float(trivial)))
            real.append(images.numpy())
        loss, baseline_loss = np.average(losses, axis=0, weights=asked)
        real = np.concatenate(real)
        real = real[frechet.spread(len(real), self.num_measured)]
        count = len(real)
        table = model.sampler(self.sampler, self.sampling_steps)
        samples = model.sample(SEED, count, table).numpy()
        training, _ = splits.train.examples(frechet.spread(splits.train.num_examples, count))
        features = feature_classifier.features(splits, real)

        def distance(images):
            return frechet.frechet_distance(feature_classifier.features(splits, images), features)

        figures = {
            "frechet_distance": distance(samples),
            "training_frechet_distance": distance(training),
            "baseline_frechet_distance": distance(
                frechet.independent_pixels(training, count, seed=SEED)
            ),
            "loss": float(loss),
            "baseline_loss": float(baseline_loss),
        }
        chains = min(NUM_CHAINS, count)
        looks = sorted({round(part * len(table)) for part in _LOOKS})
        outcome = {
            "samples": samples[:NUM_SHOWN],
            "real": real[:NUM_SHOWN],
            "chain": model.chain(SEED, chains, table, looks).numpy(),
            "chain_names": [f"{len(table) - step} left" for step in looks],
            "fewer": {
                steps: model.sample(SEED, chains, model.sampler("implicit", steps)).numpy()
                for steps in self.compared_steps
            },
            "distance": distance,
            "count": count,
        }
        return figures, outcome

    def pictures(self, splits, split, outcome):
        chain, fewer = outcome["chain"].swapaxes(0, 1) / 255, outcome["fewer"]
        shown = [
            (
                "Samples",
                "What is taken out of nothing but noise.",
                mosaic(in_rows(outcome["samples"] / 255, NUM_COLUMNS)),
            ),
            (
                "Real images",
                "Beside them: images that the network was not trained on.",
                mosaic(in_rows(outcome["real"] / 255, NUM_COLUMNS)),
            ),
            (
                "From noise to images",
                "Each row is a sample on its way; above stands how many steps are left.",
                mosaic(chain, column_names=outcome["chain_names"], inches=1.0),
            ),
        ]
        if fewer:
            images = np.stack(list(fewer.values()), axis=1) / 255
            shown.append(
                (
                    "In fewer steps",
                    "The implicit sampler (DDIM) draws nothing but the first noise. Each row "
                    "begins with the same one; above stands in how many steps it is taken away.",
                    mosaic(images, column_names=[str(steps) for steps in fewer], inches=1.0),
                )
            )
        return shown

    def tables(self, model, splits, outcome):
        def distance(sampler, steps):
            images = model.sample(SEED, outcome["count"], model.sampler(sampler, steps)).numpy()
            return f"{outcome['distance'](images):.3g}"

        rows = [
            (str(steps), *(distance(sampler, steps) for sampler in _SAMPLERS))
            for steps in self.compared_steps
        ]
        header = ("steps", "ancestral (DDPM)", "implicit (DDIM)")
        return [("Fréchet distance by sampler and steps", header, rows)] if rows else []

    def endpoints(self, model, splits):
        table = model.sampler(self.sampler, self.sampling_steps)

        def denoise(image):
            return {"denoised": model(image, training=False)}

        def predict_noise(image, time):
            return {"noise": model.predict_noise(image, time)}

        def sample(seed, count):
            return {"image": model.draw(seed, count, table)}

        rng = np.random.default_rng(SEED)
        noisy = rng.standard_normal((4, *splits.input_shape)).astype("float32")
        return {
            "serving_default": on_raw_input(denoise, splits),
            "predict_noise": Endpoint(
                predict_noise,
                (
                    tf.TensorSpec((None, *splits.input_shape), tf.float32, name="image"),
                    tf.TensorSpec((None,), tf.int32, name="time"),
                ),
                (noisy, np.arange(4, dtype="int32") * self.num_steps // 4),
            ),
            "sample": Endpoint(
                sample,
                (
                    tf.TensorSpec((), tf.int32, name="seed"),
                    tf.TensorSpec((), tf.int32, name="count"),
                ),
                (np.int32(1), np.int32(4)),
            ),
        }


_SAMPLERS = ("ancestral", "implicit")
# Where the way from noise to an image is looked at: little changes at its beginning.
_LOOKS = (0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
