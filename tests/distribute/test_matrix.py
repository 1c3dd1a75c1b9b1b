"""N replicas give the numbers of one device: one test for each cell of the matrix.

What is compared after training: weights, everything else that is kept (moments, averages,
statistics), losses and metrics of each epoch and of validation, the logs of each call, predictions.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

from kerasrecipes.recipes import distribute

# The names only, without TensorFlow's time, so that each cell is a test of its own.
_SOURCE = ast.parse((Path(__file__).parent / "cells.py").read_text("utf-8"))
NAMES = [
    key.value
    for node in _SOURCE.body
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CELLS"
    for key in node.value.keys
]

# Three workers share a batch of 7 otherwise than two, and draw and sum rows in other places. These
# cells are the ones in which that matters; three train the others in the slow run.
BY_THREE = (
    "one example left over in evaluation",
    "batch normalization",
    "masks, cross-entropy",
    "GAN",
)
BY_WORKERS = [(2, name) for name in NAMES] + [
    pytest.param(3, name, marks=[] if name in BY_THREE else [pytest.mark.slow]) for name in NAMES
]

# The workers train beside the tests of two devices.
pytestmark = pytest.mark.usefixtures("of_workers")

SAME = 1e-5
# In 16 bits a sum in another order is rounded elsewhere: 8 digits of bfloat16, 11 of float16.
ROUNDED = {"mixed_bfloat16": 2e-2, "mixed_float16": 2e-3}


def bound(name):
    return ROUNDED.get(name.partition(",")[0], SAME)


def assert_same(cells, name, ours, expected):
    found = {what: cells.difference(ours[what], expected[what]) for what in expected}
    assert max(found.values()) <= bound(name), found


def test_the_numbers_move(cells, alone):
    """Equal numbers would say nothing if nothing had been trained."""
    first, second = alone("sgd, functional"), alone("adamw")
    assert cells.difference(first["weights"], second["weights"]) > 0.01
    assert np.ptp(first["losses"]) > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_two_devices_of_one_process(cells, alone, name):
    place = distribute.strategy("mirrored")
    assert place.num_replicas_in_sync == 2
    assert_same(cells, name, cells.numbers(place, name), alone(name))


@pytest.mark.timeout(1000)
@pytest.mark.parametrize("num_workers, name", BY_WORKERS)
def test_processes(cells, alone, of_workers, name, num_workers):
    expected = alone(name)
    chief, *others = of_workers(num_workers)
    assert_same(cells, name, {what: chief[f"{name}/{what}"] for what in expected}, expected)
    for other in others:
        for what in expected:
            np.testing.assert_array_equal(other[f"{name}/{what}"], chief[f"{name}/{what}"])
