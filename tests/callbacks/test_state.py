import copy

import keras
import numpy as np
import pytest

from kerasrecipes.callbacks import EarlyStopping, Resumable


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


def test_a_copy_shares_what_is_only_looked_at():
    class Looks(Resumable, keras.callbacks.Callback):
        shared_names = ("data",)

    callback = Looks()
    callback.data, callback.own = np.zeros(2), np.zeros(2)
    duplicate = copy.deepcopy(callback)
    assert duplicate.data is callback.data
    assert duplicate.own is not callback.own
