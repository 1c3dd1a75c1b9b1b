"""Drawing images with the network of `ddpm_digits`, beside a loop over `predict`."""

from . import clock

TITLE = "DDPM, 64 images drawn"
METHOD = (
    "the network of `ddpm_digits` with its first weights, 50 steps of the implicit sampler, in one "
    "compiled loop; the other way calls `model.predict` for each step and does the arithmetic in "
    "NumPy."
)
BARS = {"keras": (3.0, "a loop over `model.predict`")}
NUM_IMAGES, NUM_STEPS = 64, 50


def model():
    """Return the model of the recipe."""
    from kerasrecipes.recipes import catalog, data

    recipe = catalog.get("ddpm_digits")
    return recipe.task.assemble(recipe, data.load("digits"))


def ours():
    """Return the seconds of a drawing of ours."""
    diffusion = model()
    table = diffusion.sampler("implicit", NUM_STEPS)
    return clock.repeated(lambda: diffusion.sample(0, NUM_IMAGES, table).numpy())


def keras():
    """Return the seconds of a drawing by a loop over `predict`."""
    import numpy as np

    diffusion = model()
    network, table = diffusion.average, np.asarray(diffusion.sampler("implicit", NUM_STEPS))
    generator = np.random.default_rng(0)

    def draw():
        x = generator.normal(size=(NUM_IMAGES, *diffusion.image_shape)).astype("float32")
        for time, signal, clean, current, _ in table:
            times = np.full(NUM_IMAGES, time, "int32")
            noise = network.predict({"image": x, "time": times}, verbose=0)
            image = np.clip((x - np.sqrt(1 - signal) * noise) / np.sqrt(signal), -1, 1)
            x = (clean * image + current * x).astype("float32")

    return clock.repeated(draw, 3)
