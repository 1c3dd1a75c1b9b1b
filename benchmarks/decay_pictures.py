"""The picture of docs/regularization.md: an L2 penalty against weight decay, under SGD and Adam.

A linear model is fitted to targets that are noise, so that every weight ought to go to zero. Half
of its features are ten times as large as the others, and so are their gradients. All weights begin
at 1; what is drawn is the mean of each half.
"""

import pathlib

import keras
import numpy as np

from kerasrecipes.callbacks.pictures import FIRST, SECOND, new_figure, png
from kerasrecipes.recipes import regularizing
from kerasrecipes.recipes.regularization import Regularization

PICTURE = pathlib.Path(__file__).parent.parent / "docs" / "pictures" / "l2_and_weight_decay.png"
NUM_FEATURES, NUM_STEPS, BATCH_SIZE, RATE, STRENGTH = 40, 1000, 32, 0.001, 1.0
LARGE = slice(0, NUM_FEATURES // 2)
SMALL = slice(NUM_FEATURES // 2, None)


def main():
    """Train the four models and write the picture."""
    with new_figure(11, 4) as figure:
        for number, optimizer in enumerate((keras.optimizers.SGD, keras.optimizers.Adam), start=1):
            panel = figure.add_subplot(1, 2, number, xlabel="step", ylabel="mean weight")
            panel.set_title(optimizer.__name__)
            for name, line in (("L2", "-"), ("decay", "--")):
                weights = trained(optimizer, penalized=name == "L2")
                for part, size, colour in ((LARGE, "large", SECOND), (SMALL, "small", FIRST)):
                    mean = weights[:, part].mean(axis=1)
                    label = f"{name}, {size} gradients"
                    panel.plot(mean, line, color=colour, label=label)
                    print(f"{optimizer.__name__}, {label}: {mean[-1]:.3f}")
            panel.set_ylim(0, 1.05)
            panel.legend()
        PICTURE.write_bytes(png(figure, dots_per_inch=80))


def trained(optimizer, penalized):
    """Return the weights `(steps + 1, features)` of a model as it is trained."""
    generator = np.random.default_rng(0)
    scale = np.ones(NUM_FEATURES, "float32")
    scale[LARGE] = 10
    model = keras.Sequential(
        [
            keras.Input((NUM_FEATURES,)),
            keras.layers.Dense(1, kernel_initializer="ones", use_bias=False),
        ]
    )
    kernel = model.layers[0].kernel
    if penalized:
        # Half of it: the gradient of w^2 is 2 w.
        kernel.regularizer = keras.regularizers.L2(STRENGTH / 2)
    decay = Regularization(weight_decay=0.0 if penalized else STRENGTH)
    optimizer = regularizing.decaying(optimizer(RATE), model, decay)
    # The targets are what the weights say already, and noise: nothing but noise moves them.
    model.compile(optimizer, loss="mse")
    found = [kernel.numpy()[:, 0]]
    for _ in range(NUM_STEPS):
        inputs = scale * generator.choice([-1.0, 1.0], (BATCH_SIZE, NUM_FEATURES)).astype("float32")
        noise = generator.normal(size=(BATCH_SIZE, 1)).astype("float32")
        model.train_on_batch(inputs, inputs @ kernel.numpy() + noise)
        found.append(kernel.numpy()[:, 0])
    return np.array(found)


if __name__ == "__main__":
    main()
