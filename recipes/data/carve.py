"""Carve a validation or test split out of the training examples, seeded and stratified."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..errors import RecipeError
from .source import Source

TEST_FRACTION = 0.15
VALIDATION_FRACTION = 0.10
SEED = 0


def carve(targets, fraction, *, stratify, seed=SEED):
    """Choose which examples leave the training split.

    Classes keep their shares. The only example of a class stays where it is, so that no class
    is tested that was never trained.

    Args:
        targets: array `(num_examples,)` of labels or float values.
        fraction: float in (0, 1), the share that leaves; at least one example does.
        stratify: bool, whether the targets are labels whose shares are kept.
        seed: int. Defaults to `SEED`.

    Returns:
        Two sorted int arrays of indices: those that stay and those that leave.

    Raises:
        RecipeError: there are too few examples for both sides to have one.

    >>> stay, leave = carve(np.array([0, 1] * 10), 0.2, stratify=True)
    >>> len(stay), len(leave)
    (16, 4)
    """
    num_examples = len(targets)
    if num_examples < 2:
        raise RecipeError(
            "A split can only be carved from at least 2 examples. "
            f"Received: {num_examples}. Add examples."
        )
    num_leaving = min(max(1, round(fraction * num_examples)), num_examples - 1)
    if not stratify:
        leave = np.random.default_rng(seed).permutation(num_examples)[:num_leaving]
    else:
        leave = _stratified(np.asarray(targets), num_leaving, seed)
    leaves = np.zeros(num_examples, bool)
    leaves[leave] = True
    return np.flatnonzero(~leaves), np.flatnonzero(leaves)


def fill(source: Source) -> Source:
    """Return a source in memory with the test and validation splits that it lacked.

    Args:
        source: `Source` whose splits are `IndexedSplit`.

    Returns:
        A `Source` with three splits, and a note for each that was carved.
    """
    # Masks and texts have no one class to keep the share of.
    stratify = source.class_names is not None and source.train.targets.ndim == 1
    how = "stratified, " if stratify else ""
    for name, fraction in (("test", TEST_FRACTION), ("validation", VALIDATION_FRACTION)):
        if getattr(source, name) is not None:
            continue
        stay, leave = carve(source.train.targets, fraction, stratify=stratify)
        note = f"{name}: {len(leave)} examples carved from train, {how}seed {SEED}"
        source = dataclasses.replace(
            source,
            **{name: source.train.take(leave)},
            train=source.train.take(stay),
            notes=(*source.notes, note),
        )
    return source


def _stratified(labels, num_leaving, seed):
    from sklearn.model_selection import StratifiedShuffleSplit

    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero(counts[inverse] > 1)
    num_classes = np.count_nonzero(counts > 1)
    num_leaving = min(num_leaving, len(candidates) - num_classes)
    if num_leaving < num_classes or num_classes < 2:
        return _from_the_largest(inverse, counts, num_leaving, seed)
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=num_leaving, random_state=seed)
    _, leave = next(splitter.split(candidates, inverse[candidates]))
    return candidates[leave]


def _from_the_largest(inverse, counts, num_leaving, seed):
    """Take one after the other from whichever class has most left: too few for every class."""
    order = np.random.default_rng(seed).permutation(len(inverse))
    members = [list(order[inverse[order] == label]) for label in range(len(counts))]
    leave = []
    for _ in range(num_leaving):
        largest = max(members, key=len)
        if len(largest) < 2:
            break
        leave.append(largest.pop())
    if not leave:
        raise RecipeError(
            "A split can only be carved where some class has at least 2 examples. "
            f"Received: {len(inverse)} examples of {len(counts)} classes. Add examples."
        )
    return np.array(leave)
