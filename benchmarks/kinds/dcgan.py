"""A training step of the recipe `dcgan_glyphs`, both players, beside PyTorch."""

from . import clock, torch_loop

TITLE = "DCGAN, a training step of both players"
METHOD = (
    "the recipe `dcgan_glyphs`, batches of its own size of 28x28 images; PyTorch is the same two "
    "networks and losses in a plain loop, as its DCGAN tutorial writes it."
)
BARS = {"torch": (1.0, "PyTorch")}
NUM_STEPS = 12


def splits():
    """Return the glyphs that are trained on, and the recipe."""
    from kerasrecipes.recipes import catalog

    recipe = catalog.get("dcgan_glyphs")
    return clock.few("glyphs", NUM_STEPS * recipe.batch_size), recipe


def ours():
    """Return the seconds of a step of ours."""
    data, recipe = splits()
    return clock.our_step(recipe, data, NUM_STEPS)


def torch():
    """Return the seconds of a step of PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    data, recipe = splits()
    width, latent = recipe.build.keywords["width"], 100
    generator = nn.Sequential(
        nn.ConvTranspose2d(latent, 2 * width, 7, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 1, 7, bias=False),
        nn.Flatten(),
    )
    players = {
        player: torch.optim.Adam(player.parameters(), 2e-4, betas=(0.5, 0.999))
        for player in (generator, discriminator)
    }
    images = torch.from_numpy(data.train.inputs).permute(0, 3, 1, 2).contiguous()

    def loss(logits, truth):
        wanted = torch.full_like(logits, truth)
        return functional.binary_cross_entropy_with_logits(logits, wanted)

    def step(chosen):
        real = images[chosen].float() / 127.5 - 1
        fake = generator(torch.randn(len(real), latent, 1, 1))
        players[discriminator].zero_grad()
        of_discriminator = loss(discriminator(real), 1.0) + loss(discriminator(fake.detach()), 0.0)
        of_discriminator.backward()
        players[discriminator].step()
        players[generator].zero_grad()
        of_generator = loss(discriminator(fake), 1.0)
        of_generator.backward()
        players[generator].step()
        of_discriminator.item(), of_generator.item()

    batches = torch.randperm(len(images)).reshape(-1, 1, recipe.batch_size)
    return torch_loop.seconds_per_step(step, batches)
