import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.foundations import linear, logistic, mlp


def test_linear_is_a_product_and_a_sum():
    model = linear.build((3,), 2)
    weights, bias = np.arange(6.0).reshape(3, 2), np.array([10.0, 20.0])
    model.set_weights([weights, bias])
    features = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    np.testing.assert_allclose(model(features), features @ weights + bias, rtol=1e-6)


@pytest.mark.parametrize(
    "shape, num_classes, expected",
    [((30,), 2, 62), ((13,), 3, 42), ((8, 8, 1), 10, 650), ((28, 28, 1), 10, 7_850)],
)
def test_logistic_parameters(shape, num_classes, expected):
    model = logistic.build(shape, num_classes)
    assert model.count_params() == expected
    assert model(np.zeros((2, *shape), "float32")).shape == (2, num_classes)


@pytest.mark.parametrize(
    "shape, arguments, expected",
    [
        ((784,), {"hidden": (256,)}, 203_530),
        ((28, 28, 1), {}, 669_706),
        ((28, 28, 1), {"hidden": (256, 128, 64)}, 242_762),
        ((8, 8, 1), {"hidden": (128, 64)}, 17_226),
    ],
)
def test_mlp_parameters(shape, arguments, expected):
    model = mlp.build(shape, 10, **arguments)
    assert model.count_params() == expected
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 10)


def test_mlp_layers_are_named_in_order_and_dropout_can_be_left_out():
    names = [layer.name for layer in mlp.build((4,), 3, hidden=(8, 7)).layers]
    assert names == ["dense1", "dropout1", "dense2", "dropout2", "logits"]
    names = [layer.name for layer in mlp.build((4,), 3, hidden=(8, 7), dropout=0).layers]
    assert names == ["dense1", "dense2", "logits"]
    assert mlp.build((4,), 3, activation="tanh").layers[0].activation.__name__ == "tanh"


@pytest.mark.parametrize(
    "make, sentence",
    [
        (
            lambda: linear.build((2, 2), 1),
            "`input_shape` of linear.build must be (features,). Received: input_shape=(2, 2).",
        ),
        (
            lambda: linear.build((2,), 0),
            "`num_outputs` of linear.build must be at least 1. Received: num_outputs=0.",
        ),
        (
            lambda: logistic.build((2, 2), 2),
            "`input_shape` of logistic.build must be (features,) or (height, width, channels). "
            "Received: input_shape=(2, 2).",
        ),
        (
            lambda: logistic.build((2,), 1),
            "`num_classes` of logistic.build must be at least 2. Received: num_classes=1.",
        ),
        (
            lambda: mlp.build((), 2),
            "`input_shape` of mlp.build must be (features,) or (height, width, channels). "
            "Received: input_shape=().",
        ),
        (
            lambda: mlp.build((2,), 0),
            "`num_classes` of mlp.build must be at least 1. Received: num_classes=0.",
        ),
        (
            lambda: mlp.build((2,), 2, hidden=(4, 0)),
            "`hidden` of mlp.build must be a tuple of units, each at least 1. "
            "Received: hidden=(4, 0).",
        ),
        (
            lambda: mlp.build((2,), 2, dropout=1.0),
            "`dropout` of mlp.build must be at least 0 and below 1. Received: dropout=1.0.",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(make, sentence):
    with pytest.raises(RecipeError) as caught:
        make()
    assert str(caught.value) == sentence
