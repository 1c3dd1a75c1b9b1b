import keras
from keras import layers

from kerasrecipes.recipes.architecture import layer_table, num_parameters


def chain(name):
    return keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, name="hidden"), layers.Dense(2, name="out")], name=name
    )


def test_a_chain_has_a_row_a_layer():
    assert layer_table(chain("chain")) == [
        ("hidden", "Dense", "4", "16"),
        ("out", "Dense", "2", "10"),
    ]


def test_a_model_of_several_networks_shows_the_layers_of_each():
    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = chain("first"), chain("second")

    pair = Pair()
    assert [row[0] for row in layer_table(pair)] == [
        "first", "- hidden", "- out", "second", "- hidden", "- out",
    ]  # fmt: skip
    assert layer_table(pair)[0] == ("first", "Sequential", "2", "26")
    assert num_parameters(pair) == {"trainable": 52, "total": 52}
