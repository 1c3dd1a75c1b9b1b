"""Tumours, malignant or benign, as scikit-learn bundles them."""

import tensorflow_datasets as tfds

from . import tabular
from .builder import EmbeddedBuilder


class BreastCancer(EmbeddedBuilder):
    """569 tumours (Street, Wolberg and Mangasarian 1993): 30 measures of cell nuclei, 2 classes."""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://archive.ics.uci.edu/dataset/17",
            license="CC BY 4.0",
            citation=(
                "@misc{wolberg1995, author={Wolberg, W. and Mangasarian, O. and Street, N. and "
                "Street, W.}, title={Breast Cancer Wisconsin (Diagnostic)}, "
                "doi={10.24432/C5DW2B}, year={1995}}"
            ),
            features=tabular.features(30, tfds.features.ClassLabel(names=["malignant", "benign"])),
            supervised_keys=("features", "target"),
            metadata=tfds.core.MetadataDict(feature_names=_table().feature_names.tolist()),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        table = _table()
        return tabular.rows(table.data, table.target)


def _table():
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer()
