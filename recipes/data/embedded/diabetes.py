"""Progression of diabetes within a year, as scikit-learn bundles it."""

import numpy as np
import tensorflow_datasets as tfds

from . import tabular
from .builder import EmbeddedBuilder


class Diabetes(EmbeddedBuilder):
    """442 patients (Efron et al. 2004): 10 raw features, a real-valued progression."""

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            homepage="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
            citation=(
                "@article{efron2004, author={Efron, B. and Hastie, T. and Johnstone, I. and "
                "Tibshirani, R.}, title={Least Angle Regression}, journal={Annals of Statistics}, "
                "volume={32}, number={2}, pages={407--499}, year={2004}}"
            ),
            features=tabular.features(10, tfds.features.Scalar(dtype=np.float32)),
            supervised_keys=("features", "target"),
            metadata=tfds.core.MetadataDict(feature_names=list(_table().feature_names)),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        table = _table()
        return tabular.rows(table.data, np.float32(table.target))


def _table():
    from sklearn.datasets import load_diabetes

    return load_diabetes(scaled=False)
