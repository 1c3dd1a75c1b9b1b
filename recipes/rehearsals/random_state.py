"""The random states of a process, kept while something else draws from them."""

import contextlib
import random

import numpy as np
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

# Where Keras keeps the seed of the process, and the generator of whoever names none.
_NAMES = ("global_random_seed", "global_seed_generator")


@contextlib.contextmanager
def kept():
    """Leave the random states of Python, NumPy, TensorFlow and Keras as they were.

    The body may draw and set seeds as it likes. What a layer or a data set draws from lies in the
    layer or the data set, and is not meant here.

    >>> random.seed(1)
    >>> with kept():
    ...     random.seed(2)
    >>> random.random() == random.Random(1).random()
    True
    """
    python, numpy = random.getstate(), np.random.get_state()
    tensorflow = context.context()
    # There is no generator before a first seed is set.
    seed, generator = tensorflow._seed, getattr(tensorflow, "_rng", None)
    drawn = None if generator is None else generator.getstate()
    keras = {name: global_state.get_global_attribute(name) for name in _NAMES}
    shared = keras["global_seed_generator"]
    place = None if shared is None else shared.state.value.numpy()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        tensorflow._seed = seed
        if generator is not None:
            tensorflow._rng = generator
            generator.setstate(drawn)
        for name, value in keras.items():
            global_state.set_global_attribute(name, value)
        if shared is not None:
            shared.state.assign(place)
