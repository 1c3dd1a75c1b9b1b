"""How fast Monte Carlo dropout is: the plain loop, ours, and the two parts of ours alone.

Writes docs/benchmark_mc_dropout.md. Each round times the ways one after the other in this process;
what counts is the median of the ratios of a round.
"""

import argparse
import pathlib
import statistics
import time

ROOT = pathlib.Path(__file__).parent.parent
NUM_PASSES = 50
NUM_IMAGES = 512
BARS = {"plain": (5.0, "at least"), "parts": (1.3, "at most")}

PAGE = """# How fast Monte Carlo dropout is

{passes} passes over {images} images of 28x28 with a small network: three convolutions of 32, 32
and 64 maps, each with batch normalisation and a rectifier, two poolings, dropout of 0.5, a dense
layer of 64 units, dropout again, and ten logits. The medians of {rounds} rounds; the smallest and
largest ratio of a round in brackets.

| what | seconds | over ours | bar |
|---|---|---|---|
{rows}

- *the plain loop*: `model(x, training=True)` in a compiled function, in batches of 256 as `predict`
  has them, once a pass. It also moves the statistics of batch normalisation, which ours does not.
- *ours*: `DropoutPasses(model, {passes})`, the layers in front of the first dropout once, the
  others for all passes together.
- *prefix*: `model.predict_on_batch` of the layers in front of the first dropout, once.
- *a pass of the rest*: the other layers with dropout on, one pass in a compiled function; {passes}
  of them with the prefix are what ours is held against.

Machine: {machine}. It was shared with other work, so that ratios of a round count and not times.

Made by `make bench`. What compiles is not counted.
"""


def main():
    """Time the rounds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ways = prepared()
    for way in ways.values():
        way()
    found = {name: [] for name in ways}
    for number in range(arguments.rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            found[name].append(time.perf_counter() - begin)
        print(number + 1, {name: round(s[-1], 4) for name, s in found.items()}, flush=True)
    text = as_markdown(found)
    print(text)
    (ROOT / "docs" / "benchmark_mc_dropout.md").write_text(text, "utf-8")


def prepared():
    """Return what is timed, a function for each way."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasrecipes.callbacks.dropout_passes import DropoutPasses

    keras.utils.set_random_seed(0)
    model, prefix, rest = network()
    images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 28, 28, 1)).astype("float32")
    images = tf.constant(images / 255)
    passes = DropoutPasses(model, NUM_PASSES)
    in_training = tf.function(lambda x: model(x, training=True), reduce_retracing=True)
    a_pass = tf.function(lambda x: rest(x, training=True), reduce_retracing=True)
    between = tf.constant(prefix.predict_on_batch(images))

    def plain():
        halves = tf.split(images, NUM_IMAGES // 256)
        return np.stack(
            [
                np.concatenate([in_training(half).numpy() for half in halves])
                for _ in range(NUM_PASSES)
            ]
        )

    return {
        "ours": lambda: passes(images).numpy(),
        "plain": plain,
        "prefix": lambda: prefix.predict_on_batch(images),
        "rest": lambda: [a_pass(between).numpy() for _ in range(NUM_PASSES)],
    }


def network():
    """Return a small network, and its two parts as models of their own."""
    import keras
    from keras import layers

    def convolution(tensor, width):
        tensor = layers.Conv2D(width, 3, use_bias=False)(tensor)
        return layers.ReLU()(layers.BatchNormalization()(tensor))

    image = keras.Input((28, 28, 1), name="image")
    hidden = layers.MaxPooling2D()(convolution(convolution(image, 32), 32))
    hidden = layers.Flatten()(layers.MaxPooling2D()(convolution(hidden, 64)))
    between = keras.Input(hidden.shape[1:])
    tail = keras.Sequential(
        [
            between,
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    return keras.Model(image, tail(hidden)), keras.Model(image, hidden), tail


def as_markdown(found):
    """Return the page."""
    ours, rest = found["ours"], found["rest"]
    parts = [one + other for one, other in zip(found["prefix"], rest, strict=True)]
    rows = [
        ("ours", ours, "1", ""),
        ("the plain loop", found["plain"], *judged("plain", found["plain"], ours)),
        ("prefix", found["prefix"], "", ""),
        ("a pass of the rest", [seconds / NUM_PASSES for seconds in rest], "", ""),
        (f"prefix and {NUM_PASSES} passes of the rest", parts, *judged("parts", parts, ours)),
    ]
    cells = [(name, f"{statistics.median(s):.3g}", ratio, bar) for name, s, ratio, bar in rows]
    return PAGE.format(
        rows="\n".join(f"| {' | '.join(row)} |" for row in cells),
        rounds=len(ours),
        passes=NUM_PASSES,
        images=NUM_IMAGES,
        machine=machine_and_packages(),
    )


def machine_and_packages():
    """Return what this runs on, in a line."""
    from importlib.metadata import version

    from kerasrecipes.recipes.runs.run import machine

    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras"))
    return f"{machine()}, {packages}"


def judged(way, seconds, ours):
    """Return the ratios to ours as text, and the bar that they are held to."""
    ratios = [other / own for other, own in zip(seconds, ours, strict=True)]
    ratio = statistics.median(ratios)
    bar, side = BARS[way]
    if way == "parts":  # ours over the parts, which must not be much above 1
        reached, said = 1 / ratio <= bar, f"ours {side} {bar:g} times of it: {1 / ratio:.2f}"
    else:
        reached, said = ratio >= bar, f"{side} {bar:g}"
    text = f"{ratio:.3g} [{min(ratios):.3g}, {max(ratios):.3g}]"
    return text, said if reached else f"{said}, missed"


if __name__ == "__main__":
    main()
