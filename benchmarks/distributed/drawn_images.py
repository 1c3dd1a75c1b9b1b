"""A set of random images as TensorFlow Datasets keeps it, as large as is asked for."""

import numpy as np
import tensorflow_datasets as tfds

SIZES = {"once": 10_000, "tenfold": 100_000}
NUM_OTHERS = 500


class DrawnImages(tfds.core.GeneratorBasedBuilder):
    """Grey noise of 28x28 pixels in ten classes, to be read and not to be learned."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = tuple(tfds.core.BuilderConfig(name=name) for name in SIZES)

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager):
        sizes = {"train": SIZES[self.builder_config.name]}
        sizes |= {"validation": NUM_OTHERS, "test": NUM_OTHERS}
        return {
            name: self._generate_examples(size, seed)
            for seed, (name, size) in enumerate(sizes.items())
        }

    def _generate_examples(self, size, seed):
        generator = np.random.default_rng(seed)
        for number in range(size):
            image = generator.integers(0, 256, (28, 28, 1), np.uint8)
            yield number, {"image": image, "label": number % 10}
