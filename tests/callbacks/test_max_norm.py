import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import MaxNorm
from kerasrecipes.recipes import distribute


def build(**settings):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 2))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = keras.layers.Conv2DTranspose(6, 2, name="transposed")(x)
    x = keras.layers.Reshape((25, 6))(x)
    x = keras.layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(3, name="dense", **settings)(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    return model


GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(16, 8, 8, 2)).astype("float32")
Y = GENERATOR.normal(size=(16, 3)).astype("float32")
# Of each layer the axes of its kernel that lead into one unit.
INCOMING = {
    "conv": (0, 1, 2),
    "depthwise": (0, 1),
    "transposed": (0, 1, 3),
    "query": (0,),
    "attention_output": (0, 1),
    "dense": (0,),
}


def norms(model):
    kernels = {v.path.split("/")[-2]: v.numpy() for v in model.variables if v.name == "kernel"}
    return {name: np.sqrt((kernels[name] ** 2).sum(axis=axes)) for name, axes in INCOMING.items()}


def test_the_weights_into_every_unit_are_bounded():
    free, bound = build(), build()
    free.fit(X, Y, epochs=3, verbose=0)
    bound.fit(X, Y, epochs=3, callbacks=[MaxNorm(0.5)], verbose=0)
    assert set(norms(bound)) == set(INCOMING)
    for name, found in norms(bound).items():
        assert found.max() <= 0.5 + 1e-5, name
    assert norms(free)["dense"].max() > 0.5
    # It is a bound and not a scale.
    assert norms(bound)["dense"].min() < 0.5 or norms(bound)["query"].min() < 0.5


def test_a_step_that_was_traced_before_is_bounded_too():
    model = build()
    model.fit(X, Y, verbose=0)
    assert norms(model)["dense"].max() > 0.5
    model.fit(X, Y, callbacks=[MaxNorm(0.5)], verbose=0)
    assert norms(model)["dense"].max() <= 0.5 + 1e-5


def test_a_constraint_of_the_layers_own_stays():
    model = build(kernel_constraint=keras.constraints.MaxNorm(0.1))
    model.fit(X, Y, callbacks=[MaxNorm(0.5)], verbose=0)
    assert norms(model)["dense"].max() <= 0.1 + 1e-5


def test_a_saved_model_keeps_it(tmp_path):
    model = build()
    model.fit(X, Y, callbacks=[MaxNorm(0.5)], verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    constraint = again.get_layer("conv").kernel_constraint
    assert (constraint.max_value, list(constraint.axis)) == (0.5, [0, 1, 2])


def test_two_replicas_are_bounded_as_one():
    def end(place):
        with distribute.strategy(place).scope():
            model = build()
        model.fit(X, Y, batch_size=8, callbacks=[MaxNorm(0.5)], verbose=0, shuffle=False)
        return model.get_weights()

    for one, two in zip(end("none"), end("mirrored"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_mistakes_are_said_in_a_sentence():
    for wrong in (0, -1.0, float("nan"), True, "3"):
        with pytest.raises(ValueError, match="`max_value` of MaxNorm must be a number above 0"):
            MaxNorm(wrong)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(2.0)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must have a layer with a kernel"):
        model.fit(X[:, 0, 0], X[:, 0, 0], callbacks=[MaxNorm()], verbose=0)
