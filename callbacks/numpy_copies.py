"""One warning of NumPy that Keras's own callbacks raise and that nobody here can mend."""

import contextlib
import warnings


@contextlib.contextmanager
def without_copy_warning():
    """Silence NumPy's word on `__array__` without `copy`, and nothing else.

    Keras 3.15 reads the learning rate through `np.array(variable, copy=False)`, and the variables
    of its TensorFlow backend do not take `copy` yet. The value is right.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
        )
        yield
