"""What the tables out of scikit-learn share: rows of float32 features and one target."""

import numpy as np
import tensorflow_datasets as tfds


def features(num_features, target):
    """Return the features of a table.

    Args:
        num_features: int, columns beside the target.
        target: a `tfds.features.FeatureConnector`, of a class or of a real value.
    """
    return tfds.features.FeaturesDict(
        {
            "features": tfds.features.Tensor(shape=(num_features,), dtype=np.float32),
            "target": target,
        }
    )


def rows(inputs, targets):
    """Yield the examples of a table, keyed by their number.

    Args:
        inputs: array `(num_examples, num_features)`.
        targets: array `(num_examples,)`.
    """
    for index, (row, target) in enumerate(zip(np.float32(inputs), targets, strict=True)):
        yield index, {"features": row, "target": target}
