"""An image back from a code that is mostly silent."""

import dataclasses

import keras
import numpy as np

from ..drawings.mosaics import in_rows, mosaic, stretched
from .reconstruction import Reconstruction

NUM_UNITS = 100  # features that a picture has room for


@dataclasses.dataclass(frozen=True)
class SparseReconstruction(Reconstruction):
    """Learn to give images back from a code whose values are mostly near 0.

    Evaluates to the figures of `Reconstruction` and to `activity`, the mean of the codes' values
    over the split, to compare with what the model was asked to keep to.

    Source: Ng 2011, "Sparse autoencoder", CS294A lecture notes, sections 3 and 4.
    """

    figures = ("mse", "baseline_mse", "activity")

    def evaluate(self, model, splits, batches):
        figures, outcome = super().evaluate(model, splits, batches)
        weights = keras.ops.convert_to_numpy(model.encoder.get_layer("code").kernel)
        outcome["features"] = weights.T.reshape(-1, *splits.input_shape)
        return {**figures, "activity": float(outcome["codes"].mean())}, outcome

    def pictures(self, splits, split, outcome):
        features = stretched(outcome["features"][:NUM_UNITS])
        columns = int(np.ceil(np.sqrt(len(features))))
        return [
            *super().pictures(splits, split, outcome),
            (
                "What each unit looks for",
                "The image of a given length that excites a unit most, which is its weights: grey "
                "is 0, white asks for light and black for dark.",
                mosaic(in_rows(features, columns), inches=0.6),
            ),
        ]
