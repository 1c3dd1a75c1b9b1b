import keras
import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.vision import lenet


def trainable(layer):
    return sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)


def test_table_1_is_the_paper_s():
    assert [len(sources) for sources in lenet.TABLE_1] == [3] * 6 + [4] * 9 + [6]
    assert len(set(lenet.TABLE_1)) == 16
    # "takes inputs from every contiguous subset of three", and so on, going round.
    contiguous = [{(start + i) % 6 for i in range(3)} for start in range(6)]
    assert all(set(sources) in contiguous for sources in lenet.TABLE_1[:6])
    contiguous = [{(start + i) % 6 for i in range(4)} for start in range(6)]
    assert all(set(sources) in contiguous for sources in lenet.TABLE_1[6:12])
    assert not any(set(sources) in contiguous for sources in lenet.TABLE_1[12:15])
    # Each map of S2 has ten connections, an X in table I.
    assert [sum(source in s for s in lenet.TABLE_1) for source in range(6)] == [10] * 6


def test_the_layers_of_1998_have_the_paper_s_parameters():
    model = lenet.build((32, 32, 1), 10, variant="1998")
    counts = {layer.name: trainable(layer) for layer in model.layers if trainable(layer)}
    assert counts == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert sum(counts.values()) == 60_000
    assert sum(int(np.prod(w.shape)) for w in model.non_trainable_weights) == 840


def test_a_28_pixel_image_is_that_image_with_a_white_margin():
    small = lenet.build((28, 28, 1), 10, variant="1998")
    large = lenet.build((32, 32, 1), 10, variant="1998")
    large.set_weights(small.get_weights())
    image = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype("float32")
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2), (0, 0)))
    np.testing.assert_allclose(small(image), large(padded), rtol=1e-6)


def test_white_and_ink_have_the_paper_s_values():
    model = lenet.build((32, 32, 1), 10, variant="1998")
    scale = model.get_layer("scale")
    np.testing.assert_allclose(scale(np.array([0.0, 1.0])), [-0.1, 1.175], rtol=1e-6)


@pytest.mark.parametrize("variant", ["modern", "1998"])
@pytest.mark.parametrize("shape", [(12, 12, 1), (28, 20, 3), (32, 32, 1), (31, 27, 1)])
def test_other_shapes_and_numbers_of_classes(variant, shape):
    model = lenet.build(shape, 4, variant=variant)
    assert model(np.zeros((2, *shape), "float32")).shape == (2, 4)


@pytest.mark.parametrize("variant", ["modern", "1998"])
def test_resized_it_takes_small_and_large_images_alike(variant):
    for shape in ((8, 8, 1), (60, 50, 1)):
        model = lenet.build(shape, 10, variant=variant, resize_to=28)
        assert model.get_layer("resize").output.shape == (None, 28, 28, 1)
        assert sum(map(trainable, model.layers)) == (60_000 if variant == "1998" else 61_706)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_1998_network_comes_back_from_a_file(tmp_path):
    model = lenet.build((28, 28, 1), 10, variant="1998")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    image = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(model(image), again(image))


def test_the_1998_network_learns_a_handful_by_heart():
    keras.utils.set_random_seed(0)
    model = lenet.build((28, 28, 1), 10, variant="1998")
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    images = np.random.default_rng(0).uniform(size=(20, 28, 28, 1)).astype("float32")
    labels = np.arange(20) % 10
    history = model.fit(images, labels, batch_size=20, epochs=30, verbose=0).history
    assert history["accuracy"][-1] == 1.0


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"input_shape": (8, 8, 1)},
            "`input_shape` of lenet.build must be (height, width, channels) with sides of at "
            "least 12. Received: input_shape=(8, 8, 1).",
        ),
        (
            {"input_shape": (784,)},
            "`input_shape` of lenet.build must be (height, width, channels) with sides of at "
            "least 12. Received: input_shape=(784,).",
        ),
        (
            {"input_shape": (None, 28, 1)},
            "`input_shape` of lenet.build must be (height, width, channels) with sides of at "
            "least 12. Received: input_shape=(None, 28, 1).",
        ),
        (
            {"input_shape": (64, 64, 1), "variant": "1998"},
            "`input_shape` of lenet.build must have sides of at most 32 with variant='1998'; "
            "resize_to=28 makes them so. Received: input_shape=(64, 64, 1).",
        ),
        (
            {"variant": "1989"},
            "`variant` of lenet.build must be 'modern' or '1998'. Received: variant='1989'.",
        ),
        (
            {"resize_to": 8},
            "`resize_to` of lenet.build must be at least 12. Received: resize_to=8.",
        ),
        (
            {"num_classes": 1},
            "`num_classes` of lenet.build must be at least 2. Received: num_classes=1.",
        ),
    ],
)
def test_a_value_out_of_range_is_one_sentence(arguments, sentence):
    with pytest.raises(RecipeError) as caught:
        lenet.build(**{"input_shape": (28, 28, 1), "num_classes": 10, **arguments})
    assert str(caught.value) == sentence
