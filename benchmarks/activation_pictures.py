"""The pictures of docs/callbacks.md: a deep network of sigmoids against one of rectifiers.

Trains both on the embedded digits, some seconds each, and draws what `ActivationStatistics` and
`GradientStatistics` saw.
"""

import pathlib

import keras

from kerasrecipes import callbacks
from kerasrecipes.callbacks.pictures import png
from kerasrecipes.recipes import data

PICTURES = pathlib.Path(__file__).parent.parent / "docs" / "pictures"
DEPTH, WIDTH, EPOCHS = 8, 64, 20


def main():
    """Train both networks and write their pictures."""
    splits = data.load("digits")
    x = splits.train.inputs.reshape(len(splits.train.inputs), -1) / 255.0
    y = splits.train.targets
    # Each with the initialisation that is made for it.
    for activation, initializer in (("sigmoid", "glorot_uniform"), ("relu", "he_normal")):
        keras.utils.set_random_seed(0)
        hidden = [
            keras.layers.Dense(
                WIDTH, activation, kernel_initializer=initializer, name=f"hidden{number + 1}"
            )
            for number in range(DEPTH)
        ]
        model = keras.Sequential(
            [keras.Input(x.shape[1:]), *hidden, keras.layers.Dense(10, name="logits")]
        )
        model.compile(
            keras.optimizers.SGD(0.02, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        activations = callbacks.ActivationStatistics(x[:128], every=1)
        gradients = callbacks.GradientStatistics((x[:128], y[:128]), every=1)
        diagnosis = callbacks.Diagnosis((x[:128], y[:128]))
        history = model.fit(
            x, y, epochs=EPOCHS, verbose=0, callbacks=[activations, gradients, diagnosis]
        )
        print(activation, "accuracy", history.history["accuracy"][-1])
        for kind, statistics in (("activation", activations), ("gradient", gradients)):
            if (kind, activation) == ("gradient", "relu"):
                continue  # a healthy one tells nothing new
            path = PICTURES / f"{kind}_statistics-{activation}.png"
            path.write_bytes(png(statistics.figure(), dots_per_inch=80))


if __name__ == "__main__":
    main()
