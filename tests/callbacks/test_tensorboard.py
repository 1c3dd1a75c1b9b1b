import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kerasrecipes.callbacks import TensorBoard, observe


def image_model():
    """Build a functional model with a nested one, moving statistics, noise and a regulariser."""
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((6, 6, 2)), keras.layers.BatchNormalization(name="norm")], name="inner"
    )
    inputs = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(2, 3, kernel_regularizer="l2", name="conv")(inputs)
    x = keras.layers.Flatten()(keras.layers.Dropout(0.5)(inner(x)))
    model = keras.Model(inputs, keras.layers.Dense(3, name="head")(x))
    compile_classifier(model)
    return model


def compile_classifier(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss=loss, metrics=["accuracy"])


class Sampling(keras.layers.Layer):
    """Draws at inference too, adds a loss and keeps a count: everything that leaves traces."""

    def __init__(self):
        super().__init__(name="sampling")
        self.seeds = keras.random.SeedGenerator(1)

    def build(self, shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x):
        self.count.assign_add(1)
        self.add_loss(keras.ops.mean(x**2))
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seeds)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten = keras.layers.Flatten(name="flatten")
        self.sampling = Sampling()
        self.head = keras.layers.Dense(3, name="head")

    def call(self, x):
        return self.head(self.sampling(self.flatten(x)))


@pytest.fixture
def images():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(32, 8, 8, 1)).astype("float32")
    return x, generator.integers(0, 3, 32)


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def inside_the_model(events):
    """Return the tags without the model's name, which Keras numbers."""
    return {tag.partition("/")[2] for tag in events.Tags()["tensors"]}


def test_the_event_files_hold_everything(images):
    x, y = images
    red = np.zeros((4, 4, 3), "uint8")
    red[..., 0] = 255
    callback = TensorBoard(
        "board",
        sample=(x[:8], y[:8]),
        images=lambda model: {"array": red, "png": tf.io.encode_png(red).numpy()},
        histogram_freq=2,
    )
    image_model().fit(
        x, y, epochs=3, validation_split=0.25, batch_size=8, callbacks=[callback], verbose=0
    )
    events = read("board/train")
    tags = set(events.Tags()["tensors"])
    expected = {"epoch_loss", "epoch_accuracy", "epoch_learning_rate", "array", "png"}
    expected |= {f"conv/{kind}/histogram" for kind in ("kernel", "bias")}
    expected |= {f"conv/{kind}/gradient" for kind in ("kernel", "bias")}
    expected |= {"norm/gamma/gradient", "norm/activation", "conv/activation", "head/activation"}
    assert expected <= {tag.replace("inner/", "") for tag in tags}
    assert "epoch_loss" in read("board/validation").Tags()["tensors"]
    assert events.Tags()["graph"] and events.Graph().node
    assert [event.step for event in events.Tensors("conv/kernel/gradient")] == [0, 2]
    assert [event.step for event in events.Tensors("png")] == [0, 1, 2]
    image = tf.make_ndarray(events.Tensors("png")[0].tensor_proto)[2]
    np.testing.assert_array_equal(tf.io.decode_png(image).numpy(), red)


@pytest.mark.parametrize("make", [image_model, Subclassed])
def test_a_training_is_the_same_bit_for_bit_with_it(make, images):
    x, y = images

    def fit(callbacks):
        keras.utils.set_random_seed(5)
        model = make()
        compile_classifier(model)
        history = model.fit(x, y, epochs=2, batch_size=8, callbacks=callbacks, verbose=0)
        variables = [*model.variables, *model.optimizer.variables]
        # The statement needs states of random generators to be among them.
        assert any("seed" in variable.path for variable in variables)
        return history.history, [variable.numpy() for variable in variables]

    history, variables = fit([])
    watched_history, watched_variables = fit([TensorBoard("board", sample=(x[:8], y[:8]))])
    assert watched_history == history
    for watched, plain in zip(watched_variables, variables, strict=True):
        np.testing.assert_array_equal(watched, plain)


def test_the_graph_of_a_subclassed_model_comes_from_the_sample(images):
    x, y = images
    model = Subclassed()
    compile_classifier(model)
    model.fit(x, y, callbacks=[TensorBoard("board", sample=(x[:8], y[:8]))], verbose=0)
    events = read("board/train")
    assert any("head" in node.name for node in events.Graph().node)
    assert {"sampling/activation", "head/kernel/gradient"} <= inside_the_model(events)


def test_the_gradients_are_those_of_the_loss(make_model, data):
    model = make_model()
    x, y = data
    kernel, bias = observe.gradients(model, x, y).values()
    errors = model.predict(x, verbose=0) - y
    np.testing.assert_allclose(kernel, 2 * x.T @ errors / len(x), rtol=1e-4)
    np.testing.assert_allclose(bias, [2 * errors.mean()], rtol=1e-4)


def test_the_activations_are_the_outputs_of_the_layers_and_the_layers_are_as_before(images):
    x, _ = images
    model = image_model()
    before = [dict(vars(layer)) for layer in model._flatten_layers()]
    found = observe.activations(model, x)
    head = next(value for path, value in found.items() if path.endswith("head"))
    np.testing.assert_allclose(head, model.predict(x, verbose=0).ravel(), rtol=1e-4, atol=1e-5)
    for layer, attributes in zip(model._flatten_layers(), before, strict=True):
        assert ("call" in vars(layer)) == ("call" in attributes)


def test_recurrent_and_shared_layers_and_several_inputs():
    shared = keras.layers.Dense(2, name="shared")
    first, second = keras.Input((5, 3), name="first"), keras.Input((5, 3), name="second")
    both = keras.layers.Add()([shared(first), shared(second)])
    output = keras.layers.GRU(4, name="recurrent")(both)
    model = keras.Model({"first": first, "second": second}, output)
    x = {name: np.ones((2, 5, 3), "float32") for name in ("first", "second")}
    found = observe.activations(model, x)
    assert found["shared"].shape == (2 * 2 * 5 * 2,)
    assert found["recurrent"].shape == (2 * 4,)
    assert observe.graph(model) is not None


def test_a_model_with_a_training_step_of_its_own_goes_without_gradients(images):
    class Own(keras.Sequential):
        def train_step(self, batch):
            return {"loss": tf.constant(1.0)}

        def compute_loss(self, *args, **keywords):
            raise NotImplementedError("two networks")

    x, y = images
    model = Own([keras.Input((8, 8, 1)), keras.layers.Flatten(name="flatten")])
    model.compile("sgd")
    with pytest.warns(UserWarning, match="No histograms of gradients.*two networks") as caught:
        model.fit(x, y, epochs=2, callbacks=[TensorBoard(sample=(x, y))], verbose=0)
    assert sum("gradients" in str(warning.message) for warning in caught) == 1
    assert "flatten/activation" in inside_the_model(read("logs/train"))


def test_a_second_fit_writes_on(make_model, data):
    callback, model = TensorBoard("board", update_freq=1), make_model()
    model.fit(*data, epochs=1, callbacks=[callback], verbose=0)
    assert callback.get_state()["_global_train_batch"] == 2
    model.fit(*data, initial_epoch=1, epochs=2, callbacks=[callback], verbose=0)
    assert {event.step for event in read("board/train").Tensors("epoch_loss")} == {0, 1}


@pytest.mark.parametrize("arguments", [{"sample": np.zeros(3)}, {"images_freq": 0}])
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` of TensorBoard must be"):
        TensorBoard(**arguments)
