"""A training step of the recipe `unet_shapes`, beside plain Keras layers."""

from . import clock

TITLE = "U-Net, a training step"
METHOD = (
    "the recipe `unet_shapes` without augmentation, batches of 16 images of 64 px; plain Keras is "
    "the same layers with `keras.layers.BatchNormalization` and `fit(x, y)`."
)
BARS = {"keras": (1.2, "plain Keras layers")}
NUM_STEPS = 12


def splits():
    """Return the shapes that are trained on, and the recipe."""
    from kerasrecipes.recipes import catalog

    recipe = catalog.get("unet_shapes")
    return clock.few("shapes", NUM_STEPS * recipe.batch_size), recipe


def ours():
    """Return the seconds of a step of ours."""
    data, recipe = splits()
    return clock.our_step(recipe, data, NUM_STEPS)


def keras():
    """Return the seconds of a step of plain Keras."""
    import keras
    from keras import layers

    def double(hidden, channels):
        for _ in range(2):
            hidden = layers.Conv2D(channels, 3, padding="same", use_bias=False)(hidden)
            hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
        return hidden

    data, recipe = splits()
    width, depth = (recipe.build.keywords[name] for name in ("width", "depth"))
    image = hidden = keras.Input((64, 64, 3))
    copies = []
    for level in range(depth):
        copies.append(double(hidden, width << level))
        hidden = layers.MaxPooling2D()(copies[-1])
    hidden = double(hidden, width << depth)
    for level in reversed(range(depth)):
        hidden = layers.Conv2DTranspose(width << level, 2, strides=2)(hidden)
        hidden = double(layers.Concatenate()([copies[level], hidden]), width << level)
    model = keras.Model(image, layers.Conv2D(5, 1)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    inputs = data.train.inputs.astype("float32") / 127.5 - 1
    return clock.keras_step(model, inputs, data.train.targets, recipe.batch_size)
