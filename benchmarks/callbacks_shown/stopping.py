"""`EarlyStopping` and `ReduceLearningRateOnPlateau`: what they do where the loss turns."""

import keras

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import FIRST, INK, SECOND, THIRD, new_figure

from .digits import digits, network, rectifiers

EPOCHS, PATIENCE = 60, 8


def make():
    """Return a picture of each."""
    return {"early_stopping": stopping(), "reduce_learning_rate": reducing()}


def stopping():
    """Return the curves of a fit that would have gone on, and where it is stopped."""
    train, validation = digits(200)

    def fit(*callbacks):
        keras.utils.set_random_seed(0)
        model = network(*rectifiers(2, 256), optimizer=keras.optimizers.Adam(2e-3))
        settings = {"validation_data": validation, "verbose": 0, "callbacks": list(callbacks)}
        return model.fit(*train, epochs=EPOCHS, **settings).history

    stop = callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    fit(stop)
    logs = fit()
    print(f"best epoch {stop.best_epoch + 1}, stopped in {stop.stopped_epoch + 1}")
    epochs = range(1, EPOCHS + 1)
    with new_figure(8, 4.4) as figure:
        axes = figure.add_subplot(title="EarlyStopping", xlabel="epoch", ylabel="loss")
        ended = stop.stopped_epoch + 1
        for name, label, colour in (
            ("loss", "training", FIRST),
            ("val_loss", "validation", SECOND),
        ):
            axes.plot(epochs[:ended], logs[name][:ended], color=colour, label=label)
            # What it did not come to.
            axes.plot(epochs[ended - 1 :], logs[name][ended - 1 :], ":", color=colour)
        best = stop.best_epoch
        axes.plot(best + 1, logs["val_loss"][best], "o", color=INK, markersize=8, label="kept")
        axes.axvline(ended, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(
            f"stopped after {PATIENCE} epochs\nthat were no better",
            xy=(ended, 0.95),
            xytext=(6, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            fontsize=12,
        )
        axes.set_ylim(0, 1.2)
        axes.legend(loc="upper right")
    return figure


def reducing():
    """Return loss and rate of a fit whose rate falls where the loss has stopped to."""
    train, validation = digits(600)
    keras.utils.set_random_seed(0)
    model = network(*rectifiers(2), optimizer=keras.optimizers.SGD(0.15))
    reduce = callbacks.ReduceLearningRateOnPlateau(monitor="loss", factor=0.3, patience=3)
    logs = model.fit(
        *train, batch_size=4, epochs=40, validation_data=validation, verbose=0, callbacks=[reduce]
    ).history
    epochs = range(1, len(logs["loss"]) + 1)
    with new_figure(11, 4.2) as figure:
        axes = figure.add_subplot(1, 2, 1, title="Loss", xlabel="epoch", yscale="log")
        axes.plot(epochs, logs["loss"], color=FIRST, label="training")
        axes.plot(epochs, logs["val_loss"], color=SECOND, label="validation")
        axes.legend()
        axes = figure.add_subplot(1, 2, 2, title="Learning rate", xlabel="epoch", yscale="log")
        axes.step(epochs, logs["learning_rate"], where="mid", color=THIRD)
    return figure
