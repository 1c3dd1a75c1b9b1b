"""A training step of the recipe `lstm_pydoc`, beside PyTorch."""

from . import clock, torch_loop

TITLE = "LSTM, a training step"
METHOD = (
    "the recipe `lstm_pydoc`, batches of its own size, with the memory carried; PyTorch is "
    "`nn.LSTM` of the same sizes in a plain loop, gradients clipped, the memory carried."
)
BARS = {"torch": (1.0, "PyTorch")}
WHY_MISSED = (
    "half of the step are 128 products, forth and back, of 32 rows with the recurrent matrix, "
    "256x1024, one after the other. One of them takes TensorFlow 0.2 ms and PyTorch 0.06 ms, while "
    "for 2,048 rows both take 4 ms. One product for the gradients of all steps saved 15 %, and "
    "TensorFlow's BlockLSTM kernel and XLA took 1.8 and 3.5 times as long; none is used."
)
NUM_STEPS = 20


def ours():
    """Return the seconds of a step of ours."""
    from kerasrecipes.recipes import catalog, data

    return clock.our_step(catalog.get("lstm_pydoc"), data.load("pydoc_text"), NUM_STEPS)


def torch():
    """Return the seconds of a step of PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    from kerasrecipes.recipes import catalog, data
    from kerasrecipes.recipes.data.pipeline import training_batches

    recipe, splits = catalog.get("lstm_pydoc"), data.load("pydoc_text")
    layers = {layer.name: layer for layer in recipe.task.core(recipe, splits).layers}
    vocabulary, embedding = layers["embedding"].input_dim, layers["embedding"].output_dim
    units, *others = [layer.units for layer in layers.values() if hasattr(layer, "cell")]
    num_layers = 1 + len(others)
    table = nn.Embedding(vocabulary, embedding)
    lstm = nn.LSTM(embedding, units, num_layers, dropout=0.2 if num_layers > 1 else 0.0)
    dropout, logits = nn.Dropout(0.2), nn.Linear(units, vocabulary)
    parameters = [*table.parameters(), *lstm.parameters(), *logits.parameters()]
    optimizer = torch.optim.Adam(parameters, 4e-3)
    inputs, _ = training_batches(splits.train, recipe.batch_size, seed=0).element_spec
    ids = torch.randint(0, vocabulary, (NUM_STEPS, inputs.shape[1], recipe.batch_size))
    memory = None

    def step(batch):
        nonlocal memory
        hidden, memory = lstm(table(batch), memory)
        memory = tuple(state.detach() for state in memory)
        scores = logits(dropout(hidden))
        loss = functional.cross_entropy(scores.reshape(-1, vocabulary), batch.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        loss.item()

    return torch_loop.seconds_per_step(step, [(batch,) for batch in ids])
