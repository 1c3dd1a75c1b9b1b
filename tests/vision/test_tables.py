"""The layer table in a docstring is the model: names, output shapes and parameters, row by row."""

import re

import keras
import pytest

from kerasrecipes.recipes.foundations import mlp
from kerasrecipes.recipes.vision import cnn, lenet

# Which table of which docstring, by what comes before it, and the model that it describes.
CASES = {
    "lenet_1998": (lenet, '`variant="1998"`', lambda: lenet.build((32, 32, 1), 10, variant="1998")),
    "lenet_1998_padded": (
        lenet,
        '`variant="1998"`',
        lambda: lenet.build((28, 28, 1), 10, variant="1998"),
    ),
    "lenet_modern": (lenet, '`variant="modern"`', lambda: lenet.build((28, 28, 1), 10)),
    "cnn_2020": (cnn, '`variant="2020"`', lambda: cnn.build((28, 28, 1), 10)),
    "cnn_2015": (cnn, '`variant="2015"`', lambda: cnn.build((28, 28, 1), 10, variant="2015")),
    "mlp": (mlp, "On MNIST", lambda: mlp.build((28, 28, 1), 10)),
}


def written_rows(module, heading):
    table = module.__doc__.split(heading, 1)[1].split("\n\n")[1]
    rows = re.findall(r"^    (\w+) +(\d[\dx]*) +([\d,]+)", table, re.MULTILINE)
    return {
        name: (tuple(map(int, shape.split("x"))), int(count.replace(",", "")))
        for name, shape, count in rows
        if name != "total"
    }


def layer_rows(model):
    return {
        layer.name: (
            tuple(layer.output.shape[1:]),
            sum(weight.shape.num_elements() for weight in layer.trainable_weights),
        )
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    }


@pytest.mark.parametrize("case", CASES)
def test_the_docstring_is_the_model(case):
    module, heading, build = CASES[case]
    written, built = written_rows(module, heading), layer_rows(build())
    if case == "lenet_1998":
        written.pop("pad")  # "smaller images only"
    # Squashing and flattening have no rows in the paper's table.
    built = {
        name: row
        for name, row in built.items()
        if name in written or not (name.endswith("_tanh") or name == "flatten")
    }
    assert list(built) == list(written)
    assert built == written
