"""`Diagnosis`: four trainings that go wrong, and when it says so."""

import io

import keras

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import FIRST, INK, SECOND, new_figure

from .digits import digits, network, rectifiers

NUM_SAMPLED = 64


def make():
    """Return the loss curves, with the findings where they came up."""
    cases = {
        "200 examples, a large network": fitted(
            rectifiers(2, width=256), keras.optimizers.Adam(2e-3), num_examples=200, epochs=30
        ),
        "A rate that is too high": fitted(
            rectifiers(2), keras.optimizers.Adam(0.5), num_examples=None, epochs=12
        ),
        "Eight layers of sigmoids": fitted(
            [keras.layers.Dense(64, "sigmoid", name=f"hidden{n + 1}") for n in range(8)],
            keras.optimizers.SGD(0.02, momentum=0.9),
            num_examples=None,
            epochs=12,
        ),
        "Half of the units dropped, twice": fitted(
            rectifiers(2, dropout=0.5),
            keras.optimizers.Adam(1e-3),
            num_examples=None,
            epochs=25,
        ),
    }
    with new_figure(11.5, 8) as figure:
        for position, (title, (history, findings)) in enumerate(cases.items(), start=1):
            axes = figure.add_subplot(2, 2, position, title=title, xlabel="epoch", ylabel="loss")
            epochs = [epoch + 1 for epoch in history.epoch]
            axes.plot(epochs, history.history["loss"], color=FIRST, label="training")
            axes.plot(epochs, history.history["val_loss"], color=SECOND, label="validation")
            if max(history.history["loss"]) > 10:
                axes.set_yscale("log")
            mark(axes, findings)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return {"diagnosis": figure}


def fitted(hidden, optimizer, *, num_examples, epochs):
    """Return the history of a fit, and what the diagnosis found."""
    keras.utils.set_random_seed(0)
    train, validation = digits(num_examples)
    sample = tuple(array[:NUM_SAMPLED] for array in train)
    watch = callbacks.Diagnosis(sample, every=1, stream=io.StringIO())
    model = network(*hidden, optimizer=optimizer)
    history = model.fit(
        *train, epochs=epochs, validation_data=validation, verbose=0, callbacks=[watch]
    )
    print(watch.stream.getvalue())
    return history, watch.findings


def mark(axes, findings):
    """Draw a line where each finding came up, and write its first words beside it."""
    # Room above the curves for the words.
    axes.margins(y=0.05 + 0.14 * len(findings))
    first, last = axes.get_xlim()
    for number, (epoch, words) in enumerate(findings):
        axes.axvline(epoch, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        late = epoch > (first + last) / 2
        axes.annotate(
            words.partition(":")[0],
            xy=(epoch, 1),
            xytext=(-5 if late else 5, -6 - 18 * number),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top",
            fontsize=12,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
