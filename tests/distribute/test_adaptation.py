import re
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.distribute.evaluation_steps import EvaluationSteps

PAGE = Path(__file__).parent.parent.parent / "docs" / "distributed.md"


def make(place, **settings):
    keras.utils.set_random_seed(0)
    with place.scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"], **settings)
    return distribute.adapt(model)


def test_with_one_device_nothing_is_set():
    model = make(distribute.strategy("none"))
    assert model.test_function is None
    assert "_maybe_symbolic_build" not in vars(model) and "predict" not in vars(model)


@pytest.mark.parametrize("steps_per_execution", [1, 2, 7])
def test_evaluate_takes_any_data_in_any_number_of_steps_a_call(steps_per_execution):
    """Data that end, of which nobody has said how many steps they are."""
    inputs = np.random.default_rng(0).normal(size=(29, 4)).astype("float32")
    targets = inputs.sum(axis=1, keepdims=True)
    one = make(distribute.strategy("none"))
    expected = one.evaluate(inputs, targets, batch_size=8, verbose=0)
    model = make(distribute.strategy("mirrored"), steps_per_execution=steps_per_execution)
    assert isinstance(model.test_function, EvaluationSteps)
    found = model.evaluate(inputs, targets, batch_size=8, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), one.predict(inputs, verbose=0))


def test_a_model_that_was_adapted_is_saved_as_any_other(tmp_path):
    model = make(distribute.strategy("mirrored"))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    assert type(loaded) is keras.Sequential


def test_the_example_of_the_page_gives_what_one_device_gives():
    # The other one is of another backend, and is run in `tests/backends`.
    example, _ = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    found = []
    for name in ("mirrored", "none"):
        keras.utils.set_random_seed(0)
        names = {}
        exec(example.replace('"mirrored"', f'"{name}"'), names)
        found.append(names["history"].history["loss"])
    assert len(found[0]) == 2
    np.testing.assert_allclose(*found, rtol=1e-5)
