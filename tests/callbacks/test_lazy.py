import subprocess
import sys

import pytest

from kerasrecipes import callbacks


def test_importing_loads_neither_tensorflow_nor_keras():
    code = (
        "import sys; from kerasrecipes import callbacks; "
        "assert 'Timing' in dir(callbacks); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_there():
    for name in callbacks.__all__:
        assert getattr(callbacks, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Timings'"):
        _ = callbacks.Timings
