"""`MCDropout`: a classifier that learns a few digits by heart, asked once and asked fifty times."""

import keras
import numpy as np

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import FIRST, SECOND, THIRD, new_figure

from .digits import digits, network, rectifiers

NUM_EXAMPLES, EPOCHS, NUM_PASSES = 150, 80, 50


def make():
    """Return accuracy, likelihood, calibration and entropies over the epochs."""
    train, validation = digits(NUM_EXAMPLES)
    model = network(*rectifiers(2, 128, dropout=0.5), optimizer=keras.optimizers.Adam(3e-3))
    watch = callbacks.MCDropout(validation, num_passes=NUM_PASSES)
    model.fit(*train, epochs=EPOCHS, batch_size=32, verbose=0, callbacks=[watch])
    found = {name.removeprefix("val_mc_"): values for name, values in watch.history.items()}
    for name, values in found.items():
        print(f"{name}: {values[-1]:.4f}")
    panels = {"accuracy": "Accuracy", "nll": "Negative log-likelihood, nats", "ece": "ECE"}
    epochs = watch.epochs + 1
    with new_figure(11, 7.6) as figure:
        for position, (name, title) in enumerate(panels.items(), start=1):
            axes = figure.add_subplot(2, 2, position, title=title, xlabel="epoch")
            axes.plot(epochs, found[f"deterministic_{name}"], color=SECOND, label="dropout off")
            axes.plot(epochs, found[name], color=FIRST, label=f"{NUM_PASSES} passes")
            axes.legend()
        axes = figure.add_subplot(2, 2, 4, title="How unsure, nats", xlabel="epoch")
        entropies = found["deterministic_entropy"]
        axes.plot(epochs, entropies, color=SECOND, label="entropy, dropout off")
        axes.plot(epochs, found["entropy"], color=FIRST, label="entropy of the mean of passes")
        mutual = found["mutual_information"]
        axes.plot(epochs, mutual, color=THIRD, label="mutual information of the passes")
        axes.set_ylim(0, 1.1 * np.max(found["entropy"][EPOCHS // 20 :]))
        axes.legend()
    return {"mc_dropout": figure}
