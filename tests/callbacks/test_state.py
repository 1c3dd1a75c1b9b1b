import copy

import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import (
    AverageLastEpochs,
    EarlyStopping,
    Progress,
    ReduceLearningRateOnPlateau,
    Resumable,
    TensorBoard,
    Timing,
)

EVERY = [
    lambda: AverageLastEpochs(1),
    lambda: EarlyStopping("loss", restore_best_weights=True),
    lambda: ReduceLearningRateOnPlateau("loss"),
    Timing,
    Progress,
    lambda: TensorBoard("board"),
]


@pytest.mark.parametrize("make", EVERY)
def test_a_copy_can_be_made_before_and_after_a_fit_and_fits(make, make_model, data):
    callback = make()
    for _ in range(2):
        model = make_model()
        model.fit(*data, epochs=2, callbacks=[callback], verbose=0)
        callback = copy.deepcopy(callback)
        assert callback.model is None


@pytest.mark.parametrize("make", EVERY)
def test_the_state_is_plain_and_goes_into_a_fresh_callback(make, make_model, data):
    callback, fresh = make(), make()
    make_model().fit(*data, epochs=2, callbacks=[callback], verbose=0)
    state = callback.get_state()
    for value in state.values():
        assert value is None or isinstance(value, (bool, int, float, str, np.ndarray, list))
        if isinstance(value, list):
            assert all(isinstance(each, np.ndarray) for each in value)
    fresh.set_state(state)
    assert str(fresh.get_state()) == str(state)


def test_a_state_of_another_class_is_refused():
    with pytest.raises(ValueError, match=r"`state` of EarlyStopping must hold .*Received: \['wai"):
        EarlyStopping().set_state({"wait": 1})


def test_a_saved_state_does_not_change_afterwards():
    class Keeps(Resumable, keras.callbacks.Callback):
        state_names = ("held",)

    callback = Keeps()
    callback.held = [np.zeros(2)]
    state = callback.get_state()
    callback.held[0] += 1
    assert state["held"][0].tolist() == [0, 0]
