"""`MaxNorm` bounds the weights and `global_clipnorm` the gradients: with and without."""

import keras
import numpy as np

from kerasrecipes import callbacks
from kerasrecipes.callbacks.observe import gradients
from kerasrecipes.callbacks.pictures import FIRST, INK, SECOND, new_figure

from .digits import digits, network, rectifiers

BOUND, EPOCHS = 2.0, 40
CLIPPED, NUM_STEPS, BATCH_SIZE = 1.0, 200, 32


class Norms(keras.callbacks.Callback):
    """Keeps the largest norm of the weights that lead into a unit, after each epoch."""

    def __init__(self):
        super().__init__()
        self.norms = []

    def on_epoch_end(self, epoch, logs=None):
        """Look at every kernel."""
        kernels = [layer.kernel.numpy() for layer in self.model.layers if hasattr(layer, "kernel")]
        self.norms.append(max(np.linalg.norm(kernel, axis=0).max() for kernel in kernels))


def make():
    """Return a picture of each."""
    return {"max_norm": max_norm(), "global_clipnorm": clipping()}


def max_norm():
    """Return the largest norm and the validation loss by epoch."""
    train, validation = digits()
    with new_figure(11, 4.2) as figure:
        norms = figure.add_subplot(1, 2, 1, title="Largest norm into a unit", xlabel="epoch")
        losses = figure.add_subplot(1, 2, 2, title="Validation loss", xlabel="epoch", yscale="log")
        for label, colour, bounds in (
            ("without", SECOND, []),
            (f"MaxNorm({BOUND:g})", FIRST, [callbacks.MaxNorm(BOUND)]),
        ):
            keras.utils.set_random_seed(0)
            model = network(
                *rectifiers(2, 256, dropout=0.5), optimizer=keras.optimizers.SGD(0.05, momentum=0.9)
            )
            watch = Norms()
            fit = model.fit(
                *train,
                epochs=EPOCHS,
                validation_data=validation,
                verbose=0,
                callbacks=[*bounds, watch],
            )
            epochs = [epoch + 1 for epoch in fit.epoch]
            norms.plot(epochs, watch.norms, color=colour, label=label)
            losses.plot(epochs, fit.history["val_loss"], color=colour, label=label)
            print(f"{label}: norm {watch.norms[-1]:.3g}, {fit.history['val_accuracy'][-1]:.3f}")
        norms.axhline(BOUND, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        norms.set_ylim(bottom=0)
        norms.legend()
        losses.legend()
    return figure


def clipping():
    """Return the norm of the gradient and the loss by step, of a recurrent network."""
    (x, y), _ = digits()
    x = x.reshape(-1, 64, 1)  # a digit is read pixel by pixel
    generator = np.random.default_rng(0)
    chosen = generator.integers(len(x), size=(NUM_STEPS, BATCH_SIZE))
    with new_figure(11, 4.2) as figure:
        norms = figure.add_subplot(1, 2, 1, title="Norm of the gradient, unclipped", xlabel="step")
        losses = figure.add_subplot(1, 2, 2, title="Loss", xlabel="step")
        for label, colour, bound in (
            ("without", SECOND, None),
            (f"global_clipnorm={CLIPPED:g}", FIRST, CLIPPED),
        ):
            keras.utils.set_random_seed(0)
            optimizer = keras.optimizers.SGD(0.1, global_clipnorm=bound)
            recurrent = keras.layers.SimpleRNN(64, unroll=True, name="recurrent")
            model = network(recurrent, optimizer=optimizer, inputs=(64, 1))
            seen, found = [], []
            for rows in chosen:
                batch = x[rows], y[rows]
                squares = [np.sum(g.numpy() ** 2) for g in gradients(model, *batch).values()]
                seen.append(np.sqrt(np.sum(squares)))
                found.append(model.train_on_batch(*batch, return_dict=True)["loss"])
                model.reset_metrics()
            norms.plot(seen, color=colour, linewidth=1.4, label=label)
            losses.plot(found, color=colour, linewidth=1.4, label=label)
            print(
                f"{label}: largest {max(seen):.3g}, median {np.median(seen):.3g}, {found[-1]:.3g}"
            )
        norms.set_yscale("log")
        norms.axhline(CLIPPED, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        losses.set_yscale("log")
        norms.legend()
        losses.legend()
    return figure
