"""Ranges as JSON values, and back."""

import dataclasses

from ..recipes.ranges import Between, OneOf
from ..recipes.runs.run import is_plain

_KINDS = {"Between": Between, "OneOf": OneOf}


def as_record(ranges):
    """Return ranges as JSON values, None in the place of one that holds what is no plain value."""
    return [
        {"kind": type(each).__name__, **fields}
        if all(map(is_plain, (fields := dataclasses.asdict(each)).values()))
        else None
        for each in ranges
    ]


def from_record(record):
    """Return the ranges that `as_record` wrote.

    >>> range_ = OneOf("build.hidden", ((64,), (64, 64)))
    >>> from_record(as_record([range_])) == (range_,)
    True
    """
    return tuple(
        _KINDS[each["kind"]](**{k: _tuple(v) for k, v in each.items() if k != "kind"})
        for each in record
        if each is not None
    )


def _tuple(value):
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
