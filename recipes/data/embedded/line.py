"""The first thing to learn: a line."""

import numpy as np
import tensorflow_datasets as tfds

from . import tabular
from .builder import EmbeddedBuilder

SLOPE = 2.0
INTERCEPT = -1.0
# Least squares over n points misses the slope by about NOISE * sqrt(3 / n), the intercept by
# NOISE / sqrt(n): 0.001 and 0.0007 here, a tenth of what a recipe may be off.
NOISE = 0.02
NUM_EXAMPLES = {"train": 1000, "test": 200}


class Line(EmbeddedBuilder):
    """1,200 synthetic points: x uniform in [-1, 1), y = 2x - 1 with Gaussian noise of 0.02."""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://en.wikipedia.org/wiki/Simple_linear_regression",
            license="CC0-1.0",
            features=tabular.features(1, tfds.features.Scalar(dtype=np.float32)),
            supervised_keys=("features", "target"),
            metadata=tfds.core.MetadataDict(feature_names=["x"]),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in NUM_EXAMPLES}

    def _generate_examples(self, split):
        rng = np.random.default_rng(list(NUM_EXAMPLES).index(split))
        inputs = rng.uniform(-1, 1, size=(NUM_EXAMPLES[split], 1))
        noise = rng.normal(scale=NOISE, size=NUM_EXAMPLES[split])
        targets = SLOPE * inputs[:, 0] + INTERCEPT + noise
        return tabular.rows(inputs, np.float32(targets))
