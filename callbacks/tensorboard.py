"""TensorBoard with gradients, activations, the graph and images beside the scalars."""

import warnings

import keras

from . import observe
from .periodic import write_images
from .ranges import expect_pair, expect_whole
from .state import Resumable


class TensorBoard(Resumable, keras.callbacks.TensorBoard):
    """Write what TensorBoard shows: scalars, histograms, the graph and images.

    Keras's own callback and arguments, and beside them:

    - histograms `PATH/gradient` and `PATH/activation` on a small batch, next to `PATH/histogram`
      of the weights. They are computed with `training=False` and leave weights, optimizer,
      metrics, moving statistics and random states as they are, bit for bit.
    - the graph of the forward pass, for subclassed models too.
    - images, such as predictions or a confusion matrix, from a function of the model.

    A fit that is taken up again into the same folder goes on where it stopped.

    Args:
        log_dir: str or path of the folder. Defaults to "logs".
        sample: tuple `(x, y)` of arrays, a small batch (8 to 64 examples), or None for no
            gradients and activations. Defaults to None.
        images: callable `(model) -> dict` from a name to an image, as `write_images` takes it: the
            bytes of a PNG file or a uint8 array `(height, width, channels)`; or None. Defaults to
            None.
        images_freq: int >= 1, epochs between images. Defaults to 1.
        histogram_freq: int >= 0, epochs between histograms; 0 for none. Defaults to 1.
        **keywords: the other arguments of `keras.callbacks.TensorBoard`.

    Raises:
        ValueError: `sample` is no pair, or `images_freq` is below 1.
    """

    state_names = ("_global_train_batch", "_global_test_batch")
    # Closed writers, and a module, which Python cannot copy.
    transient_names = ("_model", "_writers", "_prev_summary_state", "_summary_module")

    def __init__(
        self,
        log_dir="logs",
        *,
        sample=None,
        images=None,
        images_freq=1,
        histogram_freq=1,
        **keywords,
    ):
        super().__init__(log_dir=log_dir, histogram_freq=histogram_freq, **keywords)
        if sample is not None:
            expect_pair("TensorBoard", sample=sample)
        expect_whole("TensorBoard", 1, images_freq=images_freq)
        self.sample = sample
        self.images = images
        self.images_freq = images_freq
        self._loss_is_unknown = False

    def set_model(self, model):
        """Start the folder's event files."""
        super().set_model(model)
        self._prev_summary_state = []

    def on_train_begin(self, logs=None):
        """Start counting steps from 0."""
        self._global_test_batch = 0
        self._loss_is_unknown = False
        super().on_train_begin(logs)

    def on_train_batch_end(self, batch, logs=None):
        """Write the graph once, and what was asked for by the step."""
        if self._should_write_train_graph:
            self._write_keras_model_train_graph()
            self._should_write_train_graph = False
        # The parent composes summaries every step even where nobody is there to receive them.
        if self.update_freq != "epoch" or self.write_steps_per_second or self._should_trace:
            super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        """Write the scalars, the histograms and the images of the epoch."""
        super().on_epoch_end(epoch, logs)
        if self.sample is not None and self.histogram_freq and epoch % self.histogram_freq == 0:
            self._log_sample(epoch)
        if self.images is not None and epoch % self.images_freq == 0:
            self._log_images(epoch)
        for writer in self._writers.values():
            # Whoever watches a running fit sees whole epochs.
            writer.flush()

    def _log_sample(self, epoch):
        x, y = self.sample
        histograms = {
            f"{path}/activation": values
            for path, values in observe.activations(self.model, x).items()
        }
        for path, values in self._gradients(x, y).items():
            histograms[f"{path}/gradient"] = values
        with self._train_writer.as_default():
            for name, values in histograms.items():
                self.summary.histogram(name, values, step=epoch)

    def _gradients(self, x, y):
        if self._loss_is_unknown:
            return {}
        try:
            return observe.gradients(self.model, x, y)
        except (NotImplementedError, TypeError, ValueError) as error:
            # Several networks under a `train_step` of their own have no single loss; the pictures
            # of a training must not end it.
            self._loss_is_unknown = True
            warnings.warn(
                f"No histograms of gradients: the loss of {type(self.model).__name__} cannot be "
                f"computed from `sample` through `compute_loss` ({error}).",
                stacklevel=2,
            )
            return {}

    def _log_images(self, epoch):
        with self._train_writer.as_default():
            for name, image in self.images(self.model).items():
                write_images(name, image, epoch)

    def _write_keras_model_train_graph(self):
        # The parent's finds no graph in Keras 3: its training function is a plain closure.
        x = None if self.sample is None else self.sample[0]
        graph = observe.graph(self.model, x)
        if graph is not None:
            with self._train_writer.as_default():
                self.summary.graph(graph)
