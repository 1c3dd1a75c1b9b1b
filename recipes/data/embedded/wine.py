"""Wines of three growers, as scikit-learn bundles them."""

import tensorflow_datasets as tfds

from . import tabular
from .builder import EmbeddedBuilder


class Wine(EmbeddedBuilder):
    """178 wines of one region (Aeberhard and Forina 1992): 13 chemical measures, 3 growers."""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://archive.ics.uci.edu/dataset/109",
            license="CC BY 4.0",
            citation=(
                "@misc{aeberhard1992, author={Aeberhard, S. and Forina, M.}, title={Wine}, "
                "doi={10.24432/C5PC7J}, year={1992}}"
            ),
            features=tabular.features(
                13, tfds.features.ClassLabel(names=["class_0", "class_1", "class_2"])
            ),
            supervised_keys=("features", "target"),
            metadata=tfds.core.MetadataDict(feature_names=list(_table().feature_names)),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        table = _table()
        return tabular.rows(table.data, table.target)


def _table():
    from sklearn.datasets import load_wine

    return load_wine()
