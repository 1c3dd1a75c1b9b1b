"""A real value by a line or a plane, beside the one that has a closed form."""

import dataclasses

import keras
import numpy as np

from .regression import Regression


@dataclasses.dataclass(frozen=True)
class LinearRegression(Regression):
    """Learn a real value by a model with one `Dense(1)` layer, and compare it with least squares.

    The report prints the coefficients that gradient descent found beside those of the closed form
    w = argmin ||Xw - y||^2 on the same training split, both in units of the raw features.
    """

    def tables(self, model, splits, outcome):
        features, targets = splits.train.examples(range(splits.train.num_examples))
        features = features.astype("float64")
        design = np.column_stack([features, np.ones(len(features))])
        closed_form, *_ = np.linalg.lstsq(design, targets.astype("float64"), rcond=None)
        found = raw_coefficients(model, splits.input_shape[0])
        names = [*(splits.feature_names or map(str, range(len(found) - 1))), "intercept"]
        rows = [
            (name, f"{here:.4f}", f"{there:.4f}")
            for name, here, there in zip(names, found, closed_form, strict=True)
        ]
        return [
            (
                "Coefficients",
                ("feature", f"gradient descent ({self.loss})", "closed form (least squares)"),
                rows,
            )
        ]


def raw_coefficients(model, num_features):
    """Return the weights of a linear model in raw units, the intercept last, as float64.

    They are read off the function itself, so whatever normalisation stands in front is undone:
    f(0) is the intercept, (f(s e_i) - f(0)) / s the i-th weight.
    """
    step = 1024.0  # a long step, so that the difference of two float32 values keeps its digits
    points = step * np.vstack([np.zeros(num_features), np.eye(num_features)]).astype("float32")
    values = keras.ops.convert_to_numpy(model(points, training=False)).astype("float64").reshape(-1)
    return np.append((values[1:] - values[0]) / step, values[0])
