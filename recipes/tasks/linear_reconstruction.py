"""An image back from a linear code, beside principal components."""

import dataclasses

import keras
import numpy as np

from ..drawings.mosaics import mosaic, stretched
from .reconstruction import NUM_SHOWN, Reconstruction, mean_image


@dataclasses.dataclass(frozen=True)
class LinearReconstruction(Reconstruction):
    """Learn to give images back by a linear encoder and decoder, and compare them with PCA.

    The best that the two can do is to span the subspace of the first principal components (Bourlard
    and Kamp 1988; Baldi and Hornik 1989: every other stationary point is a saddle). The basis that
    the decoder takes in it is any.

    Evaluates to the figures of `Reconstruction`, to `pca_mse`, that of as many principal components
    of the training split, to `principal_angle` in degrees, the largest between their subspace and
    the one that the decoder reaches, and to `baseline_principal_angle`, that of a random subspace.
    The encoder's own subspace is not compared: a pixel that never changes leaves its weights free.
    """

    figures = (
        "mse",
        "baseline_mse",
        "pca_mse",
        "principal_angle",
        "baseline_principal_angle",
    )
    baseline = "the mean training image, and a random subspace"

    def evaluate(self, model, splits, batches):
        figures, outcome = super().evaluate(model, splits, batches)
        learnt = decoder_directions(model)  # (pixels, code)
        num_pixels, num_directions = learnt.shape
        mean, components = principal_components(splits.train, num_directions)
        squares, num_values = 0.0, 0
        for images, _ in batches:
            centred = images.numpy().reshape(-1, num_pixels) / 255.0 - mean
            squares += float(np.sum(np.square(centred - centred @ components @ components.T)))
            num_values += centred.size
        random = np.random.default_rng(0).normal(size=learnt.shape)
        outcome |= {"components": components, "learnt": learnt}
        return {
            **figures,
            "pca_mse": squares / num_values,
            "principal_angle": float(principal_angles(learnt, components).max()),
            "baseline_principal_angle": float(principal_angles(random, components).max()),
        }, outcome

    def pictures(self, splits, split, outcome):
        components, learnt = outcome["components"], outcome["learnt"]
        basis, _ = np.linalg.qr(learnt)
        rows = {
            "PCA": components,
            "PCA, as far as reached": basis @ (basis.T @ components),
            "the decoder's own": learnt,
        }
        images = [
            stretched(columns.T[:NUM_SHOWN].reshape(-1, *splits.input_shape))
            for columns in rows.values()
        ]
        return [
            *super().pictures(splits, split, outcome),
            (
                "Components",
                "Grey is 0. The second row is the first as far as the decoder reaches it; the "
                "third is the basis that the decoder has taken, which may be any of the subspace.",
                mosaic(np.stack(images), row_names=tuple(rows)),
            ),
        ]


def decoder_directions(model):
    """Return what each value of a linear code adds to the image, float64 `(pixels, code)`."""
    size = model.decoder.input_shape[-1]
    codes = np.vstack([np.zeros(size), np.eye(size)]).astype("float32")
    images = keras.ops.convert_to_numpy(model.decode(codes)).astype("float64")
    images = images.reshape(len(codes), -1)
    return (images[1:] - images[0]).T


def principal_components(split, count):
    """Return the mean and the first principal components of the images of a split.

    Args:
        split: the `Split`, of raw images in [0, 255].
        count: int >= 1.

    Returns:
        A pair of float64: `(pixels,)` on [0, 1], and `(pixels, count)`, orthonormal, the one of the
        largest variance first.
    """
    mean = mean_image(split).reshape(-1)
    scatter = 0.0
    for images, _ in split.ordered(1024):
        centred = images.numpy().reshape(-1, len(mean)) / 255.0 - mean
        scatter = scatter + centred.T @ centred
    _, vectors = np.linalg.eigh(scatter)
    return mean, vectors[:, ::-1][:, :count]


def principal_angles(first, second):
    """Return the principal angles between the subspaces that the columns of two matrices span.

    Source: Bjorck and Golub 1973, "Numerical methods for computing angles between linear
    subspaces", Mathematics of Computation 27. The sine is taken for small angles, whose cosine is 1
    to the last digit.

    Args:
        first: float array `(rows, columns)` of full rank.
        second: float array of the same shape, of full rank.

    Returns:
        A float array `(columns,)` in degrees, falling.

    >>> principal_angles(np.eye(3)[:, :1], np.array([[1.0], [1.0], [0.0]])).round(6).tolist()
    [45.0]
    """
    first, _ = np.linalg.qr(first)
    second, _ = np.linalg.qr(second)
    cosines = np.clip(np.linalg.svd(first.T @ second, compute_uv=False)[::-1], 0, 1)
    sines = np.linalg.svd(second - first @ (first.T @ second), compute_uv=False)
    small = cosines**2 > 0.5
    return np.degrees(np.where(small, np.arcsin(np.clip(sines, 0, 1)), np.arccos(cosines)))
