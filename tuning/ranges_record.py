"""Ranges as JSON values, and back."""

import dataclasses

from ..recipes.ranges import Between, OneOf

_KINDS = {"Between": Between, "OneOf": OneOf}


def as_record(ranges):
    """Return ranges as JSON values; what is no plain value in them is lost."""
    return [
        {"kind": type(each).__name__, **dataclasses.asdict(each)}
        if all(isinstance(v, (bool, int, float, str, type(None))) for v in _values(each))
        else None
        for each in ranges
    ]


def from_record(record):
    """Return the ranges that `as_record` wrote."""
    return tuple(
        _KINDS[each["kind"]](**{k: _tuple(v) for k, v in each.items() if k != "kind"})
        for each in record
        if each is not None
    )


def _values(each):
    return each.values if isinstance(each, OneOf) else ()


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value
