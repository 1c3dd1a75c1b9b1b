import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kerasrecipes.callbacks import Samples

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype="uint8")


def written(make_model, data, images, **arguments):
    callback = Samples(images, "board", **arguments)
    make_model().fit(*data, epochs=3, callbacks=[callback], verbose=0)
    events = EventAccumulator("board", size_guidance={"tensors": 0})
    events.Reload()
    return {
        tag: {
            event.step: [
                tf.io.decode_png(png).numpy() for png in tf.make_ndarray(event.tensor_proto)[2:]
            ]
            for event in events.Tensors(tag)
        }
        for tag in events.Tags()["tensors"]
    }


def test_every_kind_of_image_is_written(make_model, data):
    kinds = {
        "several": IMAGES,
        "one": IMAGES[0],
        "unit": IMAGES / np.float32(255),
        "png": tf.io.encode_png(IMAGES[1]).numpy(),
        "figure": Figure(figsize=(2, 1)),
    }
    found = written(make_model, data, lambda model: kinds, every=2)
    assert sorted(found) == sorted(kinds)
    assert all(list(looks) == [0, 2] for looks in found.values())
    np.testing.assert_array_equal(found["several"][0], IMAGES)
    np.testing.assert_array_equal(found["one"][2], IMAGES[:1])
    np.testing.assert_array_equal(found["unit"][0], IMAGES)
    np.testing.assert_array_equal(found["png"][0], IMAGES[1:2])


def test_the_function_is_given_the_model_as_it_is(make_model, data):
    def bias(model):
        return np.full((2, 2, 1), np.clip(model.get_weights()[1], 0, 1))

    found = written(make_model, data, bias, name="bias", every=1)
    shades = [int(images[0].ravel()[0]) for images in found["bias"].values()]
    assert len(set(shades)) == 3


def test_what_is_no_image_is_refused(make_model, data):
    with pytest.raises(ValueError, match=r"`images` of Samples must be a function of the model. R"):
        Samples(IMAGES)
    with pytest.raises(ValueError, match=r"Image 'samples' must be a figure, .* shape \(4, 5\)"):
        written(make_model, data, lambda model: IMAGES[0, ..., 0])
