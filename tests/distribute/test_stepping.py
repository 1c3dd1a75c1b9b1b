import keras
import numpy as np

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit


class ShowsOne(keras.Model):
    """A model that measures more than its steps show: a loss is kept for each compiled model."""

    def __init__(self):
        super().__init__()
        self.tracker = keras.metrics.Mean(name="size")
        self.built = True

    def test_step(self, data):
        inputs, _ = data
        self.tracker.update_state(keras.ops.mean(inputs), sample_weight=keras.ops.shape(inputs)[0])
        return {"size": self.tracker.result()}


def measured(place, inputs):
    with place.scope():
        model = ShowsOne()
        model.compile()
    assert len(model.metrics) > 1
    distribute.adapt(model, [])
    split = IndexedSplit(inputs=inputs, targets=np.zeros(len(inputs), "int64"))
    held_out, num_steps = distribute.evaluation_data(place, split, 4, lambda *batch: batch)
    with distribute.passes_of(model, num_steps):
        return model.evaluate(held_out, steps=num_steps, verbose=0, return_dict=True)


def test_a_figure_is_that_of_all_rows_where_a_step_shows_fewer_than_there_are():
    inputs = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [90.0]], "float32")
    for name in ("none", "mirrored"):
        found = measured(distribute.strategy(name), inputs)
        assert abs(found["size"] - inputs.mean()) < 1e-4, name
