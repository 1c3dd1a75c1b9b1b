"""Training on more than one device. The one door to `tf.distribute`."""

from .adaptation import adapt
from .evaluation_steps import passes_of
from .sharing import evaluation_data, training_data
from .strategies import check_examples, is_chief, is_multiworker, shared_evenly, strategy
from .together import (
    agreed,
    check_same,
    check_that_all_are_there,
    chief_first,
    totals,
    wait_for_all,
)

__all__ = [
    "adapt",
    "agreed",
    "check_examples",
    "check_same",
    "check_that_all_are_there",
    "chief_first",
    "evaluation_data",
    "is_chief",
    "is_multiworker",
    "passes_of",
    "shared_evenly",
    "strategy",
    "totals",
    "training_data",
    "wait_for_all",
]
