"""What a callback needs in order to be saved with a run, taken up again, and copied.

A callback with something to remember between epochs has two methods:

    get_state() -> dict        the values to save, after any `on_epoch_end`
    set_state(state)           puts them back

The values are Python scalars, None, str, NumPy arrays, or lists of NumPy arrays. Whoever resumes a
fit calls `set_state` after `on_train_begin`, because `on_train_begin` resets the callback; and
whoever saves comes after the callback in the list of callbacks, so that the epoch is counted.
"""

import copy

import numpy as np


class Resumable:
    """Gives a Keras callback `get_state`, `set_state` and a `copy.deepcopy` that always works.

    Stands before the Keras class among the bases.

    Attributes:
        state_names: tuple of str, the attributes that make up the state. Defaults to none.
        transient_names: tuple of str, the attributes that belong to one fit and that a copy
            starts without; they become None. Defaults to the model.
        shared_names: tuple of str, the attributes that a copy takes as they are: data, streams and
            whatever else is only looked at. Defaults to none.
    """

    state_names: tuple[str, ...] = ()
    transient_names: tuple[str, ...] = ("_model",)
    shared_names: tuple[str, ...] = ()

    def get_state(self):
        """Return the state as a dict; later epochs do not change it."""
        return {name: _plain(getattr(self, name)) for name in self.state_names}

    def set_state(self, state):
        """Put a state back.

        Args:
            state: dict, as `get_state` of the same class gave it.

        Raises:
            ValueError: the names are not those that this class saves.
        """
        if set(state) != set(self.state_names):
            raise ValueError(
                f"`state` of {type(self).__name__} must hold {sorted(self.state_names)}. "
                f"Received: {sorted(state)}."
            )
        for name, value in state.items():
            setattr(self, name, _plain(value))

    def __deepcopy__(self, memo):
        # A model holds traced functions that cannot be copied, and a copy is made for another fit.
        duplicate = copy.copy(self)
        memo[id(self)] = duplicate
        for name, value in vars(self).items():
            if name in self.transient_names:
                value = None
            elif name not in self.shared_names:
                value = copy.deepcopy(value, memo)
            setattr(duplicate, name, value)
        return duplicate


def _plain(value):
    if isinstance(value, (list, tuple)):
        return [np.array(each) for each in value]
    if isinstance(value, np.ndarray) and value.ndim:
        return value.copy()
    if hasattr(value, "numpy"):
        value = value.numpy()
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value
