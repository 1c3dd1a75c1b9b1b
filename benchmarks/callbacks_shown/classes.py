"""`ConfusionMatrix`: what is taken for what after the first epoch, and at the end."""

import io

import keras
from PIL import Image

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import png

from .digits import digits, network, rectifiers

EPOCHS = 20


def make():
    """Return both matrices side by side."""
    train, validation = digits()
    model = network(*rectifiers(2), optimizer=keras.optimizers.Adam(1e-3))
    confusion = callbacks.ConfusionMatrix(validation, every=1)
    images = []
    for begin, end in ((0, 1), (1, EPOCHS)):
        model.fit(*train, initial_epoch=begin, epochs=end, verbose=0, callbacks=[confusion])
        figure = confusion.figure()
        right = confusion.counts.trace() / confusion.counts.sum()
        figure.axes[0].set_title(f"After epoch {end}: {right:.1%} right", loc="left", pad=46)
        images.append(Image.open(io.BytesIO(png(figure, dots_per_inch=70))))
    height = max(image.height for image in images)
    both = Image.new("RGB", (sum(image.width for image in images), height), "white")
    both.paste(images[0], (0, 0))
    both.paste(images[1], (images[0].width, 0))
    return {"confusion_matrix": both}
