import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes import distribute
from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.distribute.sharing import shares_in_order

NUM = 31


def indexed():
    numbers = np.arange(NUM)
    return IndexedSplit(inputs=numbers.astype("float32")[:, None], targets=numbers)


def streamed():
    split = indexed()
    dataset = tf.data.Dataset.from_tensor_slices((split.inputs, split.targets))
    return StreamedSplit(dataset=dataset, num_examples=NUM)


def targets(batches, num):
    return [batch[1].numpy().tolist() for batch in batches.take(num)]


@pytest.mark.parametrize("num_examples", [4, 5, 8, 11, 12, 13, 23, 24, 25, 100])
@pytest.mark.parametrize("num_replicas", [2, 3, 4])
def test_every_example_is_someones_once_and_in_order(num_examples, num_replicas):
    for batch_size in (num_replicas, 3 * num_replicas):
        shares = shares_in_order(num_examples, batch_size, num_replicas)
        assert all(len(step) == num_replicas for step in shares)
        bounds = [pair for step in shares for pair in step]
        assert [n for first, end in bounds for n in range(first, end)] == list(range(num_examples))
        sizes = [end - first for first, end in bounds]
        assert min(sizes) >= 1  # no mean of nothing
        for step in shares:
            each = [end - first for first, end in step]
            assert max(each) - min(each) <= 1


def test_whole_batches_stay_as_they_are():
    assert shares_in_order(8, 4, 2) == [[(0, 2), (2, 4)], [(4, 6), (6, 8)]]


@pytest.mark.parametrize("make", [indexed, streamed])
@pytest.mark.parametrize("augment", [(), (lambda x, y, seed: (x, y + tf.roll(y, 1, 0)),)])
def test_the_rows_of_a_worker_are_those_of_the_batch_that_one_takes(make, augment):
    split = make()
    whole = targets(training_batches(split, 6, seed=3, augment=augment), 7)
    for rows in (slice(0, 2), slice(2, 6)):
        mine = training_batches(split, 6, seed=3, augment=augment, rows=rows)
        assert targets(mine, 7) == [batch[rows] for batch in whole]


def test_a_run_goes_on_with_its_rows():
    split, rows = indexed(), slice(3, 6)
    late = training_batches(split, 6, seed=3, first_step=4, rows=rows)
    assert targets(late, 3) == targets(training_batches(split, 6, seed=3, rows=rows), 7)[4:]


@pytest.mark.parametrize("make", [indexed, streamed])
def test_parts_are_those_asked_for(make):
    bounds = [(0, 3), (6, 9), (12, 14), (20, 21)]
    parts = make().parts(bounds)
    assert targets(parts, 9) == [list(range(*pair)) for pair in bounds]


@pytest.mark.parametrize("make", [indexed, streamed])
def test_two_replicas_share_what_one_takes(make):
    place, split = distribute.strategy("mirrored"), make()
    expected = targets(training_batches(split, 6, seed=3), 4)
    shared = distribute.training_data(
        place, 6, lambda rows: training_batches(split, 6, seed=3, rows=rows)
    )
    for batch, (_, values) in zip(expected, shared, strict=False):
        halves = place.experimental_local_results(values)
        assert [half.numpy().tolist() for half in halves] == [batch[:3], batch[3:]]


@pytest.mark.parametrize("make", [indexed, streamed])
def test_two_replicas_evaluate_in_order(make):
    place = distribute.strategy("mirrored")
    held_out, num_steps = distribute.evaluation_data(place, make(), 10, lambda *batch: batch)
    assert num_steps == 4
    passed = iter(held_out)
    for _ in range(2):  # endless: the second pass is as the first
        seen = []
        for _ in range(num_steps):
            _, values = next(passed)
            for part in place.experimental_local_results(values):
                seen += part.numpy().tolist()
        assert seen == list(range(NUM))


def test_one_device_takes_plain_data():
    place = distribute.strategy("none")
    held_out, num_steps = distribute.evaluation_data(place, indexed(), 10, lambda *batch: batch)
    assert isinstance(held_out, tf.data.Dataset) and num_steps == len(held_out) == 4
