import itertools

import numpy as np
import pytest
import tensorflow as tf

from kerasrecipes.recipes.data.indexed import IndexedSplit
from kerasrecipes.recipes.data.pipeline import training_batches
from kerasrecipes.recipes.data.streamed import StreamedSplit
from kerasrecipes.recipes.errors import RecipeError

NUM = 23


def indexed():
    numbers = np.arange(NUM)
    return IndexedSplit(inputs=numbers[:, None].astype("float32"), targets=numbers)


def streamed():
    split = indexed()
    dataset = tf.data.Dataset.from_tensor_slices((split.inputs, split.targets))
    return StreamedSplit(dataset=dataset, num_examples=NUM)


def files(tmp_path):
    paths = []
    for number in range(NUM):
        path = tmp_path / f"{number}.raw"
        path.write_bytes(bytes([number]))
        paths.append(str(path))
    return IndexedSplit(
        inputs=np.array(paths),
        targets=np.arange(NUM),
        decode=lambda path: tf.io.decode_raw(tf.io.read_file(path), tf.uint8),
    )


@pytest.fixture(autouse=True)
def seeded():
    """Never 0, as in a run: TensorFlow takes a seed of (0, tensor) for a Python bool."""
    tf.random.set_seed(1)


@pytest.fixture(params=["indexed", "streamed", "files"])
def split(request, tmp_path):
    return files(tmp_path) if request.param == "files" else globals()[request.param]()


def take(batches, count):
    return list(itertools.islice(batches.as_numpy_iterator(), count))


def test_an_epoch_visits_each_example_at_most_once_and_inputs_stay_with_targets(split):
    num_steps = split.steps_per_epoch(5)
    assert num_steps == 4
    seen = take(training_batches(split, 5, seed=3), 2 * num_steps)
    for inputs, targets in seen:
        assert inputs.shape == (5, 1)
        np.testing.assert_array_equal(inputs[:, 0].astype(int), targets)
    for epoch in (seen[:num_steps], seen[num_steps:]):
        visited = np.concatenate([targets for _, targets in epoch])
        assert len(set(visited)) == 20
    first, second = ([t.tolist() for _, t in epoch] for epoch in (seen[:4], seen[4:]))
    assert first != second


def test_a_batch_is_a_function_of_seed_and_step_alone(split):
    def double(inputs, targets, seed):
        return tf.cast(inputs, tf.int64) + seed[1] * 1000, targets

    straight = take(training_batches(split, 5, seed=7, augment=(double,)), 11)
    for first_step in (1, 4, 6):
        again = take(
            training_batches(split, 5, seed=7, augment=(double,), first_step=first_step), 4
        )
        for (x, y), (u, v) in zip(again, straight[first_step:], strict=False):
            np.testing.assert_array_equal(x, u)
            np.testing.assert_array_equal(y, v)
    other = take(training_batches(split, 5, seed=8), 1)
    assert other[0][1].tolist() != straight[0][1].tolist()


def test_cardinality_is_known(split):
    assert training_batches(split, 5, seed=0).cardinality() == tf.data.INFINITE_CARDINALITY
    assert split.ordered(5).cardinality() == 5


def test_ordered_batches_hold_every_example_once_in_order(split):
    batches = list(split.ordered(5).as_numpy_iterator())
    assert [len(targets) for _, targets in batches] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate([t for _, t in batches]), np.arange(NUM))


def test_examples_come_in_the_order_asked_for(split):
    inputs, targets = split.examples([7, 2, 19])
    assert targets.tolist() == [7, 2, 19]
    assert inputs[:, 0].tolist() == [7, 2, 19]
    np.testing.assert_array_equal(split.targets, np.arange(NUM))


def test_a_batch_larger_than_the_split_is_refused(split):
    with pytest.raises(
        RecipeError, match=r"at most the number of training examples, 23\. Received"
    ):
        split.steps_per_epoch(24)


def test_shuffling_is_uniform():
    """Each example is first in an epoch about as often as any other (chi-squared, 3 sigma)."""
    split = IndexedSplit(inputs=np.zeros((8, 1)), targets=np.arange(8))
    firsts = [t[0] for _, t in take(training_batches(split, 8, seed=1), 800)]
    counts = np.bincount(firsts, minlength=8)
    chi_squared = ((counts - 100) ** 2 / 100).sum()
    assert chi_squared < 7 + 3 * np.sqrt(14)


def test_a_task_pairs_what_was_augmented(split):
    batches = training_batches(
        split,
        5,
        seed=0,
        augment=(lambda inputs, targets, seed: (inputs * 0, targets),),
        pair=lambda inputs, targets: (targets, inputs),
    )
    ((targets, inputs),) = take(batches, 1)
    assert targets.shape == (5,) and not inputs.any()


def test_the_first_examples_are_a_split(split):
    first = split.first(3)
    assert first.num_examples == 3 and first.targets.tolist() == [0, 1, 2]
    assert split.first(100).num_examples == NUM


def test_several_inputs_are_gathered_by_name():
    numbers = np.arange(NUM)
    split = IndexedSplit(inputs={"a": numbers, "b": -numbers[:, None]}, targets=numbers)
    ((inputs, targets),) = take(training_batches(split, 5, seed=0), 1)
    np.testing.assert_array_equal(inputs["a"], targets)
    np.testing.assert_array_equal(inputs["b"][:, 0], -targets)
    assert split.take([4, 2]).examples([1])[0]["b"].tolist() == [[-2]]
