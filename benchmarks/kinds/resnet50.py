"""A training step of ResNet-50, beside that of keras.applications."""

from . import clock

TITLE = "ResNet-50, a training step"
METHOD = (
    "batches of 8 images of 96 px and 10 classes, SGD with momentum; `keras.applications.ResNet50` "
    "with `fit(x, y)` has biases in its convolutions, which ours leave out."
)
BARS = {"keras": (1.2, "keras.applications")}
WHY_MISSED = (
    "normalisation, update and pipeline are what differs, and save 45 to 60 ms of 330; the rest "
    "are the convolutions, the same kernels of oneDNN on both sides."
)
NUM_EXAMPLES, BATCH_SIZE, SIDE = 32, 8, 96


def images():
    """Return images and labels."""
    import numpy as np

    generator = np.random.default_rng(0)
    inputs = generator.integers(0, 256, (NUM_EXAMPLES, SIDE, SIDE, 3)).astype("uint8")
    return inputs, generator.integers(0, 10, NUM_EXAMPLES)


def ours():
    """Return the seconds of a step of ours."""
    from functools import partial

    import keras

    from kerasrecipes.recipes import Figure, Recipe
    from kerasrecipes.recipes.data.indexed import IndexedSplit
    from kerasrecipes.recipes.data.splits import Spec, Splits
    from kerasrecipes.recipes.tasks.classification import Classification
    from kerasrecipes.recipes.vision.resnet import build

    inputs, targets = images()
    split = IndexedSplit(inputs=inputs, targets=targets)
    splits = Splits(
        name="noise", inputs=Spec("image", (SIDE, SIDE, 3), "uint8"), licence="", source="",
        class_names=tuple("0123456789"), train=split, validation=split, test=split, fingerprint="",
    )  # fmt: skip
    recipe = Recipe(
        name="resnet50", summary="", data="noise", task=Classification(),
        build=partial(build, depth=50), learning_rate=0.01, batch_size=BATCH_SIZE, epochs=1,
        optimizer=partial(keras.optimizers.SGD, momentum=0.9), expected=Figure("accuracy", 0.1),
        normalize=partial(keras.layers.Rescaling, 1 / 255),
    )  # fmt: skip
    return clock.our_step(recipe, splits, NUM_EXAMPLES // BATCH_SIZE)


def keras():
    """Return the seconds of a step of keras.applications."""
    import keras

    inputs, targets = images()
    model = keras.applications.ResNet50(
        weights=None, input_shape=(SIDE, SIDE, 3), classes=10, classifier_activation=None
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    return clock.keras_step(model, inputs.astype("float32") / 255, targets, BATCH_SIZE)
