"""What callbacks that look at the model every few epochs share, and how they tell TensorBoard."""

import contextlib

import keras
import tensorflow as tf
from matplotlib.figure import Figure

from .pictures import png
from .ranges import expect_whole
from .state import Resumable


class Periodic(Resumable, keras.callbacks.Callback):
    """Look at the model after the first epoch, and every few epochs from then on.

    A subclass has a method `look(epoch)`, and writes to TensorBoard within `with self.writing():`,
    which is passed over where there is no `log_dir`.

    Args:
        every: int >= 1, epochs between two looks.
        log_dir: str or path of the folder of the event file, or None to write none.

    Raises:
        ValueError: `every` is out of its range.
    """

    transient_names = ("_model", "_writer")

    def __init__(self, every, log_dir):
        super().__init__()
        expect_whole(type(self).__name__, 1, every=every)
        self.every = every
        self.log_dir = log_dir
        self._writer = None

    def look(self, epoch):
        """Look at `self.model` after an epoch, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must say what it looks at.")

    def on_train_begin(self, logs=None):
        """Start anew."""
        self._close()

    def on_epoch_end(self, epoch, logs=None):
        """Look, where it is time to."""
        if epoch % self.every == 0:
            self.look(epoch)

    def on_train_end(self, logs=None):
        """Close the event file."""
        self._close()

    @contextlib.contextmanager
    def writing(self):
        """Make the event file the one that `tf.summary` writes to; give whether there is one."""
        if self.log_dir is None:
            yield False
            return
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.log_dir))
        with self._writer.as_default():
            yield True
        # Whoever watches a running fit sees whole epochs.
        self._writer.flush()

    def _close(self):
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def write_images(name, images, epoch):
    """Write images to the event file in use.

    Args:
        name: str, the tag.
        images: a matplotlib `Figure`; the bytes of a PNG file; an image `(height, width, channels)`
            or several `(num_images, height, width, channels)`, uint8 in [0, 255] or float in
            [0, 1], with 1, 3 or 4 channels.
        epoch: int, the step to write at.

    Raises:
        ValueError: the images are none of these.
    """
    if isinstance(images, Figure):
        images = png(images)
    if isinstance(images, bytes):
        images = tf.io.decode_png(images).numpy()
    shape = tuple(getattr(images, "shape", ()))
    if len(shape) not in (3, 4) or shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"Image {name!r} must be a figure, a PNG file, or an array (height, width, channels) "
            "with 1, 3 or 4 channels, alone or several along a first axis. "
            f"Received: {f'shape {shape}' if shape else type(images).__name__}."
        )
    images = images if len(shape) == 4 else images[None]
    tf.summary.image(name, images, step=epoch, max_outputs=images.shape[0])
