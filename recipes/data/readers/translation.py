"""Public sets of translated sentences, read through TensorFlow Datasets."""

from __future__ import annotations

import dataclasses

import tensorflow_datasets as tfds

from .. import tokens
from ..names import licence_of
from ..source import Source

# The paper's 37,000 are for 90 times the text.
NUM_TOKENS = 8192
# Tokens of the longest sentence that is trained on. Attention grows with the square of it.
LONGEST = 128


def source(builder, name) -> Source:
    """Read a prepared set of `Translation` features, as subwords learnt from its training split.

    Args:
        builder: a prepared `tfds.core.DatasetBuilder`.
        name: str, what the user calls the set.

    Returns:
        `Source`; validation and test are carved where the set has none.
    """
    # Empty under `tfds.testing.mock_data`, which takes any name.
    known = builder.info.splits or ("train", "validation", "test")
    parts = {s: _pairs(builder, s) for s in ("train", "validation", "test") if s in known}
    found = tokens.in_subwords(parts, NUM_TOKENS, LONGEST)
    return dataclasses.replace(
        found,
        licence=licence_of(name) or builder.info.redistribution_info.license or "",
        location=builder.info.homepage or f"TensorFlow Datasets, {builder.info.full_name}",
    )


def _pairs(builder, split):
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    dataset = builder.as_dataset(split=split, as_supervised=True, read_config=config)
    return [
        tuple(text.decode("utf-8", "replace") for text in pair)
        for pair in dataset.as_numpy_iterator()
    ]
