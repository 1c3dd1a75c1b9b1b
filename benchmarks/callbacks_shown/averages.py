"""The averages of weights: `AverageLastEpochs`, `StochasticWeightAveraging` and the exponential."""

import keras

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import FAINT, FIRST, INK, SECOND, THIRD, new_figure

from .digits import digits, network, rectifiers

EPOCHS, START, NUM_LAST = 40, 10, 10
NAMES = {
    "plain": ("weights of the epoch", INK, 1.2),
    "last": (f"AverageLastEpochs({NUM_LAST})", THIRD, 2.4),
    "swa": (f"StochasticWeightAveraging({START})", SECOND, 2.4),
    "ema": ("ExponentialMovingAverage", FIRST, 2.4),
}


class Validated(keras.callbacks.Callback):
    """Validates the weights of each epoch, and the means so far of averaging callbacks.

    Args:
        validation: pair `(x, y)`.
        averages: dict from a name to a `WeightAveraging`, each in front of this callback.
    """

    def __init__(self, validation, averages):
        super().__init__()
        self.validation = validation
        self.averages = averages
        self.found = {name: [] for name in ("plain", *averages)}

    def on_epoch_end(self, epoch, logs=None):
        """Validate all that there is by now."""
        self._validate("plain", epoch)
        kept = self.model.get_weights()
        for name, average in self.averages.items():
            if average.num_averaged:
                self.model.set_weights([total / average.num_averaged for total in average.sums])
                self._validate(name, epoch)
        self.model.set_weights(kept)

    def _validate(self, name, epoch):
        self.found[name].append((epoch + 1, *self.model.evaluate(*self.validation, verbose=0)))


def make():
    """Return validation loss and accuracy by epoch, of the weights and of each average."""
    train, validation = digits(600)
    # Dropout and a high rate: the weights wander for ever.
    optimizer = keras.optimizers.SGD(0.3, use_ema=True, ema_momentum=0.99)
    model = network(*rectifiers(2, dropout=0.3), optimizer=optimizer)
    averages = {
        "last": callbacks.AverageLastEpochs(NUM_LAST),
        "swa": callbacks.StochasticWeightAveraging(START),
    }
    watch = Validated(validation, averages)
    # Behind the others, so that what they average are the weights of the epoch.
    exponential = callbacks.ExponentialMovingAverage()
    fit = model.fit(
        *train,
        batch_size=8,
        epochs=EPOCHS,
        validation_data=validation,
        verbose=0,
        callbacks=[*averages.values(), watch, exponential],
    )
    logs = fit.history
    watch.found["ema"] = [
        (epoch + 1, logs["val_loss"][epoch], logs["val_accuracy"][epoch]) for epoch in fit.epoch
    ]
    with new_figure(11, 4.6) as figure:
        panels = [
            figure.add_subplot(1, 2, 1, title="Validation loss", xlabel="epoch", yscale="log"),
            figure.add_subplot(1, 2, 2, title="Validation accuracy", xlabel="epoch"),
        ]
        for name, (label, colour, width) in NAMES.items():
            epochs, losses, accuracies = zip(*watch.found[name], strict=True)
            print(f"{label}: loss {losses[-1]:.4f}, accuracy {accuracies[-1]:.4f}")
            for axes, values in zip(panels, (losses, accuracies), strict=True):
                axes.plot(epochs, values, color=colour, linewidth=width, label=label)
        panels[1].set_ylim(0.85, 0.95)
        for axes in panels:
            axes.axvline(START + 1, color=FAINT, linewidth=1, zorder=0)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=12)
    return {"weight_averages": figure}
