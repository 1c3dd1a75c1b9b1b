import itertools
import os

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.data import sharded
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.sharded import Records, ShardedSplit, lane_bounds, lanes_of

EVEN, UNEVEN = (10, 10, 10, 10), (7, 1, 13, 9, 11)


@pytest.fixture(autouse=True)
def seeded():
    """Never 0, as in a run: TensorFlow takes a seed of (0, tensor) for a Python bool."""
    tf.random.set_seed(1)


def parse(records):
    numbers = tf.strings.to_number(records, tf.int64)
    return tf.cast(numbers, tf.float32)[:, None], numbers


@pytest.fixture
def split_of(tmp_path):
    """Make a split of files of given lengths, whose records are numbered from 0 on."""

    def make(lengths, parse=parse):
        files, number = [], 0
        for place, length in enumerate(lengths):
            path = str(tmp_path / f"{place}.tfrecord")
            with tf.io.TFRecordWriter(path) as writer:
                for record in range(number, number + length):
                    writer.write(str(record).encode())
            files.append(Records(path, 0, length))
            number += length
        return ShardedSplit.of(files, parse)

    return make


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that were opened, in a test double of what opens them."""
    names = []

    def note(path):
        names.append(os.path.basename(path.decode()))
        return path

    def read(path):
        noted = tf.data.Dataset.from_tensors(path).map(
            lambda path: tf.ensure_shape(tf.numpy_function(note, [path], tf.string), ())
        )
        return noted.flat_map(tf.data.TFRecordDataset)

    monkeypatch.setattr(sharded, "open_records", read)
    return names


def joined(lists):
    return list(itertools.chain(*lists))


def take(batches, count):
    seen = list(batches.take(count).as_numpy_iterator())
    for inputs, targets in seen:
        np.testing.assert_array_equal(inputs[:, 0], targets)  # inputs stay with targets
    return [targets.tolist() for _, targets in seen]


@pytest.mark.parametrize("lengths", [EVEN, UNEVEN, (41,), (1,) * 41])
def test_an_example_is_seen_at_most_once_in_an_epoch(split_of, lengths):
    split = split_of(lengths)
    num_steps = split.steps_per_epoch(8)
    assert num_steps == sum(lengths) // 8
    batches = take(training_batches(split, 8, seed=3), 6 * num_steps)
    epochs = [joined(batches[i : i + num_steps]) for i in range(0, len(batches), num_steps)]
    assert all(len(set(epoch)) == 8 * num_steps for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 6
    # What is left out is another handful each epoch.
    assert set().union(*epochs) == set(range(sum(lengths)))


@pytest.mark.parametrize(
    ("lengths", "augment"),
    [(EVEN, ()), (UNEVEN, ()), (UNEVEN, (lambda x, y, seed: (x + 1, y + tf.roll(y, 1, 0)),))],
)
def test_rows_of_workers_put_together_are_the_batch_of_one_process(split_of, lengths, augment):
    split = split_of(lengths)

    def targets(rows):
        batches = training_batches(split, 8, seed=3, augment=augment, rows=rows)
        return [t.tolist() for _, t in batches.take(12).as_numpy_iterator()]

    whole = targets(None)
    for num_workers in (2, 4):
        share = 8 // num_workers
        each = [targets(slice(w * share, (w + 1) * share)) for w in range(num_workers)]
        assert [joined(parts) for parts in zip(*each, strict=True)] == whole


def test_a_batch_is_a_function_of_seed_and_step(split_of):
    split = split_of(UNEVEN)
    straight = take(training_batches(split, 4, seed=7), 25)
    for first_step in (9, 23):
        again = take(training_batches(split, 4, seed=7, first_step=first_step), 2)
        assert again == straight[first_step : first_step + 2]
    assert take(training_batches(split, 4, seed=8), 1) != straight[:1]


def test_every_nth_step_is_what_it_is_among_all(split_of):
    split = split_of(EVEN)
    straight = take(training_batches(split, 4, seed=7), 25)
    for number in range(3):
        part = training_batches(split, 4, seed=7, first_step=2, part=(number, 3))
        assert take(part, 5) == straight[2 + number : 17 + number : 3]


def test_a_worker_opens_the_files_of_its_lanes_alone(split_of, opened):
    split = split_of(EVEN)
    assert lanes_of(8, len(EVEN)) == 4
    num_steps = split.steps_per_epoch(8)

    def files_of(rows):
        opened.clear()
        batches = list(split.keys(8, 3, tf.constant(0, tf.int64), rows).as_numpy_iterator())
        assert len(batches) == num_steps
        return sorted(opened)

    each = [files_of(slice(2 * lane, 2 * lane + 2)) for lane in range(4)]
    assert [len(files) for files in each] == [1, 1, 1, 1]
    assert sorted(joined(each)) == [f"{n}.tfrecord" for n in range(4)]
    assert files_of(slice(0, 4)) == sorted(each[0] + each[1])
    assert files_of(slice(3, 5)) == sorted(each[1] + each[2])  # across a border of lanes
    assert files_of(None) == sorted(joined(each))


def test_a_worker_needs_no_file_of_another(split_of):
    """The same without a double: the files of others are not there."""
    split = split_of(EVEN)
    epoch = tf.constant(0, tf.int64)
    mine = [b"".join(r) for r in split.keys(8, 3, epoch, slice(0, 2)).as_numpy_iterator()]
    needed = {int(record) // 10 for record in split.keys(8, 3, epoch, slice(0, 2)).unbatch()}
    assert len(needed) == 1
    for number in set(range(4)) - needed:
        os.remove(split.files[number].path)
    again = [b"".join(r) for r in split.keys(8, 3, epoch, slice(0, 2)).as_numpy_iterator()]
    assert again == mine
    with pytest.raises(tf.errors.NotFoundError):
        list(split.keys(8, 3, epoch))


def test_what_a_resumed_run_passes_over_is_not_parsed(split_of):
    parsed = []

    def count(records):
        parsed.append(len(records))
        return records

    def counting(records):
        counted = tf.numpy_function(count, [records], tf.string)
        return parse(tf.ensure_shape(counted, records.shape))

    split = split_of((500, 500), counting)
    straight = take(training_batches(split, 10, seed=0), 99)
    assert len(parsed) >= 99
    parsed.clear()
    assert take(training_batches(split, 10, seed=0, first_step=98), 1) == straight[98:]
    assert len(parsed) < 70  # the batch, and those that are read ahead


@pytest.mark.parametrize("lengths", [EVEN, UNEVEN])
def test_all_else_is_in_order(split_of, lengths):
    split = split_of(lengths)
    number = sum(lengths)
    assert split.num_examples == number == int(split.dataset.cardinality())
    assert [len(t) for t in take(split.ordered(16), 9)] == [16, 16, number - 32]
    assert joined(take(split.ordered(16), 9)) == list(range(number)) == split.targets.tolist()
    assert split.ordered(16).cardinality() == 3
    assert split.examples([7, 2, 19])[1].tolist() == [7, 2, 19]
    first = split.first(18)
    assert first.num_examples == 18 and first.targets.tolist() == list(range(18))
    assert sum(file.count for file in first.files) == 18
    assert split.first(1000).num_examples == number
    bounds = [(0, 3), (6, 9), (12, 14), (20, 21)]
    assert take(split.parts(bounds), 9) == [list(range(*pair)) for pair in bounds]


def test_a_part_of_a_file_is_a_split(split_of):
    path = split_of((20,)).files[0].path
    split = ShardedSplit.of([Records(path, 5, 4), Records(path, 12, 6)], parse)
    expected = [5, 6, 7, 8, 12, 13, 14, 15, 16, 17]
    assert split.targets.tolist() == expected
    assert sorted(joined(take(training_batches(split, 2, seed=0), 5))) == expected


def test_lanes_have_what_they_need_and_cut_few_files():
    generator = np.random.default_rng(0)
    for _ in range(200):
        counts = generator.integers(1, 40, size=generator.integers(1, 30))
        batch_size = int(generator.integers(1, counts.sum() + 1))
        num_lanes = lanes_of(batch_size, len(counts))
        assert batch_size % num_lanes == 0 and num_lanes <= len(counts)
        least = counts.sum() // batch_size * (batch_size // num_lanes)
        cuts = lane_bounds(tf.constant(counts, tf.int64), num_lanes, int(least)).numpy()
        assert cuts[0] == 0 and cuts[-1] == counts.sum()
        assert (np.diff(cuts) >= least).all()
    # Files as tfds and `data write` make them, which differ by one: no file is cut in two.
    counts = np.array([86, 85, 86, 86] * 4)
    cuts = lane_bounds(tf.constant(counts, tf.int64), 16, 1372 // 32 * 2).numpy()
    assert set(cuts) == {0, *np.cumsum(counts)}


def test_classes_in_files_of_their_own_are_mixed(split_of):
    """Four files, a class each: a batch of all lanes has two of each."""
    split = split_of(EVEN)
    for targets in take(training_batches(split, 8, seed=0), 5):
        assert sorted(np.array(targets) // 10) == [0, 0, 1, 1, 2, 2, 3, 3]
