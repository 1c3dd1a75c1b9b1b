"""The examples of a prepared tfds set as pairs of an input and a target: in memory or streamed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...errors import RecipeError
from .. import carve, images
from ..indexed import IndexedSplit
from ..sharded import ShardedSplit
from ..streamed import StreamedSplit
from . import records

_NUM_AT_ONCE = 256


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pairs:
    """What a set's features mean to a model.

    Attributes:
        input_shape: tuple of int, one input without the batch.
        input_dtype: "uint8" or "float32".
        class_names: tuple of str, or None for real-valued targets.
        feature_names: tuple of str for tabular data, else None.
        convert: TensorFlow function from an example of tfds to `(input, target)`.
        supervised: bool, whether `convert` takes the pair that tfds calls supervised, or a dict of
            all features. Defaults to True.
        notes: tuple of str.
    """

    input_shape: tuple[int, ...]
    input_dtype: str
    class_names: tuple[str, ...] | None
    feature_names: tuple[str, ...] | None
    convert: Callable
    supervised: bool = True
    notes: tuple[str, ...] = ()


def describe(builder, name, size=None) -> Pairs:
    """Work out a set's inputs and targets from its features.

    Args:
        builder: a `tfds.core.DatasetBuilder`.
        name: str, what the user calls the set.
        size: (height, width) to resize images to, or None.

    Raises:
        RecipeError: the set has no pairs, or inputs or targets of a kind that no recipe takes.
    """
    keys = builder.info.supervised_keys
    if keys is None or len(keys) != 2 or not isinstance(keys[1], str):
        raise RecipeError(
            f"Data set {name!r} must have pairs of an input and a target. Received: a set whose "
            f"supervised keys are {keys}. Choose another set."
        )
    features = builder.info.features
    source = features[keys[0]] if isinstance(keys[0], str) else {k: features[k] for k in keys[0]}
    shape, dtype, feature_names, convert_input, notes = _inputs(source, name, size)
    class_names, convert_target = _targets(features[keys[1]], name)
    stored = builder.info.metadata
    if feature_names is None and len(shape) == 1 and stored and "feature_names" in stored:
        feature_names = tuple(stored["feature_names"])
    return Pairs(
        input_shape=shape,
        input_dtype=dtype,
        class_names=class_names,
        feature_names=feature_names,
        convert=lambda x, y: (convert_input(x), convert_target(y)),
        notes=notes,
    )


def splits(builder, pairs, name, memory_limit, folder=None):
    """Return a set's splits, by name, with notes and an identity.

    Args:
        builder: a prepared `tfds.core.DatasetBuilder`.
        pairs: `Pairs`.
        name: str, what the user calls the set.
        memory_limit: int, bytes up to which all splits together are read into memory.
        folder: str, where the files lie, if not where the builder has them. Defaults to None.

    Returns:
        A dict with "train" and, where tfds has them or the set is streamed, "test" and
        "validation"; a tuple of notes; and bytes that stand for what is not in memory.

    Raises:
        RecipeError: the set has no training split.
    """
    # Empty under `tfds.testing.mock_data`, which takes any name.
    known = builder.info.splits
    wanted = [s for s in ("train", "validation", "test") if s in known or not known]
    if "train" not in wanted:
        raise RecipeError(
            f"Data set {name!r} must have a split 'train'. Received: {', '.join(known)}. "
            "Choose another set."
        )
    if not known:
        wanted.remove("validation")
    size = math.prod(pairs.input_shape) * np.dtype(pairs.input_dtype).itemsize
    if size * sum(known[s].num_examples for s in wanted if known) <= memory_limit:
        return {s: _in_memory(builder, pairs, s, folder) for s in wanted}, (), b""
    return _streamed(builder, pairs, wanted, folder)


def _in_memory(builder, pairs, split, folder):
    parts = records.files(builder, split, folder) if records.has_records(builder) else None
    if parts:
        return records.read(parts, records.parser(builder, pairs), pairs)
    whole = _dataset(builder, pairs, split).batch(_NUM_AT_ONCE) if parts is None else ()
    batches = list(tfds.as_numpy(whole))
    if not batches:
        return IndexedSplit(
            inputs=np.zeros((0, *pairs.input_shape), pairs.input_dtype), targets=np.zeros(0, int)
        )
    inputs, targets = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return IndexedSplit(inputs=inputs, targets=targets)


def _streamed(builder, pairs, wanted, folder):
    known = builder.info.splits
    ends = {"train": known["train"].num_examples}
    notes = []
    for split, fraction in (
        ("test", carve.TEST_FRACTION),
        ("validation", carve.VALIDATION_FRACTION),
    ):
        if split not in wanted:
            num_examples = max(1, round(fraction * ends["train"]))
            ends[split] = ends["train"]
            ends["train"] -= num_examples
            notes.append(f"{split}: the last {num_examples} examples of what was train")
    starts = {"train": 0, "validation": ends["train"]}
    starts["test"] = ends.get("validation", ends["train"])
    found = {}
    for split in ("train", "validation", "test"):
        whole = split in wanted and split != "train"
        rule = split if whole else f"train[{starts[split]}:{ends[split]}]"
        num_examples = known[split].num_examples if whole else ends[split] - starts[split]
        found[split] = _stream(builder, pairs, rule, num_examples, folder)
    files = [(s, known[s].num_examples, known[s].num_bytes, known[s].shard_lengths) for s in wanted]
    return found, tuple(notes), repr((builder.info.full_name, files)).encode()


def _stream(builder, pairs, rule, num_examples, folder):
    if records.has_records(builder):
        return ShardedSplit.of(records.files(builder, rule, folder), records.parser(builder, pairs))
    dataset = _dataset(builder, pairs, rule).apply(
        # tfds does not know it for a slice, and `fit` counts steps wrongly without.
        tf.data.experimental.assert_cardinality(num_examples)
    )
    return StreamedSplit(dataset=dataset, num_examples=num_examples)


def _dataset(builder, pairs, split):
    config = tfds.ReadConfig(
        # One file after the other: the order of the examples is that of the files.
        interleave_cycle_length=1,
        try_autocache=False,
        skip_prefetch=True,
    )
    dataset = builder.as_dataset(split=split, as_supervised=pairs.supervised, read_config=config)
    return dataset.map(pairs.convert, num_parallel_calls=tf.data.AUTOTUNE)


def _inputs(feature, name, size):
    """Return shape, dtype, names of features, conversion and notes of an input feature."""
    notes = ()
    if isinstance(feature, tfds.features.Image) and feature.shape[-1] is not None:
        height, width, channels = feature.shape
        if size is None and None in (height, width):
            size = images.DEFAULT_SIZE
        if size is None or size == (height, width):
            dtype = "uint8" if feature.np_dtype == np.uint8 else "float32"
            return feature.shape, dtype, None, lambda x: tf.cast(x, dtype), notes
        notes = (images.resized_note(size),)
        return (*size, channels), "uint8", None, lambda x: images.fit(x, size), notes
    if size is not None:
        raise RecipeError(
            f"Data set {name!r} can only be resized if it holds images. Leave '#' and the size out."
        )
    fields = feature if isinstance(feature, dict | tfds.features.FeaturesDict) else None
    keys = () if fields is None else tuple(sorted(fields.keys()))
    if keys and all(_is_number(fields[key]) for key in keys):
        return (len(keys),), "float32", keys, lambda x: _stack(x, keys), notes
    shape = feature.shape if isinstance(feature, tfds.features.Tensor) else ()
    if len(shape) in (1, 3) and None not in shape and np.issubdtype(feature.np_dtype, np.number):
        kept = "uint8" if feature.np_dtype == np.uint8 and len(shape) == 3 else "float32"
        return shape, kept, None, lambda x: tf.cast(x, kept), notes
    raise RecipeError(
        f"Inputs of data set {name!r} must be images or numbers of a fixed shape. "
        f"Received: {_kind(feature)}. Choose another set."
    )


def _targets(feature, name):
    """Return class names, or None, and the conversion of a target feature."""
    if isinstance(feature, tfds.features.ClassLabel):
        return tuple(feature.names), lambda y: tf.cast(y, tf.int64)
    if _is_number(feature):
        return None, lambda y: tf.cast(y, tf.float32)
    raise RecipeError(
        f"Targets of data set {name!r} must be classes or single numbers. "
        f"Received: {_kind(feature)}. Choose another set."
    )


def _is_number(feature):
    return (
        isinstance(feature, tfds.features.Tensor)
        and feature.shape == ()
        and np.issubdtype(feature.np_dtype, np.number)
    )


def _stack(fields, keys):
    return tf.stack([tf.cast(fields[key], tf.float32) for key in keys])


def _kind(feature):
    return "several features" if isinstance(feature, dict) else type(feature).__name__
