import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.vision import cnn


@pytest.mark.parametrize(
    "variant, shape, num_classes, expected",
    [
        ("2020", (28, 28, 1), 10, 34_826),
        ("2015", (28, 28, 1), 10, 1_199_882),
        ("2020", (32, 32, 3), 100, 320 + 2 * 9 * 32 + 18_496 + (6 * 6 * 64 + 1) * 100),
    ],
)
def test_parameters(variant, shape, num_classes, expected):
    assert cnn.build(shape, num_classes, variant=variant).count_params() == expected


@pytest.mark.parametrize("variant, padding", cnn.SMALLEST_SIDE)
def test_the_smallest_side_is_just_large_enough(variant, padding):
    side = cnn.SMALLEST_SIDE[variant, padding]
    model = cnn.build((side, side + 1, 1), 3, variant=variant, padding=padding)
    assert model(np.zeros((2, side, side + 1, 1), "float32")).shape == (2, 3)
    assert model.get_layer("flatten").output.shape[1] >= 64
    with pytest.raises(RecipeError, match=f"sides of at least {side}"):
        cnn.build((side - 1, side, 1), 3, variant=variant, padding=padding)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"variant": "2021"},
            "`variant` of cnn.build must be '2015' or '2020'. Received: variant='2021'.",
        ),
        (
            {"padding": "full"},
            "`padding` of cnn.build must be 'valid' or 'same'. Received: padding='full'.",
        ),
        (
            {"num_classes": 0},
            "`num_classes` of cnn.build must be at least 2. Received: num_classes=0.",
        ),
        (
            {"input_shape": (30,)},
            "`input_shape` of cnn.build must be (height, width, channels) with sides of at least "
            "10 for variant='2020' and padding='valid'. Received: input_shape=(30,).",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        cnn.build(**{"input_shape": (28, 28, 1), "num_classes": 10, **arguments})
    assert str(caught.value) == sentence
