"""The examples in the documentation strings hold."""

import doctest
import importlib
import pkgutil

import pytest

import kerasrecipes.callbacks
import kerasrecipes.recipes
import kerasrecipes.tuning


def modules():
    for package in (kerasrecipes.recipes, kerasrecipes.callbacks, kerasrecipes.tuning):
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield found.name


NAMES = sorted(modules())


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_hold(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for name in NAMES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(NAMES) > 50
    assert len(found) > 10
