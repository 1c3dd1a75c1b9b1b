"""An MNIST-shaped set without a download: characters of fonts, turned, sheared, blurred, noisy."""

import dataclasses
import io
import math
import string
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from . import fonts
from .builder import EmbeddedBuilder

IMAGE_SIZE = 28
NUM_EXAMPLES = {"train": 60_000, "test": 10_000}
# Ten and twenty of each digit; those to train and to test on are the first of those of "digits".
FEW_EXAMPLES = {"train": 100, "test": 10_000, "validation": 200}
FONTS = {"train": fonts.TRAIN_FONTS, "test": fonts.TEST_FONTS, "validation": fonts.TRAIN_FONTS}


@dataclasses.dataclass(eq=False)
class GlyphsConfig(tfds.core.BuilderConfig):
    """Which characters are drawn, one class each, and how many; None for `NUM_EXAMPLES`."""

    characters: str = string.digits
    num_examples: dict[str, int] | None = None


class Glyphs(EmbeddedBuilder):
    """Characters of matplotlib's fonts, 28x28x1; no test font is seen in training.

    Synthetic: each example draws a font, stroke width and blur, an affine map, a contrast and
    noise from a seed of its own.
    """

    BUILDER_CONFIGS: ClassVar = [
        GlyphsConfig(name="digits", description="0 to 9", characters=string.digits),
        GlyphsConfig(name="letters", description="A to Z", characters=string.ascii_uppercase),
        GlyphsConfig(
            name="digits_few",
            description="0 to 9, ten training examples of each",
            characters=string.digits,
            num_examples=FEW_EXAMPLES,
        ),
    ]

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://matplotlib.org/stable/users/explain/text/fonts.html",
            license="Bitstream Vera, STIX and BaKoMa font licences",
            citation=(
                "@article{hunter2007, author={Hunter, J. D.}, title={Matplotlib: A 2D Graphics "
                "Environment}, journal={Computing in Science & Engineering}, volume={9}, "
                "number={3}, pages={90--95}, year={2007}}"
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(IMAGE_SIZE, IMAGE_SIZE, 1)),
                    "label": tfds.features.ClassLabel(names=list(self.builder_config.characters)),
                }
            ),
            supervised_keys=("image", "label"),
            # Neighbours in the files are then of different classes: labels go round.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        wanted = self.builder_config.num_examples or NUM_EXAMPLES
        return {split: self._generate_examples(split, wanted[split]) for split in wanted}

    def _generate_examples(self, split, num_examples):
        characters = self.builder_config.characters
        templates = fonts.templates(FONTS[split], characters)
        for index in range(num_examples // len(characters) * len(characters)):
            label = index % len(characters)
            rng = np.random.default_rng([list(FONTS).index(split), index])
            template = templates[label][rng.integers(len(templates[label]))]
            yield index, {"image": _as_png(distort(template, rng)), "label": label}


def distort(template: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """Return one random view of a template.

    Args:
        template: grey image of 84x84 pixels.
        rng: the example's own generator.

    Returns:
        uint8 array `(28, 28, 1)`.
    """
    turn = math.radians(rng.uniform(-15, 15))
    shear = rng.uniform(-0.25, 0.25)
    width, height = rng.uniform(0.75, 1.1, size=2)
    shift_x, shift_y = rng.uniform(-2, 2, size=2)
    # PIL asks for the inverse map, from pixels of the image to those of the template.
    pixels = fonts.TEMPLATE_SIZE / IMAGE_SIZE
    cos, sin = math.cos(turn) * pixels, math.sin(turn) * pixels
    a, b = cos / width, (sin + shear * cos) / width
    d, e = -sin / height, (cos - shear * sin) / height
    centre = IMAGE_SIZE / 2
    c = fonts.TEMPLATE_SIZE / 2 - a * (centre + shift_x) - b * (centre + shift_y)
    f = fonts.TEMPLATE_SIZE / 2 - d * (centre + shift_x) - e * (centre + shift_y)
    drawn = template.transform(
        (IMAGE_SIZE, IMAGE_SIZE),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        Image.Resampling.BILINEAR,
    )
    contrast = rng.uniform(0.55, 1.0)
    background = rng.uniform(0, 30)
    noise = rng.normal(scale=rng.uniform(0, 14), size=(IMAGE_SIZE, IMAGE_SIZE))
    grey = background + contrast * (255 - background) / 255 * np.asarray(drawn, np.float32) + noise
    return np.clip(grey, 0, 255).round().astype(np.uint8)[..., np.newaxis]


def _as_png(image):
    """Return a PNG file; tfds would take ten times as long to make one from an array."""
    file = io.BytesIO()
    # Noise does not compress: storing it takes a fifth more space and reads faster.
    Image.fromarray(image[..., 0]).save(file, "png", compress_level=0)
    file.seek(0)
    return file
