"""The character networks: counts of parameters, PyTorch's cells, and bad arguments."""

import keras
import numpy as np
import pytest

from kerasrecipes.recipes.errors import RecipeError
from kerasrecipes.recipes.sequence import char_rnn

CELLS = {"lstm": 4, "gru": 3, "simple": 1}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_parameters_are_those_of_the_table(cell, layers):
    vocabulary_size, units, embedding = 11, 6, 4
    model = char_rnn.build(
        vocabulary_size, cell=cell, units=units, layers=layers, embedding=embedding
    )
    # Keras's GRU, as cuDNN's, has a bias on each side of the reset gate.
    biases = 2 if cell == "gru" else 1
    expected = vocabulary_size * embedding + units * vocabulary_size + vocabulary_size
    for below in (embedding, units)[:layers]:
        expected += CELLS[cell] * (below * units + units * units + biases * units)
    assert model.count_params() == expected


def test_the_gru_of_66_characters_has_the_reference_count():
    assert char_rnn.build(66, cell="gru", units=1024, embedding=256).count_params() == 4_022_850


@pytest.mark.parametrize("cell", CELLS)
def test_a_character_decides_nothing_before_it(cell):
    model = char_rnn.build(11, cell=cell, units=6, layers=2, embedding=4)
    ids = np.random.default_rng(0).integers(0, 11, (2, 9))
    changed = ids.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model(ids).numpy(), model(changed).numpy()
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert np.abs(before[:, 5:] - after[:, 5:]).max() > 1e-4


def torch_layer(torch, cell, below, units, kernel, recurrent, bias):
    """Return PyTorch's layer with Keras's weights."""
    if cell == "lstm":
        made, order = torch.nn.LSTM(below, units, batch_first=True), [0, 1, 2, 3]  # i, f, g, o
    elif cell == "gru":
        made, order = torch.nn.GRU(below, units, batch_first=True), [1, 0, 2]  # r, z, n
    else:
        made, order = torch.nn.RNN(below, units, batch_first=True), [0]

    def rows(array):
        blocks = np.split(array, len(order), axis=-1)
        return torch.tensor(np.concatenate([blocks[i] for i in order], axis=-1).T.copy())

    bias_in, bias_out = bias if cell == "gru" else (bias, np.zeros_like(bias))
    with torch.no_grad():
        made.weight_ih_l0.copy_(rows(kernel))
        made.weight_hh_l0.copy_(rows(recurrent))
        made.bias_ih_l0.copy_(rows(bias_in))
        made.bias_hh_l0.copy_(rows(bias_out))
    return made


@pytest.mark.parametrize("cell", CELLS)
def test_it_agrees_with_pytorch_given_the_same_weights(cell):
    torch = pytest.importorskip("torch")
    keras.utils.set_random_seed(0)
    model = char_rnn.build(11, cell=cell, units=32, layers=2, embedding=8)
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(0, 0.3, w.shape).astype("float32") for w in model.weights])
    ids = generator.integers(0, 11, (3, 40))
    with torch.no_grad():
        hidden = torch.tensor(model.get_layer("embedding").get_weights()[0])[torch.tensor(ids)]
        for number in (1, 2):
            weights = model.get_layer(f"{cell}{number}").get_weights()
            hidden, _ = torch_layer(torch, cell, hidden.shape[-1], 32, *weights)(hidden)
        kernel, bias = map(torch.tensor, model.get_layer("logits").get_weights())
        expected = (hidden @ kernel + bias).numpy()
    np.testing.assert_allclose(model(ids).numpy(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "elman"}, "`cell` of char_rnn.build must be 'lstm', 'gru' or 'simple'"),
        ({"units": 0}, "`units` of char_rnn.build must be at least 1. Received: units=0"),
        ({"layers": 0}, "`layers` of char_rnn.build must be at least 1"),
        ({"embedding": 0}, "`embedding` of char_rnn.build must be at least 1"),
        ({"dropout": 1.0}, "`dropout` of char_rnn.build must be in"),
        ({"vocabulary_size": 1}, "`vocabulary_size` of char_rnn.build must be at least 2"),
    ],
)
def test_bad_arguments_are_told_in_one_sentence(arguments, words):
    with pytest.raises(RecipeError, match=words):
        char_rnn.build(**{"vocabulary_size": 11, **arguments})
