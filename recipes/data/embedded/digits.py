"""Handwritten digits of 8x8 pixels, as scikit-learn bundles them."""

import numpy as np
import tensorflow_datasets as tfds

from .builder import EmbeddedBuilder


class Digits(EmbeddedBuilder):
    """1,797 digits by 13 writers (Alpaydin and Kaynak 1998): 8x8x1, grey levels 0 to 255.

    They were counted from 0 to 16; here they are spread over the range of every other image, so
    that a picture of a digit can be given to a model that was trained on them.
    """

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
        images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
        for index, (image, label) in enumerate(zip(images, digits.target, strict=True)):
            yield index, {"image": image, "label": int(label)}
