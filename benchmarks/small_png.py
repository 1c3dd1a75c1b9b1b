"""Pictures small enough for a page."""

import io

from matplotlib.figure import Figure
from PIL import Image

from kerasrecipes.callbacks.pictures import png


def write(path, picture, *, dots_per_inch=80):
    """Write a picture as a PNG file of few colours.

    Args:
        path: path of the file.
        picture: a matplotlib `Figure`, or a `PIL.Image.Image`.
        dots_per_inch: int, the resolution of a figure. Defaults to 80.
    """
    if isinstance(picture, Figure):
        picture = Image.open(io.BytesIO(png(picture, dots_per_inch=dots_per_inch)))
    # A palette of 128 colours is a quarter of the size, and looks the same.
    picture.convert("RGB").quantize(128).save(path, optimize=True)
