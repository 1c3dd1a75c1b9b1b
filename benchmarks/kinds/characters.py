"""Writing a text with the network of `lstm_pydoc`, beside a loop over `predict` and PyTorch."""

from . import clock

TITLE = "Characters, one written"
METHOD = (
    "the network of `lstm_pydoc` with its first weights writes 2,000 characters, one by one, "
    "in one compiled loop; plain Keras calls `model.predict` on the last 64 for each of 20, "
    "PyTorch a loop over `LSTMCell` with the memory carried for 1,000."
)
BARS = {"keras": (200.0, "a loop over `model.predict`"), "torch": (1.2, "a loop over `LSTMCell`")}


def network():
    """Return the network and the model that carries its memory."""
    from kerasrecipes.recipes import catalog, data

    recipe = catalog.get("lstm_pydoc")
    return recipe.task.assemble(recipe, data.load("pydoc_text"))


def ours():
    """Return the seconds of a character of ours."""
    from kerasrecipes.recipes.models.sampling import Sampler

    sampler = Sampler(network())
    return clock.repeated(lambda: sampler.sample([5, 6, 7], 2_000)) / 2_000


def keras():
    """Return the seconds of a character of a loop over `predict`."""
    import numpy as np

    model = network().network
    generator = np.random.default_rng(0)

    def write():
        ids = list(generator.integers(1, 60, 64))
        for _ in range(20):
            logits = model.predict(np.array([ids[-64:]]), verbose=0)[0, -1]
            ids.append(int(np.argmax(logits + generator.gumbel(size=len(logits)))))

    return clock.repeated(write, 3) / 20


def torch():
    """Return the seconds of a character of PyTorch."""
    import torch
    from torch import nn

    layers = {layer.name: layer for layer in network().network.layers}
    vocabulary, embedding = layers["embedding"].input_dim, layers["embedding"].output_dim
    units = [layer.units for layer in layers.values() if hasattr(layer, "cell")]
    table, logits = nn.Embedding(vocabulary, embedding), nn.Linear(units[-1], vocabulary)
    cells = [nn.LSTMCell(size, out) for size, out in zip([embedding, *units], units, strict=False)]

    @torch.inference_mode()
    def write():
        number = torch.tensor([5])
        memory = [(torch.zeros(1, size), torch.zeros(1, size)) for size in units]
        for _ in range(1_000):
            hidden = table(number)
            for place, cell in enumerate(cells):
                memory[place] = cell(hidden, memory[place])
                hidden = memory[place][0]
            number = torch.multinomial(torch.softmax(logits(hidden), dim=-1), 1)[0]

    return clock.repeated(write) / 1_000
