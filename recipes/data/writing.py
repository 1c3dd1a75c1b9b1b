"""Write a set as TFRecord files in the format of TensorFlow Datasets."""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from .. import atomic
from ..errors import RecipeError, check_whole
from .indexed import IndexedSplit
from .loading import load
from .reach import expect_cloud
from .sharded import ShardedSplit
from .splits import Spec
from .streamed import StreamedSplit

_NUM_AT_ONCE = 256
_SEED = 0
_PARTS = ("train", "validation", "test")


def write(name, path, *, shards=16, keep_order=False, data_dir=None):
    """Write a set as TFRecord files, which any number of workers can share in reading.

    What lies in memory is shuffled once, since the files may be read as a stream later, and a
    stream that is sorted by class is badly mixed. A stream is written in its own order. Nothing
    but a few hundred examples is held beside what `load` holds.

    Args:
        name: str, a set that `load` knows, of pairs of an image or features and a class or number.
        path: str, the folder to be made: not there yet, or empty. In a cloud (`gs://...`) the files
            are made on this machine and copied, what describes them last.
        shards: int >= 1, files of the training split, at most its examples; the other splits have
            as many where they have as many examples. Defaults to 16.
        keep_order: bool, whether the examples stay in their order; then training on what was
            written gives the very numbers of training on the set, where both lie in memory.
            Defaults to False.
        data_dir: folder of the prepared sets. Defaults to that of TensorFlow Datasets.

    Returns:
        The path, as str.

    Raises:
        RecipeError: an argument is wrong, the set is of another kind, or the folder cannot be
            written; nothing is left half written.
    """
    check_whole("data.write", 1, shards=shards)
    path = str(path).rstrip("/")
    in_cloud = "://" in path
    _check_target(path)
    splits = load(name, data_dir=data_dir)
    _check_kind(splits)
    if shards > splits.train.num_examples:
        raise RecipeError(
            f"`shards` of data.write must be at most the number of training examples, "
            f"{splits.train.num_examples}. Received: shards={shards}."
        )
    with contextlib.ExitStack() as stack:
        stack.enter_context(_told_plainly(path))
        if in_cloud:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kerasrecipes-")))
        else:
            atomic.make_folder(Path(path).absolute().parent)
            folder = stack.enter_context(atomic.replacing(path))
            folder.mkdir()
        _write(splits, folder, path, shards, keep_order)
        if in_cloud:
            _copy(folder, path)
    return path


def _check_target(path):
    expect_cloud(path)
    with _told_plainly(path):
        taken = tf.io.gfile.exists(path) and (
            not tf.io.gfile.isdir(path) or tf.io.gfile.listdir(path)
        )
    if taken:
        raise RecipeError(
            f"`path` of data.write must be a folder that is empty or not there. Received: "
            f"{path!r}, where something is. Name another one."
        )


def _check_kind(splits):
    inputs, train = splits.inputs, splits.train
    if (
        type(train) not in (IndexedSplit, StreamedSplit, ShardedSplit)
        or not isinstance(inputs, Spec)
        or len(inputs.shape) not in (1, 3)
        or train.first(1).targets.ndim != 1
    ):
        raise RecipeError(
            f"`name` of data.write must be a set of images or features, each with a class or a "
            f"number. Received: {splits.name!r}, which is of another kind. Train on it as it is."
        )


def _write(splits, folder, path, shards, keep_order):
    info = _info(splits, folder, path)
    input_key, target_key = info.supervised_keys
    found = []
    for part in _PARTS:
        split = getattr(splits, part)
        template = tfds.core.ShardedFileTemplate(
            dataset_name=info.name, data_dir=folder, split=part, filetype_suffix="tfrecord"
        )
        examples = _examples(split, keep_order)
        num_shards = min(shards, split.num_examples)
        bounds = [split.num_examples * shard // num_shards for shard in range(num_shards + 1)]
        lengths = [end - first for first, end in itertools.pairwise(bounds)]
        num_bytes = 0
        for shard, length in enumerate(lengths):
            file = template.sharded_filepath(shard_index=shard, num_shards=num_shards)
            with tf.io.TFRecordWriter(str(file)) as writer:
                for _ in range(length):
                    inputs, target = next(examples)
                    example = {input_key: inputs, target_key: target}
                    record = info.features.serialize_example(example)
                    num_bytes += len(record)
                    writer.write(record)
        found.append(
            tfds.core.SplitInfo(
                name=part, shard_lengths=lengths, num_bytes=num_bytes, filename_template=template
            )
        )
    info.set_splits(tfds.core.splits.SplitDict(found))
    info.write_to_directory(folder)


def _info(splits, folder, path):
    """Return what describes the set, in the words of tfds."""
    last = path.rpartition("/")[2]
    version = last if re.fullmatch(r"\d+\.\d+\.\d+", last) else "1.0.0"
    called = path.rpartition("/")[0].rpartition("/")[2] if last == version else last
    spec = splits.inputs
    if len(spec.shape) == 3 and spec.dtype == "uint8" and spec.shape[-1] in (1, 3, 4):
        inputs = tfds.features.Image(shape=spec.shape)
    else:
        inputs = tfds.features.Tensor(shape=spec.shape, dtype=np.dtype(spec.dtype))
    if splits.class_names is None:
        target_key, target = "target", tfds.features.Scalar(np.float32)
    else:
        target_key, target = "label", tfds.features.ClassLabel(names=list(splits.class_names))
    return tfds.core.DatasetInfo(
        builder=tfds.core.dataset_info.DatasetIdentity(
            # What tfds takes for a name.
            name="set_" * (not called[:1].isalpha()) + re.sub(r"\W", "_", called, flags=re.ASCII),
            version=tfds.core.Version(version),
            data_dir=str(folder),
            module_name="",
        ),
        description=f"{splits.name}, written by kerasrecipes.",
        features=tfds.features.FeaturesDict({spec.name: inputs, target_key: target}),
        supervised_keys=(spec.name, target_key),
        disable_shuffling=True,
        license=splits.licence or None,
        metadata=tfds.core.MetadataDict(
            {
                "source": splits.source,
                "notes": list(splits.notes),
                **({"feature_names": list(splits.feature_names)} if splits.feature_names else {}),
            }
        ),
    )


def _examples(split, keep_order):
    """Yield the pairs of a split one by one."""
    if isinstance(split, IndexedSplit):
        order = np.arange(split.num_examples)
        if not keep_order:
            order = np.random.default_rng(_SEED).permutation(split.num_examples)
        numbers = range(0, split.num_examples, _NUM_AT_ONCE)
        batches = (split.examples(order[start : start + _NUM_AT_ONCE]) for start in numbers)
    else:
        batches = split.ordered(_NUM_AT_ONCE).as_numpy_iterator()
    for inputs, targets in batches:
        yield from zip(inputs, targets, strict=True)


def _copy(folder, path):
    try:
        tf.io.gfile.makedirs(path)
        # By what describes a set it is found: that comes last.
        for file in sorted(folder.iterdir(), key=lambda file: file.name == "dataset_info.json"):
            tf.io.gfile.copy(str(file), f"{path}/{file.name}")
    except BaseException:
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.rmtree(path)
        raise


@contextlib.contextmanager
def _told_plainly(path):
    try:
        yield
    except tf.errors.OpError as error:
        raise RecipeError(
            f"{path!r} could not be written: TensorFlow says {error.message.splitlines()[0]!r}. "
            f"See to that and run the same command again; nothing was left half written."
        ) from error
