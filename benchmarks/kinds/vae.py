"""A training step of the recipe `vae_glyphs`, beside PyTorch."""

from . import clock, torch_loop

TITLE = "VAE, a training step"
METHOD = (
    "the recipe `vae_glyphs`, batches of 128 images of 28x28; PyTorch is the same network and loss "
    "in a plain loop over tensors in memory."
)
BARS = {"torch": (1.0, "PyTorch")}
WHY_MISSED = (
    "the step is five products of 128 rows with a 784x400 matrix, and little else. Each takes "
    "TensorFlow 0.5 ms and PyTorch 0.22 ms, so that 2.6 of the 4.1 ms stand against 1.1; all the "
    "rest is faster here, and a softplus of half the time brought nothing."
)
NUM_STEPS = 100


def splits():
    """Return the glyphs that are trained on, and the recipe."""
    from kerasrecipes.recipes import catalog

    recipe = catalog.get("vae_glyphs")
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
    code, (hidden,) = recipe.build.keywords["code"], recipe.build.keywords["hidden"]
    encoder = nn.Sequential(nn.Linear(784, hidden), nn.Tanh(), nn.Linear(hidden, 2 * code))
    decoder = nn.Sequential(nn.Linear(code, hidden), nn.Tanh(), nn.Linear(hidden, 784))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3)
    images = torch.from_numpy(data.train.inputs).reshape(-1, 784)

    def step(chosen):
        pixels = (images[chosen] >= 128).float()
        mean, log_variance = encoder(pixels).chunk(2, dim=1)
        drawn = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        logits = decoder(drawn)
        reconstruction = functional.binary_cross_entropy_with_logits(
            logits, pixels, reduction="sum"
        )
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        loss = (reconstruction + divergence) / len(pixels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    batches = torch.randperm(len(images)).reshape(-1, 1, recipe.batch_size)
    return torch_loop.seconds_per_step(step, batches)
