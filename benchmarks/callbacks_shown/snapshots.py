"""`SnapshotEnsemble`: a rate that starts anew, the members that it leaves, and all together."""

import tempfile

import keras
import numpy as np
from matplotlib.ticker import MaxNLocator

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import FAINT, FIRST, SECOND, new_figure
from kerasrecipes.callbacks.predictive_figures import accuracy, negative_log_likelihood

from .digits import digits, network, rectifiers

NUM_CYCLES, CYCLE, BATCH_SIZE = 6, 8, 16


class Rates(keras.callbacks.Callback):
    """Keeps the learning rate of each step."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_train_batch_begin(self, batch, logs=None):
        """Keep the rate that the step takes."""
        self.rates.append(float(self.model.optimizer.learning_rate))


def make():
    """Return the rate, the loss, and the members beside the ensemble."""
    train, validation = digits(600)
    num_steps = -(-len(train[1]) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecayRestarts(0.05, CYCLE * num_steps, t_mul=1.0)
    # With dropout no snapshot knows all by heart, and so they differ.
    model = network(*rectifiers(2, dropout=0.3), optimizer=keras.optimizers.SGD(rate, momentum=0.9))
    rates = Rates()
    with tempfile.TemporaryDirectory() as folder:
        ensemble = callbacks.SnapshotEnsemble(CYCLE, folder)
        fit = model.fit(
            *train,
            batch_size=BATCH_SIZE,
            epochs=NUM_CYCLES * CYCLE,
            validation_data=validation,
            verbose=0,
            callbacks=[rates, ensemble],
        )
        counts = np.arange(1, NUM_CYCLES + 1)
        together = [judged(ensemble, validation, last) for last in counts]
    ends = CYCLE * counts
    logs = fit.history
    alone = [(logs["val_accuracy"][end - 1], logs["val_loss"][end - 1]) for end in ends]
    print("members alone", alone)
    print("the last ones together", together)
    with new_figure(11, 7.6) as figure:
        axes = figure.add_subplot(2, 2, 1, title="Learning rate", xlabel="epoch")
        axes.plot(1 + np.arange(len(rates.rates)) / num_steps, rates.rates, color=FIRST)
        axes = figure.add_subplot(2, 2, 2, title="Loss", xlabel="epoch", yscale="log")
        epochs = np.array(fit.epoch) + 1
        axes.plot(epochs, logs["loss"], color=FIRST, label="training")
        axes.plot(epochs, logs["val_loss"], color=SECOND, label="validation")
        for end in ends:
            axes.axvline(end, color=FAINT, linewidth=1, zorder=0)
        kept = [logs["val_loss"][end - 1] for end in ends]
        axes.plot(ends, kept, "o", color=SECOND, label="snapshot")
        axes.legend()
        titles = ("Validation accuracy", "Validation loss, nats")
        for place, title in enumerate(titles):
            axes = figure.add_subplot(2, 2, 3 + place, title=title, xlabel="snapshot")
            axes.plot(counts, [one[place] for one in alone], "o", color=SECOND, label="it alone")
            values = [several[place] for several in together]
            axes.plot(counts, values, "s-", color=FIRST, label="as many of the last together")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend()
    return {"snapshot_ensemble": figure}


def judged(ensemble, validation, last):
    """Return accuracy and negative log-likelihood of the last snapshots together."""
    x, y = validation
    found = ensemble.predict(x, last=int(last), activation=keras.ops.softmax)
    return accuracy(found, y), negative_log_likelihood(found, y)
