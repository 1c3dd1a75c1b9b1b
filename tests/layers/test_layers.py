"""One contract over all layers, then what each of them computes."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import layers
from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.layers import (
    BatchNormalization,
    CachedAttention,
    EncoderBlock,
    GradientGate,
    MaskingNoise,
    RadialBasisOutput,
    ScaledTanh,
    SinusoidalPositions,
    SparseConv2D,
    SparsityPenalty,
    SubsampleAndPad,
    SubSampling,
    SubtractImageNetMean,
)
from kerasrecipes.recipes.layers.radial_basis_output import class_codes, digit_codes

# How each is made, what goes in, what comes out, and its trainable parameters.
CASES = {
    "BatchNormalization": (BatchNormalization, (7, 6, 3), (7, 6, 3), 6),
    "CachedAttention": (lambda: CachedAttention(2), (5, 8), (5, 8), 4 * (8 * 8 + 8)),
    "EncoderBlock": (
        lambda: EncoderBlock(2, 16),
        (5, 8),
        (5, 8),
        4 * (8 * 8 + 8) + 2 * 8 * 16 + 16 + 8 + 4 * 8,
    ),
    "GradientGate": (GradientGate, (5, 2), (5, 2), 0),
    "MaskingNoise": (lambda: MaskingNoise(0.5), (5, 2), (5, 2), 0),
    "RadialBasisOutput": (lambda: RadialBasisOutput(4), (84,), (4,), 0),
    "ScaledTanh": (ScaledTanh, (5, 2), (5, 2), 0),
    "SinusoidalPositions": (lambda: SinusoidalPositions(9), (5, 8), (5, 8), 0),
    "SparseConv2D": (lambda: SparseConv2D([[0, 2], [1]], 3), (7, 6, 3), (5, 4, 2), 29),
    "SparsityPenalty": (lambda: SparsityPenalty(0.1, 1.0), (6,), (6,), 0),
    "SubSampling": (SubSampling, (7, 6, 3), (3, 3, 3), 6),
    "SubsampleAndPad": (lambda: SubsampleAndPad(8), (7, 6, 3), (4, 3, 8), 0),
    "SubtractImageNetMean": (SubtractImageNetMean, (7, 6, 3), (7, 6, 3), 0),
}

# They take several inputs, whole numbers or images of one size, and are tested with what they are
# for: the Transformer, the graphs and the diffusion.
ELSEWHERE = {
    "DecoderBlock",
    "EdgeToNode",
    "GraphConvolution",
    "NodeToEdge",
    "PixelAttention",
    "TimeEmbedding",
}


def inputs(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_every_layer_has_its_case():
    assert set(layers.__all__) == set(CASES) | ELSEWHERE


# Keras itself warns when it writes a file under NumPy 2.
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
class TestContract:
    def test_shapes_and_parameters_are_as_declared(self, name):
        make, shape, expected, num_parameters = CASES[name]
        layer = make()
        assert layer(inputs(2, *shape)).shape == (2, *expected)
        assert make().compute_output_shape((None, *shape)) == (None, *expected)
        assert sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights) == (
            num_parameters
        )

    def test_it_comes_back_from_a_file_without_being_named(self, name, tmp_path):
        make, shape, _, _ = CASES[name]
        model = keras.Sequential([keras.Input(shape, name="image"), make()])
        model.set_weights([inputs(*weight.shape, seed=3) ** 2 for weight in model.weights])
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        assert keras.saving.get_registered_name(type(again.layers[0])) == f"kerasrecipes>{name}"
        np.testing.assert_array_equal(
            model.predict(inputs(2, *shape), verbose=0), again.predict(inputs(2, *shape), verbose=0)
        )

    def test_it_takes_images_of_unknown_sides(self, name):
        make, shape, _, _ = CASES[name]
        if len(shape) != 3:
            pytest.skip("takes no images")
        outputs = make()(keras.KerasTensor((None, None, None, shape[-1])))
        assert outputs.shape[:3] == (None, None, None)

    def test_mixed_precision(self, name):
        make, shape, _, _ = CASES[name]
        keras.config.set_dtype_policy("mixed_float16")
        try:
            layer = make()
        finally:
            keras.config.set_dtype_policy("float32")
        outputs = layer(inputs(2, *shape))
        assert outputs.dtype == "float16"
        assert {weight.dtype for weight in layer.weights} <= {"float32"}

    def test_the_printed_values_in_its_docstring(self, name):
        module = importlib.import_module(getattr(layers, name).__module__)
        results = doctest.testmod(module)
        assert results.failed == 0 and results.attempted > 0


def test_one_layer_a_file():
    files = {f"{layers.__name__}.{module.name}" for module in pkgutil.iter_modules(layers.__path__)}
    named = [getattr(layers, name).__module__ for name in layers.__all__]
    assert set(named) == files
    # What gathers along edges and what puts together again belong to each other.
    assert {file for file in files if named.count(file) > 1} == {
        f"{layers.__name__}.message_passing"
    }


def test_sub_sampling_is_a_weighted_sum_of_four():
    layer, image = SubSampling(), inputs(2, 5, 4, 3)
    layer.build(image.shape)
    coefficient, bias = inputs(3, seed=1), inputs(3, seed=2)
    layer.set_weights([coefficient, bias])
    sums = image[:, :4].reshape(2, 2, 2, 2, 2, 3).sum(axis=(2, 4))
    np.testing.assert_allclose(layer(image), coefficient * sums + bias, rtol=1e-5, atol=1e-6)


def test_sparse_convolution_is_a_dense_one_with_holes():
    table = [[0, 1], [3], [0, 2, 3]]
    layer, image = SparseConv2D(table, 3), inputs(2, 6, 5, 4)
    outputs = layer(image)
    dense = np.zeros((3, 3, 4, 3), "float32")
    connection = 0
    for to, sources in enumerate(table):
        for source in sources:
            dense[:, :, source, to] = layer.kernel.numpy()[:, :, connection]
            connection += 1
    np.testing.assert_allclose(
        outputs, keras.ops.conv(image, dense, padding="valid"), rtol=1e-5, atol=1e-6
    )
    # A map that is not in the table has no say.
    image[..., 1] += 5
    np.testing.assert_allclose(layer(image)[..., 1:], outputs[..., 1:], rtol=1e-5, atol=1e-6)
    assert not np.allclose(layer(image)[..., 0], outputs[..., 0])


@pytest.mark.parametrize("table", [[], [[]], [[0, 0]], [[-1]]])
def test_a_table_that_is_none(table):
    with pytest.raises(RecipeError, match="`table` of SparseConv2D must give each output map"):
        SparseConv2D(table, 3)


def test_a_table_that_names_a_map_that_is_not_there():
    with pytest.raises(RecipeError, match="must name maps below 3"):
        SparseConv2D([[0, 3]], 3).build((None, 8, 8, 3))


def test_radial_basis_output_measures_distances():
    layer, features = RadialBasisOutput(10), inputs(3, 84)
    distances = ((features[:, None] - digit_codes()[None]) ** 2).sum(-1)
    np.testing.assert_allclose(layer(features), -distances, rtol=1e-5)
    np.testing.assert_array_equal(np.argmax(layer(digit_codes()), 1), np.arange(10))


@pytest.mark.parametrize("num_classes", [2, 10, 100])
def test_the_codes_are_signs_fixed_and_far_apart(num_classes):
    codes = class_codes(num_classes)
    assert codes.shape == (num_classes, 84) and set(np.unique(codes)) == {-1.0, 1.0}
    np.testing.assert_array_equal(codes, class_codes(num_classes))
    differing = (84 - codes @ codes.T) / 2 + 84 * np.eye(num_classes)
    assert differing.min() >= 17


def test_radial_basis_output_wants_a_bitmap():
    with pytest.raises(RecipeError, match=r"must have 84 features.*input_shape=\(None, 80\)"):
        RadialBasisOutput(10).build((None, 80))


def test_subsample_and_pad_keeps_every_second_pixel():
    image = inputs(2, 5, 4, 3)
    outputs = np.array(SubsampleAndPad(5)(image))
    np.testing.assert_array_equal(outputs[..., :3], image[:, ::2, ::2])
    np.testing.assert_array_equal(outputs[..., 3:], 0)


def test_subsample_and_pad_cannot_drop_maps():
    with pytest.raises(RecipeError, match="must be at least the input's 8"):
        SubsampleAndPad(4).build((None, 8, 8, 8))
