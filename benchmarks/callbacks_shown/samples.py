"""`Samples`: what an autoencoder makes of the same ten digits as it learns."""

import tempfile

import keras
import numpy as np

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import new_figure

from .digits import digits

EPOCHS = (1, 6, 11, 41)


def make():
    """Return the digits, and their reconstructions after some epochs."""
    (x, _), (unseen, labels) = digits()
    shown = unseen[[np.flatnonzero(labels == digit)[0] for digit in range(10)]]
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(8, name="code"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    rows = {}

    def reconstructions(model):
        images = model.predict(shown, verbose=0).reshape(-1, 8, 8, 1)
        rows[len(rows) * watch.every + 1] = images
        return images

    with tempfile.TemporaryDirectory() as folder:
        watch = callbacks.Samples(reconstructions, folder, every=5)
        model.fit(x, x, epochs=max(EPOCHS), verbose=0, callbacks=[watch])
    rows = {"digits": shown.reshape(-1, 8, 8, 1), **{f"epoch {e}": rows[e] for e in EPOCHS}}
    with new_figure(9, 4.6) as figure:
        panels = figure.subplots(len(rows), 10)
        for (name, images), line in zip(rows.items(), panels, strict=True):
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
            for image, axes in zip(images, line, strict=True):
                axes.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1)
                axes.set(xticks=[], yticks=[])
                axes.grid(False)
                axes.spines[:].set_visible(False)
    return {"samples": figure}
