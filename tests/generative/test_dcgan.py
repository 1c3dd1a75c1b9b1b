import keras
import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.generative import dcgan

# The table of the docstring: PyTorch's DCGAN tutorial counts the same.
GENERATOR, DISCRIMINATOR = 3_576_704, 2_765_568


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.fixture(scope="module")
def paper():
    return dcgan.build((64, 64, 3))


def test_the_counts_are_those_of_the_papers_form(paper):
    assert trainable(paper.generator) == GENERATOR
    assert trainable(paper.discriminator) == DISCRIMINATOR
    assert trainable(paper) == GENERATOR + DISCRIMINATOR


def test_each_row_of_the_table_holds(paper):
    rows = {
        "generator": [819_200, 1_024, 2_097_152, 512, 524_288, 256, 131_072, 128, 3_072],
        "discriminator": [3_072, 131_072, 256, 524_288, 512, 2_097_152, 1_024, 8_192],
    }
    for name, expected in rows.items():
        layers = getattr(paper, name).layers
        assert [trainable(layer) for layer in layers if layer.trainable_weights] == expected
    sides = [layer.output.shape[1:] for layer in paper.generator.layers if "conv" in layer.name]
    assert sides == [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64), (64, 64, 3)]
    sides = [layer.output.shape[1:] for layer in paper.discriminator.layers if "conv" in layer.name]
    assert sides == [(32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512), (1, 1, 1)]


def test_no_two_weights_have_one_name(paper):
    paths = [weight.path for weight in paper.weights]
    assert len(set(paths)) == len(paths)


def test_it_is_what_pytorch_computes_of_the_same_weights():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    latent, width = 6, 4
    model = dcgan.build((32, 32, 3), latent=latent, width=width)
    up = [latent, 4 * width, 2 * width, width, 3]
    down = [3, width, 2 * width, 4 * width, 1]
    generator, discriminator = [], []
    for stage in range(4):
        stride, padding = (1, 0) if stage == 0 else (2, 1)
        generator.append(
            nn.ConvTranspose2d(up[stage], up[stage + 1], 4, stride, padding, bias=False)
        )
        generator += [nn.BatchNorm2d(up[stage + 1]), nn.ReLU()] if stage < 3 else [nn.Tanh()]
        stride, padding = (2, 1) if stage < 3 else (1, 0)
        discriminator.append(
            nn.Conv2d(down[stage], down[stage + 1], 4, stride, padding, bias=False)
        )
        if 0 < stage < 3:
            discriminator.append(nn.BatchNorm2d(down[stage + 1]))
        if stage < 3:
            discriminator.append(nn.LeakyReLU(0.2))
    theirs = [nn.Sequential(*generator), nn.Sequential(*discriminator)]
    ours = [model.generator, model.discriminator]
    random = np.random.default_rng(0)
    for mine, other in zip(ours, theirs, strict=True):
        modules = [m for m in other if len(list(m.parameters()))]
        layers = [layer for layer in mine.layers if layer.weights]
        for layer, module in zip(layers, modules, strict=True):
            if isinstance(module, nn.BatchNorm2d):
                gamma, beta = random.normal(1, 0.2, (2, module.num_features)).astype("float32")
                layer.gamma.assign(gamma)
                layer.beta.assign(beta)
                module.weight.data, module.bias.data = torch.tensor(gamma), torch.tensor(beta)
            else:
                kernel = random.normal(0, 0.2, layer.kernel.shape).astype("float32")
                layer.kernel.assign(kernel)
                # Both keep (height, width) last and turn in and out round alike.
                module.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1))
    noise = random.uniform(-1, 1, (5, latent)).astype("float32")
    image = model.generator(noise, training=True)
    logit = model.discriminator(image, training=True)
    assert image.shape == (5, 32, 32, 3)
    their_image = theirs[0](torch.tensor(noise)[:, :, None, None])
    their_logit = theirs[1](their_image).reshape(5, 1)
    np.testing.assert_allclose(image, their_image.detach().numpy().transpose(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(logit, their_logit.detach().numpy(), rtol=1e-4, atol=1e-4)
    # The running statistics of the two libraries are biased differently, their means are not.
    ours_mean = model.generator.get_layer("generator_stage1_bn").moving_mean
    np.testing.assert_allclose(ours_mean, theirs[0][1].running_mean.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("input_shape", "sides"),
    [
        ((28, 28, 1), [7, 14, 28]),
        ((32, 32, 3), [4, 8, 16, 32]),
        ((8, 8, 1), [4, 8]),
        ((40, 40, 3), [5, 10, 20, 40]),
    ],
)
def test_other_sides_double_from_4_to_7(input_shape, sides):
    model = dcgan.build(input_shape, width=2, latent=3)
    layers = [layer for layer in model.generator.layers if "conv" in layer.name]
    assert [layer.output.shape[1] for layer in layers] == sides
    assert model.generator.output_shape == (None, *input_shape)
    assert model(np.zeros((2, *input_shape), "uint8")).shape == (2, 1)


def test_sides_may_differ():
    assert dcgan.generator((24, 40, 1), width=2).output_shape == (None, 24, 40, 1)


@pytest.mark.parametrize(
    ("sides", "nearest"),
    [
        ((30, 30), "28x28 or 32x32"),
        ((64, 60), "64x56 or 64x64"),
        ((5, 5), "8x8"),
        ((31, 36), "28x36 or 32x40"),
        ((218, 178), "192x160 or 224x192"),
    ],
)
def test_sides_that_do_not_double_are_told_the_nearest_that_do(sides, nearest):
    with pytest.raises(RecipeError, match=f"resize the images to {nearest}"):
        dcgan.build((*sides, 3))


@pytest.mark.parametrize("sides", [(9, 9), (33, 47), (100, 60), (13, 200), (255, 255)])
def test_the_nearest_sides_can_be_built(sides):
    for near in (dcgan._below(sides), dcgan._above(sides)):
        dcgan.generator((*near, 1), latent=1, width=1)
        assert all(abs(a - b) < max(sides) / 2 for a, b in zip(near, sides, strict=True))


@pytest.mark.parametrize("arguments", [{"latent": 0}, {"width": 0}, {"width": 1.5}])
def test_bad_arguments_are_told(arguments):
    (name,) = arguments
    with pytest.raises(RecipeError, match=f"`{name}` of dcgan.build must be a whole number"):
        dcgan.build((32, 32, 3), **arguments)
    with pytest.raises(RecipeError, match=r"`input_shape` of dcgan.build must be .height"):
        dcgan.build((32, 32))


def test_kernels_begin_as_the_paper_says(paper):
    for network in (paper.generator, paper.discriminator):
        for layer in network.layers:
            if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose)):
                kernel = layer.kernel.numpy()
                assert abs(kernel.mean()) < 5 * 0.02 / np.sqrt(kernel.size)
                assert kernel.std() == pytest.approx(0.02, rel=0.05)


def test_samples_are_in_32_bits_under_mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = dcgan.build((8, 8, 1), width=2, latent=3)
    finally:
        keras.config.set_dtype_policy(before)
    image = model.generator(np.zeros((1, 3)))
    assert image.dtype == "float32"
    assert model.discriminator(image).dtype == "float32"
