"""What the tests of the data share: glyphs, and a network that is not there."""

import threading

import numpy as np
import pytest

from kerasrecipes.recipes import data


@pytest.fixture(scope="session")
def glyphs(data_dir):
    """The glyphs, prepared and loaded once."""
    return data.load("glyphs", data_dir=data_dir)


@pytest.fixture
def no_network(monkeypatch):
    """Every connection is refused at once."""
    from kerasrecipes.recipes.data import reach

    def refuse(address, timeout=None):
        raise ConnectionRefusedError(address)

    monkeypatch.setattr(reach.socket, "create_connection", refuse)


@pytest.fixture
def silent_hosts(monkeypatch):
    """Connections that are never answered, as where packets are dropped."""
    from kerasrecipes.recipes.data import reach

    over = threading.Event()

    def wait(address, timeout=None):
        # Longer than any timeout, as a name server may take.
        over.wait(30)
        raise TimeoutError(address)

    monkeypatch.setattr(reach.socket, "create_connection", wait)
    yield
    over.set()


@pytest.fixture
def together():
    """A function that joins the three splits again, as arrays."""

    def join(splits):
        parts = (splits.train, splits.validation, splits.test)
        inputs = np.concatenate([part.inputs for part in parts])
        return inputs, np.concatenate([part.targets for part in parts])

    return join
