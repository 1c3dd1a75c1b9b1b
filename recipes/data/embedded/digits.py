"""Handwritten digits of 8x8 pixels, as scikit-learn bundles them."""

import numpy as np
import tensorflow_datasets as tfds

from .builder import EmbeddedBuilder


class Digits(EmbeddedBuilder):
    """1,797 digits by 13 writers (Alpaydin and Kaynak 1998): 8x8x1, whole values 0 to 16."""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://archive.ics.uci.edu/dataset/80",
            license="CC BY 4.0",
            citation=(
                "@misc{alpaydin1998, author={Alpaydin, E. and Kaynak, C.}, title={Optical "
                "Recognition of Handwritten Digits}, doi={10.24432/C50P49}, year={1998}}"
            ),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = digits.images.astype(np.uint8)[..., np.newaxis]
        for index, (image, label) in enumerate(zip(images, digits.target, strict=True)):
            yield index, {"image": image, "label": int(label)}
