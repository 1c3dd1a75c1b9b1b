"""Test examples that are among the training examples."""

import hashlib

import keras
import numpy as np

from .clock import Clock
from .finding import Finding, NotApplicable

# Seconds of reading for each side; a stream of terabytes is looked at in its beginning.
SECONDS = 10.0
_IGNORED = -1
_MUCH = 0.01


def overlap(rehearsal):
    """Compare the hashes of all training inputs with those of all test inputs.

    Two examples count as one only where a target counts in both: a graph is in every split, and
    each has its own nodes labelled (a target of -1 is not counted).
    """
    subject = rehearsal.subject
    if subject.test is None:
        raise NotApplicable("no test data were given; give `test=` to compare")
    trained, clock = {}, Clock(SECONDS)
    for number, (key, target) in enumerate(_examples(subject.train())):
        trained.setdefault(key, (number, target))
        if clock.up():
            break
    num_trained = number + 1
    shared, first, clock = 0, None, Clock(SECONDS)
    for number, (key, target) in enumerate(_examples(subject.test())):
        if key in trained and _both_count(trained[key][1], target):
            shared += 1
            first = first or (number, trained[key][0])
        if clock.up():
            break
    num_tested = number + 1
    compared = f"{num_tested:,} test examples with {num_trained:,} training examples"
    if not shared:
        return Finding("test in training", "pass", f"no example is in both; compared {compared}")
    found = (
        f"{shared:,} of the inputs are in both, first test example {first[0]} as training example "
        f"{first[1]}; compared {compared}"
    )
    advice = "Take them out of one side: what is measured on them is memory."
    verdict = "fail" if shared > _MUCH * num_tested else "warn"
    return Finding("test in training", verdict, found, advice)


def _examples(dataset):
    """Yield the hash of each example's inputs, and its targets."""
    for batch in dataset.as_numpy_iterator():
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        parts, targets = keras.tree.flatten(x), keras.tree.flatten(y)
        for row in range(len(parts[0])):
            digest = hashlib.blake2b(digest_size=16)
            for part in parts:
                digest.update(np.ascontiguousarray(part[row]))
            yield digest.digest(), targets[0][row] if len(targets) == 1 else None


def _both_count(one, two):
    if one is None or np.ndim(one) == 0 or not np.issubdtype(np.asarray(one).dtype, np.integer):
        return True
    if np.shape(one) != np.shape(two):
        return True
    return bool(np.any((one != _IGNORED) & (two != _IGNORED)))
