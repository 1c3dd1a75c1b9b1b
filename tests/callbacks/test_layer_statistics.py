"""ActivationStatistics and GradientStatistics against arithmetic on the layers' own values."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kerasrecipes.callbacks import ActivationStatistics, GradientStatistics, measure, observe
from kerasrecipes.callbacks.layer_statistics import NUM_DRAWN
from kerasrecipes.callbacks.pictures import png


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "relu", name="rectified"),
            keras.layers.Dense(5, "tanh", name="squashed", kernel_initializer="he_normal"),
            keras.layers.Dense(5, name="linear"),
            keras.layers.Activation("sigmoid", name="sigmoid"),
            keras.layers.Dense(1, name="output"),
        ],
        name="net",
    )
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model


def by_name(found):
    return {path.rpartition("/")[2]: figures for path, (_, figures) in found.items()}


def test_activations_are_measured_as_arithmetic_has_them(model, data):
    x = data[0] * 3
    found = by_name(measure.of_activations(model, x))
    kernel, bias = model.get_layer("rectified").get_weights()
    hidden = np.maximum(x @ kernel + bias, 0).astype("float64")
    figures = found["rectified"]
    assert figures["mean"] == pytest.approx(hidden.mean(), rel=1e-5)
    assert figures["deviation"] == pytest.approx(hidden.std(), rel=1e-5)
    assert figures["example_deviation"] == pytest.approx(hidden.var(axis=0).mean() ** 0.5, rel=1e-4)
    assert figures["zeros"] == pytest.approx((hidden == 0).mean())
    assert figures["dead"] == (hidden == 0).all(axis=0).mean()
    assert np.isnan(figures["saturated"])
    kernel, bias = model.get_layer("squashed").get_weights()
    squashed = np.tanh(hidden @ kernel + bias)
    assert found["squashed"]["saturated"] == pytest.approx((abs(squashed) > 0.9).mean())
    assert found["squashed"]["saturated"] > 0
    kernel, bias = model.get_layer("linear").get_weights()
    ends = 1 / (1 + np.exp(-(squashed @ kernel + bias)))
    saturated = ((ends < 0.05) | (ends > 0.95)).mean()
    assert found["sigmoid"]["saturated"] == pytest.approx(saturated)
    assert np.isnan(found["linear"]["saturated"]) and np.isnan(found["linear"]["dead"])


def test_dead_units_are_those_silent_at_every_position():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.ReLU(name="relu"),
            keras.layers.LeakyReLU(name="leaky"),
        ]
    )
    model.get_layer("conv").set_weights([np.zeros((3, 3, 1, 4)), np.array([-1.0, 1.0, -1.0, -1.0])])
    found = by_name(measure.of_activations(model, np.ones((2, 5, 5, 1), "float32")))
    assert found["relu"]["dead"] == found["relu"]["zeros"] == 0.75
    assert np.isnan(found["leaky"]["dead"]) and np.isnan(found["conv"]["dead"])


def test_gradients_are_measured_over_all_variables_of_a_layer(model, data):
    found = by_name(measure.of_gradients(model, *data))
    assert list(found) == ["rectified", "squashed", "linear", "output"]
    gradients = observe.gradients(model, *data)
    values = np.concatenate([np.ravel(v) for k, v in gradients.items() if "squashed" in k])
    assert len(values) == 6 * 5 + 5
    figures = found["squashed"]
    assert figures["mean"] == pytest.approx(values.mean(), rel=1e-4)
    assert figures["deviation"] == pytest.approx(values.std(), rel=1e-4)
    assert figures["root_mean_square"] == pytest.approx(np.sqrt((values**2).mean()), rel=1e-4)


@pytest.mark.parametrize("kind", [ActivationStatistics, GradientStatistics])
def test_arrays_pictures_and_events_hold_the_looks(kind, model, data):
    sample = data if kind is GradientStatistics else data[0]
    callback = kind(sample, 2, "board")
    with pytest.raises(ValueError, match="must have looked once before it is drawn"):
        callback.figure()
    model.fit(*data, epochs=4, callbacks=[callback], verbose=0)
    assert callback.epochs.tolist() == [0, 2]
    for values in callback.statistics.values():
        assert values.shape == (2, len(callback.layers))
    last = callback.last("deviation")
    assert list(last) == callback.layers.tolist()
    assert last[callback.layers[0]] == callback.statistics["deviation"][1, 0]
    figure = callback.figure()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:1] == ["Mean" if kind is ActivationStatistics else "Root mean square"]
    assert len(titles) == len(callback.names)
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [1, 3])
    assert png(figure).startswith(b"\x89PNG")
    events = EventAccumulator("board", size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    tag = callback.tag
    layer = next(path for path in callback.layers if "squashed" in path)
    assert {f"{layer}/{tag}", f"{layer}/{tag}_mean"} <= set(tags)
    assert [event.step for event in events.Tensors(f"{layer}/{tag}_mean")] == [0, 2]
    assert not any("linear" in each and "saturated" in each for each in tags)


def test_a_histogram_is_drawn_of_a_part_of_many_values():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((40_000,)), keras.layers.ReLU(name="relu")])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(4, 40_000)).astype("float32")
    callback = ActivationStatistics(x, log_dir="board")
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_end(0)
    assert callback.last("zeros")[callback.layers[0]] == pytest.approx((x <= 0).mean())
    events = EventAccumulator("board", size_guidance={"tensors": 0})
    events.Reload()
    buckets = tf.make_ndarray(events.Tensors(f"{callback.layers[0]}/activation")[0].tensor_proto)
    assert buckets[:, 2].sum() == NUM_DRAWN
    share = (np.maximum(x, 0) < buckets[0, 1]).mean()
    assert buckets[0, 2] == pytest.approx(NUM_DRAWN * share, rel=0.05)


def test_many_layers_are_drawn(data):
    hidden = [keras.layers.Dense(2, "tanh", name=f"h{n}") for n in range(20)]
    model = keras.Sequential([keras.Input((4,)), *hidden])
    model.compile("sgd", "mse")
    callback = ActivationStatistics(data[0])
    model.fit(data[0], data[0][:, :2], callbacks=[callback], verbose=0)
    figure = callback.figure()
    assert len(figure.axes[0].lines) == 20
    assert len(figure.legends[0].texts) == 14


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ActivationStatistics(np.zeros(3), 0), "`every` of ActivationStatistics must be a"),
        (lambda: GradientStatistics(np.zeros(3)), r"`sample` of GradientStatistics must be a pair"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
