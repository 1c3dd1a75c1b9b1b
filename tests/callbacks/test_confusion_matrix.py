import keras
import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kerasrecipes.callbacks import ConfusionMatrix

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
Y = X[:, :3].argmax(axis=1)


def trained(callback, outputs=3, **arguments):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(outputs)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss)
    model.fit(X, Y, callbacks=[callback], verbose=0, **arguments)
    return model


@pytest.mark.parametrize("labels", [Y, np.eye(3)[Y]], ids=["numbers", "one-hot"])
def test_the_counts_are_those_of_another_library(labels):
    callback = ConfusionMatrix((X, labels), batch_size=7)
    model = trained(callback)
    predicted = model.predict(X, verbose=0).argmax(-1)
    np.testing.assert_array_equal(callback.counts, sklearn.metrics.confusion_matrix(Y, predicted))
    assert callback.counts.sum() == 60


def test_a_class_below_zero_is_not_counted():
    callback = ConfusionMatrix((X, np.where(np.arange(60) < 10, -1, Y)))
    trained(callback)
    assert callback.counts.sum() == 50


def test_a_picture_is_written_for_each_look():
    callback = ConfusionMatrix((X, Y), ("cat", "dog", "cow"), 2, "board")
    trained(callback, epochs=3)
    events = EventAccumulator("board", size_guidance={"tensors": 0})
    events.Reload()
    looks = events.Tensors("confusion_matrix")
    assert [event.step for event in looks] == [0, 2]
    image = tf.io.decode_png(tf.make_ndarray(looks[0].tensor_proto)[2])
    assert min(image.shape[:2]) > 200
    shown = [text.get_text() for text in callback.figure().axes[0].get_xticklabels()]
    assert shown == ["cat", "dog", "cow"]


def test_mistakes_are_said_in_a_sentence():
    with pytest.raises(ValueError, match="`examples` of ConfusionMatrix must be a pair"):
        ConfusionMatrix(X)
    with pytest.raises(ValueError, match="`every` of ConfusionMatrix must be a whole number"):
        ConfusionMatrix((X, Y), every=0)
    with pytest.raises(ValueError, match="must have looked once before it is drawn"):
        ConfusionMatrix((X, Y)).figure()
    with pytest.raises(ValueError, match=r"must name the 3 classes .* Received: 2 names"):
        trained(ConfusionMatrix((X, Y), ("a", "b")))
    with pytest.raises(ValueError, match=r"one class in \[0, 3\) for each of the 60 .* up to 5"):
        trained(ConfusionMatrix((X, Y + 3)))


def test_a_model_without_classes_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="a score for each of two classes or more"):
        model.fit(X, Y, callbacks=[ConfusionMatrix((X, Y))], verbose=0)
