"""What the tests of the data share: glyphs, sets of tfds, and a network that is not there."""

import threading

import numpy as np
import pytest
import tensorflow_datasets as tfds

from kerasrecipes.recipes import data


class Photos(tfds.core.GeneratorBasedBuilder):
    """Images of varying size, a validation split, and no test split."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3)),
                    "label": tfds.features.ClassLabel(names=["dark", "light"]),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(40), "validation": self._generate_examples(8)}

    def _generate_examples(self, num_examples):
        for index in range(num_examples):
            grey = 100 + 100 * (index % 2)
            image = np.full((20 + index, 30, 3), grey, np.uint8)
            yield index, {"image": image, "label": index % 2}


class Broken(Photos):
    """Fails halfway."""

    def _generate_examples(self, num_examples):
        yield from list(super()._generate_examples(num_examples))[:3]
        raise OSError("the disk is full")


class Captions(Photos):
    """No pairs that a recipe could take."""

    def _info(self):
        features = {"image": tfds.features.Image(), "caption": tfds.features.Text()}
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "caption"),
        )

    def _generate_examples(self, num_examples):
        yield 0, {"image": np.zeros((2, 2, 3), np.uint8), "caption": "black"}


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
